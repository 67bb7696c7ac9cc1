//! A provider is data: how its token request and its response differ from RFC 6749 sections 6 and 5.
//! Both shapes are read from the JSON that `RequestShape` and `ResponseShape` are in TypeScript, so that a
//! server nobody heard of is a value in an options object and no code.

use super::json::{decimal_thousandths, Json};
use super::time::Duration;

/// How a token request is put on the wire.
#[derive(Clone, Debug, Default)]
pub struct RequestShape {
    /// The HTTP method; `POST` if empty.
    pub method: String,
    /// How parameters in the body are written.
    pub body: BodyFormat,
    /// Registered name to the server's own; `None` leaves the parameter out.
    pub names: Vec<(String, Option<String>)>,
    /// Registered name to where the parameter goes.
    pub place: Vec<(String, Place)>,
    /// `grant_type`; `refresh_token` if empty.
    pub grant_type: String,
    /// What Basic credentials are made of: registered names, or nothing.
    pub basic: Option<(String, String)>,
    /// What stands between two scopes; a space if empty.
    pub scope_separator: String,
    /// Checks of what the user fills in.
    pub check: Vec<(String, Check)>,
}

/// How parameters in the body are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
    #[default]
    Form,
    /// One JSON object.
    Json,
    /// No body: they go to the query.
    Query,
    /// No body at all.
    None,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The body.
    Body,
    /// The endpoint's query.
    Query,
    /// A header field.
    Header,
    /// A `{name}` in the endpoint.
    Path,
}

/// What a value the user fills in must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// A whole number from -2147483648 to 2147483647.
    Int32,
    /// 8-4-4-4-12 hexadecimal digits.
    Uuid,
    /// An absolute http or https address.
    Url,
}

/// How a token response is read.
#[derive(Clone, Debug, Default)]
pub struct ResponseShape {
    /// JSON, a form, or whichever of the two it is.
    pub format: ReplyFormat,
    /// Path to the object that holds the members.
    pub root: String,
    /// Registered name to the path of the server's own.
    pub names: Vec<(String, String)>,
    /// How the server says when the access token ends.
    pub expiry: Option<Expiry>,
    /// The token type, where the server leaves it out.
    pub token_type: String,
    /// What makes a reply an error although its status says otherwise.
    pub error_when: Vec<ErrorSign>,
    /// Path to the error code; `error` if empty.
    pub error: String,
    /// Path to the error's text; `error_description` if empty.
    pub error_description: String,
    /// The server's own codes, and what they mean.
    pub errors: Vec<(String, String)>,
    /// Which statuses are a success; 200 to 299 if empty.
    pub success_status: Vec<u16>,
}

/// The format of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyFormat {
    /// JSON if it is JSON, else a form, whatever its content type claims.
    #[default]
    Auto,
    /// JSON and nothing else.
    Json,
    /// A form and nothing else.
    Form,
}

/// How the server says when the access token ends.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// Unit and origin of the number.
    pub unit: ExpiryUnit,
    /// Path of the member; `expires_in` if empty.
    pub name: String,
    /// The lifetime, where the server leaves it out.
    pub default: Option<Duration>,
}

/// Unit and origin of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryUnit {
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds since the epoch.
    UnixSeconds,
    /// Milliseconds since the epoch.
    UnixMilliseconds,
    /// An ISO 8601 date and time.
    Iso8601,
}

/// A sign in the reply that it is an error.
#[derive(Clone, Debug)]
pub struct ErrorSign {
    /// Where to look.
    pub path: String,
    /// The JSON text that makes it an error.
    pub is: Option<String>,
    /// The JSON text whose absence makes it an error.
    pub is_not: Option<String>,
}

impl RequestShape {
    /// From the JSON of a `RequestShape`; members that are not there have their default.
    pub fn from_json(shape: Json<'_>) -> Self {
        Self {
            method: text(shape, "method"),
            body: match text(shape, "body").as_str() {
                "json" => BodyFormat::Json,
                "query" => BodyFormat::Query,
                "none" => BodyFormat::None,
                _ => BodyFormat::Form,
            },
            names: pairs(shape, "names", |value| Some(value.string().map(|name| name.into_owned()))),
            place: pairs(shape, "place", |value| {
                Some(match value.string()?.as_ref() {
                    "query" => Place::Query,
                    "header" => Place::Header,
                    "path" => Place::Path,
                    _ => Place::Body,
                })
            }),
            grant_type: text(shape, "grant_type"),
            basic: shape.member("basic").map(|basic| (text(basic, "username"), text(basic, "password"))),
            scope_separator: text(shape, "scopeSeparator"),
            check: pairs(shape, "check", |value| {
                Some(match value.string()?.as_ref() {
                    "int32" => Check::Int32,
                    "uuid" => Check::Uuid,
                    _ => Check::Url,
                })
            }),
        }
    }

    /// The server's name for a parameter, or `None` if it is left out.
    pub fn name_of<'a>(&'a self, registered: &'a str) -> Option<&'a str> {
        match self.names.iter().find(|(name, _)| name == registered) {
            Some((_, own)) => own.as_deref(),
            None => Some(registered),
        }
    }

    /// Where a parameter goes.
    pub fn place_of(&self, registered: &str) -> Place {
        let default = if self.body == BodyFormat::Query { Place::Query } else { Place::Body };
        self.place.iter().find(|(name, _)| name == registered).map_or(default, |(_, place)| *place)
    }
}

impl ResponseShape {
    /// From the JSON of a `ResponseShape`; members that are not there have their default.
    pub fn from_json(shape: Json<'_>) -> Self {
        Self {
            format: match text(shape, "format").as_str() {
                "json" => ReplyFormat::Json,
                "form" => ReplyFormat::Form,
                _ => ReplyFormat::Auto,
            },
            root: text(shape, "root"),
            names: pairs(shape, "names", |value| Some(value.string()?.into_owned())),
            expiry: shape.member("expiry").map(read_expiry),
            token_type: text(shape, "token_type"),
            error_when: shape
                .member("errorWhen")
                .map(|signs| signs.items().map(read_sign).collect())
                .unwrap_or_default(),
            error: text(shape, "error"),
            error_description: text(shape, "error_description"),
            errors: pairs(shape, "errors", |value| Some(value.string()?.into_owned())),
            success_status: shape
                .member("successStatus")
                .map(|statuses| statuses.items().filter_map(|status| status.raw().parse().ok()).collect())
                .unwrap_or_default(),
        }
    }
}

impl Check {
    /// Whether the value looks as it must.
    pub fn passes(self, value: &str) -> bool {
        match self {
            Self::Int32 => value.parse::<i32>().is_ok() && !value.starts_with('+'),
            Self::Uuid => {
                let mut lengths = value.split('-').map(str::len);
                [8, 4, 4, 4, 12].iter().all(|length| lengths.next() == Some(*length))
                    && lengths.next().is_none()
                    && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
            }
            Self::Url => ["https://", "http://"]
                .iter()
                .any(|scheme| value.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())),
        }
    }

    /// What to write instead.
    pub fn wanted(self) -> &'static str {
        match self {
            Self::Int32 => "a whole number from -2147483648 to 2147483647",
            Self::Uuid => "a UUID such as 6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b21",
            Self::Url => "an absolute address that starts with https://",
        }
    }
}

/// The text of a string member, or nothing.
pub fn text(value: Json<'_>, name: &str) -> String {
    value.member(name).and_then(Json::string).map(|text| text.into_owned()).unwrap_or_default()
}

/// The duration that a member says in seconds.
pub fn seconds(value: Json<'_>, name: &str) -> Option<Duration> {
    let millis = decimal_thousandths(value.member(name)?.raw())?;
    u64::try_from(millis).ok().map(Duration::from_millis)
}

fn pairs<T>(shape: Json<'_>, name: &str, read: impl Fn(Json<'_>) -> Option<T>) -> Vec<(String, T)> {
    let Some(object) = shape.member(name) else {
        return Vec::new();
    };
    object.members().filter_map(|(key, value)| Some((key.into_owned(), read(value)?))).collect()
}

fn read_expiry(expiry: Json<'_>) -> Expiry {
    Expiry {
        unit: match text(expiry, "in").as_str() {
            "milliseconds" => ExpiryUnit::Milliseconds,
            "unix_seconds" => ExpiryUnit::UnixSeconds,
            "unix_milliseconds" => ExpiryUnit::UnixMilliseconds,
            "iso8601" => ExpiryUnit::Iso8601,
            _ => ExpiryUnit::Seconds,
        },
        name: text(expiry, "name"),
        default: seconds(expiry, "defaultSeconds"),
    }
}

fn read_sign(sign: Json<'_>) -> ErrorSign {
    let raw = |name| sign.member(name).map(|value| value.raw().to_owned());
    ErrorSign { path: text(sign, "path"), is: raw("is"), is_not: raw("isNot") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vaults_request_is_a_value() {
        let shape = RequestShape::from_json(
            Json::parse(r#"{"body":"json","names":{"refresh_token":"refreshToken","grant_type":"grantType","client_id":null},"place":{"grant_type":"header"},"check":{"partnerId":"int32"}}"#).unwrap(),
        );
        assert_eq!(shape.body, BodyFormat::Json);
        assert_eq!(shape.name_of("refresh_token"), Some("refreshToken"));
        assert_eq!(shape.name_of("client_id"), None);
        assert_eq!(shape.name_of("scope"), Some("scope"));
        assert_eq!(shape.place_of("grant_type"), Place::Header);
        assert_eq!(shape.place_of("refresh_token"), Place::Body);
    }

    #[test]
    fn an_int32_is_checked_at_both_ends() {
        for good in ["0", "-2147483648", "2147483647"] {
            assert!(Check::Int32.passes(good), "{good}");
        }
        for bad in ["2147483648", "-2147483649", "1.5", "+1", "", " 1", "1e3", "abc"] {
            assert!(!Check::Int32.passes(bad), "{bad}");
        }
        assert!(Check::Uuid.passes("6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b21"));
        assert!(!Check::Uuid.passes("6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b2"));
        assert!(Check::Url.passes("https://a"));
        assert!(!Check::Url.passes("ftp://a"));
    }
}

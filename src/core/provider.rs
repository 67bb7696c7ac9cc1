//! A provider as data: how its token request and its response differ from RFC 6749 sections 6 and 5.
//! `RequestShape` and `ResponseShape` are those of TypeScript, read once from the options. So a server without a preset needs an
//! option and no code.

use alloc::string::String;

use super::json::{decimal_thousandths, whole, Json, Value};
use super::time::Duration;

/// The form of a token request (option `request`).
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestShape<'a>(&'a Value);

/// How a token response differs from RFC 6749 section 5 (options `response` and `endsWhen`).
#[derive(Clone, Copy, Debug)]
pub struct ResponseShape<'a> {
    shape: &'a Value,
    ends_when: &'a Value,
}

/// A condition on a member of a reply: it is a value, is not a value, or contains a text.
#[derive(Clone, Copy, Debug)]
pub struct ReplySign<'a>(&'a Value);

/// The format of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
    #[default]
    Form,
    /// One JSON object.
    Json,
    /// One JSON string: the refresh token.
    String,
    /// No body: the parameters are in the query.
    Query,
    /// No body.
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
    /// A `{name}` in the path of the endpoint.
    Path,
}

/// The unit of the server's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryUnit {
    /// Seconds since the request.
    Seconds,
    /// Milliseconds since the request.
    Milliseconds,
    /// Seconds since the epoch.
    UnixSeconds,
    /// Milliseconds since the epoch.
    UnixMilliseconds,
    /// A date (RFC 3339).
    Iso8601,
}

/// What an error means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The same as `invalid_grant`.
    SessionEnded,
    /// The refresh token is unspent, and may be sent again.
    Unavailable,
    /// Configuration; the refresh token is unspent.
    ClientRejected,
    /// Anything else.
    BadResponse,
}

impl<'a> RequestShape<'a> {
    /// The option `request`.
    pub fn new(shape: &'a Value) -> Self {
        Self(shape)
    }

    /// The member of that name.
    pub fn member(self, name: &str) -> &'a Value {
        self.0.member(name)
    }

    /// The format of the body.
    pub fn body(self) -> BodyFormat {
        match self.member("body").text() {
            "json" => BodyFormat::Json,
            "string" => BodyFormat::String,
            "query" => BodyFormat::Query,
            "none" => BodyFormat::None,
            // A GET has no body (RFC 9110 section 9.3.1).
            "" if self.member("method").text() == "GET" => BodyFormat::Query,
            _ => BodyFormat::Form,
        }
    }

    /// The text of a member, or its default.
    pub fn text_or(self, name: &str, default: &'a str) -> &'a str {
        let text = self.member(name).text();
        if text.is_empty() {
            return default;
        }
        text
    }

    /// Whether the value of a parameter is JSON text.
    pub fn is_json(self, registered: &str) -> bool {
        self.member("check").member(registered).text() == "json"
    }

    /// The server's name for a parameter. `None` if the parameter is not sent.
    pub fn name_of(self, registered: &'a str) -> Option<&'a str> {
        match self.member("names").member(registered) {
            own if own.is_absent() => Some(registered),
            own => Some(own.text()).filter(|own| !own.is_empty()),
        }
    }

    /// Where a parameter goes.
    pub fn place_of(self, registered: &str) -> Place {
        match self.member("place").member(registered).text() {
            "query" => Place::Query,
            "header" => Place::Header,
            "path" => Place::Path,
            "" if self.body() == BodyFormat::Query => Place::Query,
            _ => Place::Body,
        }
    }
}

impl<'a> ResponseShape<'a> {
    /// From the options.
    pub fn new(options: &'a Value) -> Self {
        Self { shape: options.member("response"), ends_when: options.member("endsWhen") }
    }

    /// The text of a member, or an empty text.
    pub fn text(self, name: &str) -> &'a str {
        self.shape.member(name).text()
    }

    /// The paths to members, by registered name.
    pub fn names(self) -> &'a [(String, Value)] {
        self.shape.member("names").each()
    }

    /// The registered token type for one of the server's own, if the shape has it.
    pub fn meant_type(self, given: &'a str) -> &'a str {
        match self.shape.member("tokenTypes").member(given).text() {
            "" => given,
            own => own,
        }
    }

    /// Whether a reply of that status is a success.
    pub fn is_success(self, status: u16) -> bool {
        let statuses = self.shape.member("successStatus").each();
        match statuses {
            [] => (200..300).contains(&status),
            _ => statuses.iter().any(|(_, good)| whole(good.word()) == Some(u64::from(status))),
        }
    }

    /// Whether a refresh token in a refresh's reply is ignored.
    pub fn ignores_refresh_token(self) -> bool {
        self.shape.member("names").member("refresh_token").word() == "null"
    }

    /// The signs of an error, whatever the status of the reply.
    pub fn error_signs(self) -> impl Iterator<Item = ReplySign<'a>> {
        self.shape.member("errorWhen").each().iter().map(|(_, sign)| ReplySign(sign))
    }

    /// The signs that a success without tokens extends the current access token.
    pub fn extension_signs(self) -> impl Iterator<Item = ReplySign<'a>> {
        self.shape.member("extendedWhen").each().iter().map(|(_, sign)| ReplySign(sign))
    }

    /// The meaning of an error code in the options.
    pub fn meaning_of(self, code: &str) -> Option<Meaning> {
        let own = self.shape.member("errors").member(code);
        if !own.is_absent() {
            return Meaning::of(own.text());
        }
        let ends = self.ends_when.each().iter().any(|(_, own)| own.text() == code);
        ends.then_some(Meaning::SessionEnded)
    }

    /// The unit of the server's expiry and the path to it, if the shape has them.
    pub fn expiry(self) -> Option<(ExpiryUnit, &'a str)> {
        let expiry = self.shape.member("expiry");
        let unit = match expiry.member("in").text() {
            _ if expiry.is_absent() => return None,
            "milliseconds" => ExpiryUnit::Milliseconds,
            "unix_seconds" => ExpiryUnit::UnixSeconds,
            "unix_milliseconds" => ExpiryUnit::UnixMilliseconds,
            "iso8601" => ExpiryUnit::Iso8601,
            _ => ExpiryUnit::Seconds,
        };
        let path = expiry.member("name");
        Some((unit, if path.is_absent() { "expires_in" } else { path.text() }))
    }

    /// The lifetime of an access token without a readable expiry.
    pub fn default_lifetime(self) -> Option<Duration> {
        seconds(self.shape.member("expiry"), "defaultSeconds")
    }
}

impl<'a> ReplySign<'a> {
    /// The path of the member.
    pub fn path(self) -> &'a str {
        self.0.member("path").text()
    }

    /// Whether the text found at the path fulfils the condition.
    pub fn shows(self, found: &str) -> bool {
        let part = self.0.member("includes").text();
        if !part.is_empty() {
            return found.as_bytes().windows(part.len()).any(|words| words == part.as_bytes());
        }
        let (is, is_not) = (self.0.member("is"), self.0.member("isNot"));
        match (is.is_absent(), is_not.is_absent()) {
            (false, _) => found == is.word(),
            (true, false) => found != is_not.word(),
            (true, true) => found != "null",
        }
    }

    /// The meaning of the sign, if it has one beyond that the reply is an error.
    pub fn means(self) -> Option<Meaning> {
        Meaning::of(self.0.member("means").text())
    }
}

impl Meaning {
    fn of(code: &str) -> Option<Self> {
        Some(match code {
            "" => return None,
            "session_ended" => Self::SessionEnded,
            "unavailable" => Self::Unavailable,
            "client_rejected" => Self::ClientRejected,
            _ => Self::BadResponse,
        })
    }
}

/// What to write instead of a value that fails `check`. `None` if it passes.
pub fn flaw(check: &str, value: &str) -> Option<&'static str> {
    let (passes, wanted) = match check {
        "int32" => (is_int32(value), "a whole number from -2147483648 to 2147483647"),
        "uuid" => (is_uuid(value), "a UUID such as 6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b21"),
        "json" => (Json::parse(value).is_some(), "JSON"),
        _ => (is_url(value), "an absolute address that starts with https://"),
    };
    (!passes).then_some(wanted)
}

/// The duration of a member in seconds.
pub fn seconds(value: &Value, name: &str) -> Option<Duration> {
    decimal_thousandths(value.member(name).word()).map(Duration::from_millis)
}

fn is_int32(value: &str) -> bool {
    match value.strip_prefix('-') {
        Some(digits) => whole(digits).is_some_and(|number| number <= 2_147_483_648),
        None => whole(value).is_some_and(|number| number <= 2_147_483_647),
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

fn is_url(value: &str) -> bool {
    value.strip_prefix("https://").or(value.strip_prefix("http://")).is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vaults_request_is_a_value() {
        let shape = Value::from_json(
            Json::parse(r#"{"body":"json","names":{"refresh_token":"refreshToken","grant_type":"grantType","client_id":null},"place":{"grant_type":"header"},"check":{"partnerId":"int32"}}"#).unwrap(),
        );
        let shape = RequestShape::new(&shape);
        assert_eq!(shape.body(), BodyFormat::Json);
        assert_eq!(shape.name_of("refresh_token"), Some("refreshToken"));
        assert_eq!(shape.name_of("client_id"), None);
        assert_eq!(shape.name_of("scope"), Some("scope"));
        assert_eq!(shape.place_of("grant_type"), Place::Header);
        assert_eq!(shape.place_of("refresh_token"), Place::Body);
    }

    #[test]
    fn a_value_is_checked_before_it_is_sent() {
        for good in ["0", "-2147483648", "2147483647"] {
            assert_eq!(flaw("int32", good), None, "{good}");
        }
        for bad in ["2147483648", "-2147483649", "1.5", "+1", "", "-", "--1", " 1", "1e3", "abc"] {
            assert!(flaw("int32", bad).is_some(), "{bad}");
        }
        assert_eq!(flaw("uuid", "6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b21"), None);
        assert!(flaw("uuid", "6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b2").is_some());
        assert!(flaw("uuid", "6f1b8a5000d2e-4b6c-9a57-3f1d0c5e7b21").is_some());
        assert_eq!(flaw("url", "https://a"), None);
        assert!(flaw("url", "ftp://a").is_some());
        assert!(flaw("url", "https://").is_some());
    }
}

//! A provider is data: how its token request and its response differ from RFC 6749 sections 6 and 5.
//! The shapes stay the JSON that `RequestShape` and `ResponseShape` are in TypeScript and are read where they matter,
//! so that a server nobody heard of is a value in an options object and no code.

use alloc::string::String;

use super::json::{decimal_thousandths, whole, Json};
use super::time::Duration;

/// How a token request is put on the wire.
#[derive(Clone, Copy, Default)]
pub struct RequestShape<'a>(pub Json<'a>);

/// How parameters in the body are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749 appendix B).
    #[default]
    Form,
    /// One JSON object.
    Json,
    /// One JSON string: the refresh token.
    String,
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

impl RequestShape<'_> {
    /// How parameters in the body are written.
    pub fn body(self) -> BodyFormat {
        match self.0.literal("body") {
            "json" => BodyFormat::Json,
            "string" => BodyFormat::String,
            "query" => BodyFormat::Query,
            "none" => BodyFormat::None,
            // A GET has no body (RFC 9110 section 9.3.1).
            "" if self.0.literal("method") == "GET" => BodyFormat::Query,
            _ => BodyFormat::Form,
        }
    }

    /// Whether the value of a parameter is JSON already.
    pub fn is_json(self, registered: &str) -> bool {
        self.0.member("check").is_some_and(|check| check.literal(registered) == "json")
    }

    /// A member that is text, or what stands for it where it is left out.
    pub fn text_or(self, name: &str, default: &str) -> String {
        let text = self.0.text(name);
        if text.is_empty() {
            return String::from(default);
        }
        text
    }

    /// The server's name for a parameter, or `None` if it is left out.
    pub fn name_of(self, registered: &str) -> Option<String> {
        match self.0.member("names").and_then(|names| names.member(registered)) {
            Some(own) => own.string(),
            None => Some(String::from(registered)),
        }
    }

    /// Where a parameter goes.
    pub fn place_of(self, registered: &str) -> Place {
        match self.0.member("place").unwrap_or_default().literal(registered) {
            "query" => Place::Query,
            "header" => Place::Header,
            "path" => Place::Path,
            "" if self.body() == BodyFormat::Query => Place::Query,
            _ => Place::Body,
        }
    }
}

/// What to write instead of a value that does not look as `check` has it; `None` if it does.
pub fn flaw(check: &str, value: &str) -> Option<&'static str> {
    let (passes, wanted) = match check {
        "int32" => (is_int32(value), "a whole number from -2147483648 to 2147483647"),
        "uuid" => (is_uuid(value), "a UUID such as 6f1b8a50-0d2e-4b6c-9a57-3f1d0c5e7b21"),
        "json" => (Json::parse(value).is_some(), "JSON"),
        _ => (is_url(value), "an absolute address that starts with https://"),
    };
    (!passes).then_some(wanted)
}

/// The duration that a member says in seconds.
pub fn seconds(value: Json<'_>, name: &str) -> Option<Duration> {
    decimal_thousandths(value.member(name)?.raw()).map(Duration::from_millis)
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
        let shape = RequestShape(
            Json::parse(r#"{"body":"json","names":{"refresh_token":"refreshToken","grant_type":"grantType","client_id":null},"place":{"grant_type":"header"},"check":{"partnerId":"int32"}}"#).unwrap(),
        );
        assert_eq!(shape.body(), BodyFormat::Json);
        assert_eq!(shape.name_of("refresh_token").as_deref(), Some("refreshToken"));
        assert_eq!(shape.name_of("client_id"), None);
        assert_eq!(shape.name_of("scope").as_deref(), Some("scope"));
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

//! The tokens of a session: the members of a token response (RFC 6749 section 5.1), read once, and written for the storage or callers.

use alloc::string::String;

use super::json::{
    decimal_thousandths, push_comma, push_name, push_seconds, push_string, push_text, Fields, Json, Members,
    MOST_MEMBERS,
};
use super::oauth::calendar::iso8601;
use super::secret::Secret;
use super::time::{Duration, UnixTime};

/// A lifetime beyond ten years is taken for a mistake, and counts as unknown.
const LONGEST_LIFETIME: Duration = Duration::from_secs(315_360_000);

/// Milliseconds up to the year 5138. A larger number of seconds was written in milliseconds, whatever the shape says.
const LATEST: u64 = 100_000_000_000_000;

/// The members of a token response under their registered names (RFC 6749 section 5.1). Clones share the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// RFC 6749 section 1.4. No text here is empty.
    pub access_token: Option<Secret>,
    /// RFC 6749 section 1.5.
    pub refresh_token: Option<Secret>,
    /// As the server wrote it, or in its registered form.
    pub token_type: Option<Secret>,
    /// The server's lifetime. `None` if it is `0`, negative, too large or unreadable.
    pub expires_in: Option<Duration>,
    /// An expiry that was given as a point in time.
    pub expires_at: Option<UnixTime>,
    /// RFC 6749 section 3.3, with spaces between the scopes.
    pub scope: Option<Secret>,
    /// OpenID Connect Core section 2.
    pub id_token: Option<Secret>,
    /// All other members in order, as JSON text without braces around them.
    pub(super) extras: Secret,
}

impl Tokens {
    /// The access token (RFC 6749 section 1.4).
    pub fn access_token(&self) -> Option<&str> {
        self.access_token.as_ref().map(Secret::reveal)
    }

    /// The refresh token (RFC 6749 section 1.5).
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(Secret::reveal)
    }

    /// The token that a sign-out revokes (RFC 7009): the refresh token, or the access token if there is none.
    pub fn revocable(&self) -> Option<Secret> {
        self.refresh_token.as_ref().or(self.access_token.as_ref()).cloned()
    }

    /// The members without a registered name, in order, as JSON.
    pub fn extras(&self) -> Members<'_> {
        Members::listed(self.extras.reveal())
    }

    /// All texts under a registered name, which are or may be secret.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        [
            ("access_token", &self.access_token),
            ("refresh_token", &self.refresh_token),
            ("token_type", &self.token_type),
            ("scope", &self.scope),
            ("id_token", &self.id_token),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)))
    }

    /// Keeps members of the older response that this one omits: the refresh token (RFC 6749 section 6), the scope (section 5.1), the
    /// id_token (OpenID Connect Core section 12.2) and all others, except the lifetime.
    pub fn keep_from(&mut self, older: &Self) {
        for (name, text) in older.texts() {
            if let Some(slot @ None) = self.slot(name) {
                *slot = Some(text.clone());
            }
        }
        if older.extras.is_empty() || self.extras == older.extras {
            return;
        }
        let known = Fields::listed(self.extras()).unwrap_or_default();
        let mut extras = String::from(self.extras.reveal());
        for (name, value) in older.extras().take(MOST_MEMBERS.saturating_sub(known.len())) {
            if known.get(&name).is_none() {
                push_extra(&mut extras, &name, value, "");
            }
        }
        self.extras = Secret::new(extras);
    }

    /// From the text of a JSON object.
    pub fn parse(text: &str) -> Option<Self> {
        Json::parse(text).filter(|json| json.is_object()).map(Self::from_json)
    }

    /// From a JSON object. Members that are null, and names such as `__proto__`, are left out.
    pub fn from_json(object: Json<'_>) -> Self {
        Self::from_fields(&Fields::read(object).unwrap_or_default())
    }

    /// The same, from members that were read already.
    pub fn from_fields(fields: &Fields<'_>) -> Self {
        Self::from_fields_without(fields, "")
    }

    /// The same, without nested members under the server's own name for a refresh token.
    pub fn from_fields_without(fields: &Fields<'_>, refresh_token_name: &str) -> Self {
        let mut tokens = Self::default();
        let mut extras = String::new();
        for (name, value) in fields.iter() {
            if let Some(slot) = tokens.slot(name) {
                let fits = |text: &String| !text.is_empty() && (name != "access_token" || is_sendable(text));
                *slot = value.string().filter(fits).map(Secret::new);
            } else if name == "expires_in" {
                tokens.expires_in = value.word().and_then(|span| lifetime(decimal_thousandths(&span)?));
            } else if name == "expires_at" {
                tokens.expires_at = value.word().and_then(|end| point(&end));
            } else if !value.is_null() && !is_reserved(name) {
                push_extra(&mut extras, name, value, refresh_token_name);
            }
        }
        tokens.extras = Secret::new(extras);
        tokens
    }

    /// As JSON text for the storage, with the refresh token.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        self.push_members(&mut out, true);
        out.push('}');
        out
    }

    /// The field of a registered name.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Secret>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "token_type" => &mut self.token_type,
            "scope" => &mut self.scope,
            "id_token" => &mut self.id_token,
            _ => return None,
        })
    }

    /// The members as they are stored; or for callers, without the refresh token and the lifetime.
    pub(super) fn push_members(&self, out: &mut String, stored: bool) {
        for (name, text) in self.texts() {
            if stored || name != "refresh_token" {
                push_text(out, name, text.reveal());
            }
        }
        if let Some(lifetime) = self.expires_in.filter(|_| stored) {
            push_name(out, "expires_in");
            push_seconds(out, lifetime.as_millis());
        }
        if let Some(end) = self.expires_at.filter(|_| stored) {
            push_time(out, "expires_at", end);
        }
        if !self.extras.is_empty() {
            push_comma(out);
            out.push_str(self.extras.reveal());
        }
    }
}

/// Whether a header can contain it (RFC 6749 appendix A.12). Spaces at the ends would be lost in a header.
fn is_sendable(token: &str) -> bool {
    token.trim_ascii() == token && token.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A lifetime of that many milliseconds. `None` for `0` and for more than ten years.
pub fn lifetime(millis: u64) -> Option<Duration> {
    (1..=LONGEST_LIFETIME.as_millis()).contains(&millis).then_some(Duration::from_millis(millis))
}

/// A point in time from Unix seconds, from milliseconds if the number is too large for seconds, or from a date (`Date` in JSON). `None` for
/// `0`, and beyond the year 5138 in milliseconds (microseconds, for example).
pub fn point(word: &str) -> Option<UnixTime> {
    let millis = match decimal_thousandths(word) {
        Some(number) if number > LATEST => number / 1000,
        Some(number) => number,
        None => iso8601(word)?.as_millis(),
    };
    (1..=LATEST).contains(&millis).then_some(UnixTime::from_millis(millis))
}

/// Names that would change a prototype if the members were copied into a JavaScript object.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "__proto__" | "constructor" | "prototype")
}

/// Appends a member to a list without braces. Refresh tokens of other sessions in the same reply are left out, at any depth.
fn push_extra(out: &mut String, name: &str, value: Json<'_>, left_out: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    push_string(out, name);
    out.push(':');
    let text = value.raw().as_bytes();
    let names = |name: &str| !name.is_empty() && text.windows(name.len()).any(|part| part == name.as_bytes());
    // A name may have escapes.
    if names("refresh_token") || names(left_out) || names("\\u") {
        push_without(out, value, left_out);
    } else {
        out.push_str(value.raw());
    }
}

// The depth is bounded by the parser.
fn push_without(out: &mut String, value: Json<'_>, left_out: &str) {
    let (opens, closes) = match value.raw().as_bytes().first() {
        Some(b'{') => ('{', '}'),
        Some(b'[') => ('[', ']'),
        _ => return out.push_str(value.raw()),
    };
    out.push(opens);
    for (name, value) in value.members() {
        if name != "refresh_token" && (left_out.is_empty() || name != left_out) {
            push_name(out, &name);
            push_without(out, value, left_out);
        }
    }
    for item in value.items() {
        push_comma(out);
        push_without(out, item, left_out);
    }
    out.push(closes);
}

/// Appends a point in time, in seconds.
pub(super) fn push_time(out: &mut String, name: &str, at: UnixTime) {
    push_name(out, name);
    push_seconds(out, at.as_millis());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Tokens {
        Tokens::from_json(Json::parse(text).unwrap())
    }

    #[test]
    fn b6_a_refresh_token_that_is_absent_null_empty_or_no_string_keeps_the_old_one() {
        for reply in [
            r#"{"access_token":"b"}"#,
            r#"{"access_token":"b","refresh_token":null}"#,
            r#"{"access_token":"b","refresh_token":""}"#,
            r#"{"access_token":"b","refresh_token":7}"#,
        ] {
            let mut fresh = tokens(reply);
            fresh.keep_from(&tokens(r#"{"access_token":"a","refresh_token":"rt","scope":"x","expires_in":5}"#));
            assert_eq!(fresh.refresh_token(), Some("rt"), "{reply}");
            assert_eq!(fresh.scope.as_ref().map(Secret::reveal), Some("x"));
            assert_eq!(fresh.access_token(), Some("b"));
            assert_eq!(fresh.expires_in, None);
        }
    }

    #[test]
    fn a_point_in_time_is_in_seconds_however_it_was_written_and_what_can_be_none_is_unknown() {
        for (end, millis) in [
            ("1700000000", Some(1_700_000_000_000)),
            ("1700000000500", Some(1_700_000_000_500)),
            ("\"2023-11-14T22:13:20.000Z\"", Some(1_700_000_000_000)),
            ("100000000000", Some(LATEST)),
            ("1700000000500000", None),
            ("1e300", None),
            ("\"9999-01-01T00:00:00Z\"", None),
            ("-5", None),
            ("\"soon\"", None),
        ] {
            let found = tokens(&format!(r#"{{"access_token":"a","expires_at":{end}}}"#));
            assert_eq!(found.expires_at, millis.map(UnixTime::from_millis), "{end}");
            assert_eq!(tokens(&found.to_json()), found, "{end}, stored");
        }
    }
}

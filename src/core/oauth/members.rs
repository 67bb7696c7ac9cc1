//! Reads the members of a token response under their registered names (RFC 6749 section 5.1), wherever the server puts them and under
//! whatever names.

use alloc::string::String;

use super::encoding::{form_to_json, replaced};
use crate::core::json::{cut, decimal_thousandths, push_text, Fields, Json, TooMany, MOST_VALUES};
use crate::core::provider::{ExpiryUnit, ResponseShape};
use crate::core::secret::Secret;
use crate::core::tokens::{lifetime, point, Tokens};

/// The body as the text of a JSON object, whatever its content type. A form becomes an object of strings.
///
/// # Errors
/// There are too many values in it.
pub fn as_object(body: &str, format: &str) -> Result<Option<Secret>, TooMany> {
    let body = body.trim_ascii();
    let body = body.strip_prefix('\u{feff}').unwrap_or(body).trim_ascii();
    // The object itself counts.
    if format != "form" && Json::parse_within(body, MOST_VALUES + 1)?.is_some_and(Json::is_object) {
        return Ok(Some(Secret::new(body)));
    }
    let opens = body.as_bytes().first();
    if matches!(opens, Some(b'<' | b'{' | b'[')) {
        return Ok(None);
    }
    if format == "string" && cut(body, b' ').is_none() {
        let token = Json::parse(body).map_or_else(|| Some(String::from(body)), Json::string);
        let mut object = String::from("{");
        push_text(&mut object, "access_token", &token.unwrap_or_default());
        object.push('}');
        return Ok(Some(Secret::new(object)));
    }
    if format == "json" || cut(body, b'=').is_none() {
        return Ok(None);
    }
    form_to_json(body).map(|object| Some(Secret::new(object))).ok_or(TooMany)
}

/// The members at the shape's `root`, or of the reply itself if there are no tokens at the root. So a login's reply may be nested
/// differently than that of a refresh, and may use registered names.
pub fn read_tokens(reply: Fields<'_>, shape: ResponseShape<'_>) -> Tokens {
    let root = shape.text("root");
    if let Some(root) = reply.at(root).filter(|_| !root.is_empty()).and_then(Fields::read) {
        let tokens = read_members(root, shape);
        if tokens.access_token.is_some() || tokens.refresh_token.is_some() {
            return tokens;
        }
    }
    read_members(reply, shape)
}

/// The registered form of the token type, in any letter case (section 5.1): `Bearer`, `DPoP`, or the shape's. `None` for an unknown type
/// (section 7.1).
pub fn registered_type(tokens: &Tokens, shape: ResponseShape<'_>) -> Option<Secret> {
    let expected = shape.text("token_type");
    let given =
        tokens.token_type.as_ref().map_or(if expected.is_empty() { "Bearer" } else { expected }, Secret::reveal);
    let given = shape.meant_type(given);
    let known = ["Bearer", "DPoP", expected];
    known.iter().find(|known| given.eq_ignore_ascii_case(known)).copied().map(Secret::new)
}

fn read_members(mut members: Fields<'_>, shape: ResponseShape<'_>) -> Tokens {
    let expiry = shape.expiry().map(|(unit, path)| (unit, members.at(path).and_then(Json::word).unwrap_or_default()));
    let names = shape.names();
    let is_registered = |path: &str| path == "access_token" || names.iter().any(|(registered, _)| registered == path);
    let own_path = names.iter().find(|(registered, _)| registered == "access_token").map(|(_, path)| path.text());
    for (registered, path) in names {
        let path = path.text();
        // A name with the access token's path is the access token itself, also where that has its registered name.
        let own = members.get("access_token").filter(|_| own_path == Some(path));
        if let Some(value) = members.at(path).filter(|value| !value.is_null()).or(own) {
            members.set(registered.clone(), value);
        }
    }
    for (registered, path) in names {
        let path = path.text();
        // A registered name is kept: the access token may renew itself.
        if !is_registered(path) && members.at(path).is_some() {
            let nested = registered == "refresh_token" && members.get(path).is_none();
            members.remove(if nested { cut(path, b'.').unwrap_or_default().0 } else { path });
        }
    }
    let own = names.iter().find(|(registered, _)| registered == "refresh_token").map(|(_, path)| path.text());
    let mut own = own.filter(|path| !is_registered(path)).unwrap_or_default();
    while let Some((_, last)) = cut(own, b'.') {
        own = last;
    }
    let mut tokens = Tokens::from_fields_without(&members, own);
    if let Some(scope) = members.get("scope") {
        tokens.scope = spaced(scope, shape.text("scopeSeparator"));
    }
    if let Some((unit, word)) = expiry {
        read_expiry(&mut tokens, unit, &word, shape);
    }
    tokens
}

/// Scopes as one text with spaces (section 3.3), from a list or from a text with another separator.
fn spaced(scope: Json<'_>, separator: &str) -> Option<Secret> {
    let mut out = scope.string().unwrap_or_default();
    for item in scope.items() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&item.string().unwrap_or_default());
    }
    if !separator.is_empty() {
        out = replaced(&out, separator, " ");
    }
    Some(Secret::new(out)).filter(|scope| !scope.is_empty())
}

fn read_expiry(tokens: &mut Tokens, unit: ExpiryUnit, word: &str, shape: ResponseShape<'_>) {
    let (number, end) = (decimal_thousandths(word), point(word));
    if number.is_some() || end.is_some() {
        (tokens.expires_in, tokens.expires_at) = match unit {
            ExpiryUnit::Seconds => (number.and_then(lifetime), None),
            ExpiryUnit::Milliseconds => (number.and_then(|number| lifetime(number / 1000)), None),
            ExpiryUnit::UnixSeconds | ExpiryUnit::UnixMilliseconds | ExpiryUnit::Iso8601 => (None, end),
        };
    }
    if tokens.expires_in.is_none() && tokens.expires_at.is_none() {
        tokens.expires_in = shape.default_lifetime().and_then(|span| lifetime(span.as_millis()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::Value;
    use crate::core::time::{Duration, UnixTime};

    fn read(reply: &str, shape: &str) -> Tokens {
        read_tokens(Fields::read(Json::parse(reply).unwrap()).unwrap(), ResponseShape::new(&options(shape)))
    }

    fn options(shape: &str) -> Value {
        Value::from_json(Json::parse(&format!(r#"{{"response":{shape}}}"#)).unwrap())
    }

    fn extra(tokens: &Tokens, name: &str) -> Option<String> {
        tokens.extras().find(|(own, _)| own == name).map(|(_, value)| String::from(value.raw()))
    }

    fn text(text: Option<&Secret>) -> Option<&str> {
        text.map(Secret::reveal)
    }

    #[test]
    fn r3_a_root_without_tokens_is_no_root() {
        let shape = r#"{"root":"data.0"}"#;
        for reply in [
            r#"{"data":[{"access_token":"a"}],"access_token":"b"}"#,
            r#"{"data":[],"access_token":"a"}"#,
            r#"{"data":"x","access_token":"a"}"#,
            r#"{"data":[{"id":1}],"access_token":"a"}"#,
        ] {
            assert_eq!(read(reply, shape).access_token(), Some("a"), "{reply}");
        }
        let tokens = read(r#"{"data":[{"refresh_token":"r"}],"access_token":"b"}"#, shape);
        assert_eq!((tokens.access_token(), tokens.refresh_token()), (None, Some("r")));
    }

    #[test]
    fn no_refresh_token_is_left_at_any_depth_nor_under_the_servers_own_name() {
        let shape = r#"{"names":{"refresh_token":"session.renewal"}}"#;
        let reply = r#"{"access_token":"a","session":{"renewal":"r"},"teams":[{"id":1,"auth":{"refresh_token":"x"}},[{"renewal":"y"}],{}],"t":{"u":{"v":{"refresh_token":{"w":"z"},"n":1.50}}}}"#;
        let kept: std::vec::Vec<String> =
            read(reply, shape).extras().map(|(name, value)| format!("{name}:{}", value.raw())).collect();
        assert_eq!(kept, [r#"teams:[{"id":1,"auth":{}},[{}],{}]"#, r#"t:{"u":{"v":{"n":1.50}}}"#]);
        let own =
            read(r#"{"access_token":"a","u":{"access_token":"b"}}"#, r#"{"names":{"refresh_token":"access_token"}}"#);
        assert_eq!(own.extras().count(), 1, "an access token that renews itself hides no other");
    }

    #[test]
    fn r4_no_refresh_token_is_left_where_it_was_found() {
        let shape = r#"{"names":{"refresh_token":"user.renewal","access_token":"jwt"}}"#;
        let tokens =
            read(r#"{"jwt":"a","user":{"renewal":"r","id":1},"team":{"refresh_token":"other","id":2}}"#, shape);
        assert_eq!(tokens.refresh_token(), Some("r"));
        for name in ["user", "jwt"] {
            assert_eq!(extra(&tokens, name), None, "{name}");
        }
        let none = read(r#"{"jwt":"a","user":{"id":1}}"#, shape);
        assert_eq!(extra(&none, "user").as_deref(), Some(r#"{"id":1}"#), "nothing was found in it");
        assert_eq!(extra(&tokens, "team").as_deref(), Some(r#"{"id":2}"#));
        let whole = read(r#"{"access_token":"a","u":{"refresh_token":"x"}}"#, r#"{"names":{"profile":"u"}}"#);
        assert_eq!(extra(&whole, "profile").as_deref(), Some("{}"));
    }

    #[test]
    fn r4_no_name_leads_to_a_prototype_and_no_renamed_member_is_a_token_unless_it_is_text() {
        let shape = r#"{"names":{"__proto__":"a","constructor":"a","refresh_token":"n","scope":"n","a":"__proto__"}}"#;
        let tokens = read(r#"{"access_token":"t","a":"x","n":5,"__proto__":"y"}"#, shape);
        for name in ["__proto__", "constructor"] {
            assert_eq!(extra(&tokens, name), None, "{name}");
        }
        assert_eq!((tokens.refresh_token, tokens.scope), (None, None));
    }

    #[test]
    fn k12_an_access_token_that_renews_itself_stays_what_it_is() {
        for (names, reply) in [
            (r#"{"refresh_token":"access_token"}"#, r#"{"access_token":"t"}"#),
            (r#"{"refresh_token":"tk","access_token":"tk"}"#, r#"{"tk":"t"}"#),
            (r#"{"access_token":"tk","refresh_token":"tk"}"#, r#"{"access_token":"t"}"#),
        ] {
            let tokens = read(reply, &format!(r#"{{"names":{names}}}"#));
            assert_eq!(tokens.access_token(), Some("t"), "{names}");
            assert_eq!(tokens.refresh_token(), Some("t"), "{names}");
        }
    }

    #[test]
    fn r9_scopes_are_one_text_with_spaces() {
        for (scope, shape, wanted) in [
            (r#""a b""#, "{}", Some("a b")),
            (r#""a,b""#, "{}", Some("a,b")),
            (r#""a,b""#, r#"{"scopeSeparator":","}"#, Some("a b")),
            (r#""a, b""#, r#"{"scopeSeparator":", "}"#, Some("a b")),
            (r#"["a","https:\/\/b\u002Bc"]"#, "{}", Some("a https://b+c")),
            (r#"[]"#, "{}", None),
            (r#""""#, "{}", None),
            (r#"7"#, "{}", None),
            (r#"[1,{"a":2}]"#, "{}", None),
        ] {
            let tokens = read(&format!(r#"{{"access_token":"t","scope":{scope}}}"#), shape);
            assert_eq!(text(tokens.scope.as_ref()), wanted, "{scope}");
        }
    }

    #[test]
    fn r5_what_can_be_no_lifetime_is_the_default() {
        let shape = r#"{"expiry":{"in":"seconds","defaultSeconds":60}}"#;
        for expires_in in ["0", "-1", "null", "\"soon\"", "1e15", "{}"] {
            let tokens = read(&format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#), shape);
            assert_eq!(tokens.expires_in, Some(Duration::from_secs(60)), "{expires_in}");
        }
        let stated = read(r#"{"access_token":"t","expires_at":1700000000}"#, shape);
        assert_eq!(stated.expires_at, Some(UnixTime::from_millis(1_700_000_000_000)));
        assert_eq!(stated.expires_in, None);
    }

    #[test]
    fn r5_a_point_in_time_is_read_in_seconds_in_milliseconds_and_as_a_date() {
        for (given, millis) in [
            ("1700000000", Some(1_700_000_000_000)),
            ("\"1700000000.5\"", Some(1_700_000_000_500)),
            ("1700000000500", Some(1_700_000_000_500)),
            ("\"2023-11-14T22:13:20.000Z\"", Some(1_700_000_000_000)),
            ("\"soon\"", None),
            ("null", None),
            ("0", None),
        ] {
            let reply = format!(r#"{{"access_token":"t","expires_at":{given}}}"#);
            for shape in ["{}", r#"{"expiry":{"in":"unix_seconds","name":"expires_at"}}"#] {
                if shape == "{}" || !given.contains('T') {
                    assert_eq!(read(&reply, shape).expires_at, millis.map(UnixTime::from_millis), "{given}");
                }
            }
        }
    }

    #[test]
    fn r5_milliseconds_before_1973_are_seconds() {
        let shape = r#"{"expiry":{"in":"unix_milliseconds","name":"expires_at"}}"#;
        for (given, millis) in
            [("1700000000000", Some(1_700_000_000_000)), ("1700000000.5", Some(1_700_000_000_500)), ("\"x\"", None)]
        {
            let tokens = read(&format!(r#"{{"access_token":"t","expires_at":{given}}}"#), shape);
            assert_eq!(tokens.expires_at, millis.map(UnixTime::from_millis));
        }
    }

    #[test]
    fn r6_a_servers_own_type_means_what_the_shape_says() {
        let kind = |given: &str, shape: &str| {
            let tokens = read(&format!(r#"{{"access_token":"t","token_type":{given}}}"#), "{}");
            registered_type(&tokens, ResponseShape::new(&options(shape))).map(|kind| String::from(kind.reveal()))
        };
        let bot = r#"{"tokenTypes":{"bot":"bearer"}}"#;
        assert_eq!(kind("\"bot\"", bot).as_deref(), Some("Bearer"));
        assert_eq!(kind("\"user\"", bot), None);
        assert_eq!(kind("\"dPoP\"", bot).as_deref(), Some("DPoP"));
        assert_eq!(kind("null", r#"{"token_type":"mac"}"#).as_deref(), Some("mac"));
        assert_eq!(kind("\"MAC\"", r#"{"token_type":"mac"}"#).as_deref(), Some("mac"));
    }

    #[test]
    fn r1_a_bare_token_is_one_word() {
        let read = |body: &str| {
            let object = as_object(body, "string").ok()??;
            Tokens::parse(object.reveal())?.access_token().map(String::from)
        };
        for body in ["\"abc\"", " abc\n", "\u{feff}abc", r#"{"access_token":"abc"}"#] {
            assert_eq!(read(body).as_deref(), Some("abc"), "{body:?}");
        }
        for body in ["", "two words", "<p>", "[\"abc\"]", "{\"a\"", "7", "null"] {
            assert_eq!(read(body), None, "{body:?}");
        }
    }
}

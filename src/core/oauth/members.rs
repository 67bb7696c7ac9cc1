//! The members of a token response under their registered names (RFC 6749 section 5.1), wherever a server puts them and
//! whatever it calls them.

use alloc::string::String;

use super::calendar::iso8601;
use super::encoding::{form_to_json, replaced};
use crate::core::json::{cut, decimal_thousandths, push_seconds, Json, Object};
use crate::core::provider::seconds;
use crate::core::record::Tokens;
use crate::core::time::UnixTime;

/// A number of milliseconds below this is no date of a token but a number of seconds: whoever hands in what this library
/// gave out wrote `expires_at` in those.
const EARLIEST_MILLIS: u64 = 100_000_000_000;

/// The body as JSON, whatever its content type claims; a form becomes an object of strings.
pub fn as_object(body: &str, format: &str) -> Option<Object> {
    let body = body.trim_ascii();
    let body = body.strip_prefix('\u{feff}').unwrap_or(body).trim_ascii();
    if format != "form" {
        if let Some(json) = Json::parse(body).filter(|json| json.is_object()) {
            return Some(Object::of(json));
        }
    }
    let opens = body.as_bytes().first();
    if matches!(opens, Some(b'<' | b'{' | b'[')) {
        return None;
    }
    if format == "string" && cut(body, b' ').is_none() {
        let mut object = Object::default();
        match Json::parse(body) {
            Some(token) => object.set("access_token", Some(token.raw())),
            None => object.set_text("access_token", body),
        }
        return Some(object);
    }
    if format == "json" || cut(body, b'=').is_none() {
        return None;
    }
    Json::parse(&form_to_json(body)).map(Object::of)
}

/// The members where the shape says they are; or in the reply itself, if there are no tokens there. So a login's reply may
/// nest what a refresh brings plainly, and whoever hands in registered names is understood too.
pub fn read_tokens(reply: Json<'_>, shape: Json<'_>) -> Tokens {
    let root = shape.literal("root");
    if !root.is_empty() {
        let tokens = reply.at(root).map(|members| read_members(members, shape)).unwrap_or_default();
        if tokens.access_token().is_some() || tokens.refresh_token().is_some() {
            return tokens;
        }
    }
    read_members(reply, shape)
}

/// `Bearer` and `DPoP` as they are registered, whatever the letter case (section 5.1); the server's own types mean what the
/// shape says. `None`: nobody here understands that type (section 7.1).
pub fn token_type(tokens: &Tokens, shape: Json<'_>) -> Option<String> {
    let expected = shape.literal("token_type");
    let given = tokens.text("token_type");
    let given = given.as_deref().unwrap_or(if expected.is_empty() { "Bearer" } else { expected });
    let own = shape.member("tokenTypes").unwrap_or_default().literal(given);
    let given = if own.is_empty() { given } else { own };
    let known = ["Bearer", "DPoP", expected];
    known.iter().find(|known| given.eq_ignore_ascii_case(known)).copied().map(String::from)
}

fn read_members(reply: Json<'_>, shape: Json<'_>) -> Tokens {
    let mut members = Object::of(reply);
    let names = shape.member("names").unwrap_or_default();
    for (registered, path) in names.members() {
        let path = path.inner();
        // Under its registered name, an access token that renews itself has no other.
        let own = reply.member("access_token").filter(|_| path == names.literal("access_token"));
        let Some(value) = reply.at(path).or(own).filter(|value| !value.is_null()) else {
            continue;
        };
        // An access token that also renews itself stays what it is.
        if path != "access_token" {
            let holder = cut(path, b'.').map_or("", |(holder, _)| holder);
            let hides = registered == "refresh_token" && reply.member(path).is_none();
            members.set(if hides { holder } else { path }, None);
        }
        members.set(&registered, Some(value.raw()));
    }
    for (name, value) in members.clone().json().members() {
        // Another session's refresh token in the same reply is nobody's to see.
        if value.member("refresh_token").is_some() {
            let mut without = Object::of(value);
            without.set("refresh_token", None);
            members.set(&name, Some(without.json().raw()));
        }
    }
    if let Some(scope) = reply.member("scope") {
        members.set_text("scope", &spaced(scope, shape.literal("scopeSeparator")));
    }
    let mut tokens = Tokens::from_json(members.json());
    if let Some(expiry) = shape.member("expiry") {
        read_expiry(&mut tokens, reply, expiry);
    }
    tokens
}

/// Scopes as one text with spaces (section 3.3); some servers send a list, some separate by something else.
fn spaced(scope: Json<'_>, separator: &str) -> String {
    let mut out = scope.string().unwrap_or_default();
    for item in scope.items() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&item.string().unwrap_or_default());
    }
    match separator {
        "" => out,
        _ => replaced(&out, separator, " "),
    }
}

fn read_expiry(tokens: &mut Tokens, members: Json<'_>, expiry: Json<'_>) {
    let path = expiry.member("name").map_or("expires_in", Json::inner);
    let word = members.at(path).and_then(Json::word).unwrap_or_default();
    let unit = expiry.literal("in");
    let number = if unit == "iso8601" { iso8601(&word).map(UnixTime::as_millis) } else { decimal_thousandths(&word) };
    let millis = number.map(|number| match unit {
        "milliseconds" => number / 1000,
        "unix_milliseconds" if number / 1000 > EARLIEST_MILLIS => number / 1000,
        _ => number,
    });
    let is_date = matches!(unit, "unix_seconds" | "unix_milliseconds" | "iso8601");
    if let Some(millis) = millis {
        tokens.remove("expires_in");
        tokens.remove("expires_at");
        set_seconds(tokens, if is_date { "expires_at" } else { "expires_in" }, millis);
    }
    if tokens.lifetime().is_none() && tokens.stated_expiry().is_none() {
        if let Some(default) = seconds(expiry, "defaultSeconds") {
            set_seconds(tokens, "expires_in", default.as_millis());
        }
    }
}

fn set_seconds(tokens: &mut Tokens, name: &str, millis: u64) {
    let mut raw = String::new();
    push_seconds(&mut raw, millis);
    tokens.set(name, &raw);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &str, shape: &str) -> Tokens {
        read_tokens(Json::parse(reply).unwrap(), Json::parse(shape).unwrap())
    }

    fn raw(tokens: &Tokens, name: &str) -> Option<String> {
        tokens.member(name).map(|value| String::from(value.raw()))
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
            assert_eq!(read(reply, shape).access_token().as_deref(), Some("a"), "{reply}");
        }
        let tokens = read(r#"{"data":[{"refresh_token":"r"}],"access_token":"b"}"#, shape);
        assert_eq!((tokens.access_token(), tokens.refresh_token().as_deref()), (None, Some("r")));
    }

    #[test]
    fn r4_no_refresh_token_is_left_where_it_was_found() {
        let shape = r#"{"names":{"refresh_token":"user.renewal","access_token":"jwt"}}"#;
        let tokens =
            read(r#"{"jwt":"a","user":{"renewal":"r","id":1},"team":{"refresh_token":"other","id":2}}"#, shape);
        assert_eq!(tokens.refresh_token().as_deref(), Some("r"));
        for name in ["user", "jwt"] {
            assert_eq!(raw(&tokens, name), None, "{name}");
        }
        assert_eq!(raw(&tokens, "team").as_deref(), Some(r#"{"id":2}"#));
        let whole = read(r#"{"access_token":"a","u":{"refresh_token":"x"}}"#, r#"{"names":{"profile":"u"}}"#);
        assert_eq!(raw(&whole, "profile").as_deref(), Some("{}"));
    }

    #[test]
    fn r4_no_name_leads_to_a_prototype_and_no_renamed_member_is_a_token_unless_it_is_text() {
        let shape = r#"{"names":{"__proto__":"a","constructor":"a","refresh_token":"n","scope":"n","a":"__proto__"}}"#;
        let tokens = read(r#"{"access_token":"t","a":"x","n":5,"__proto__":"y"}"#, shape);
        for name in ["__proto__", "constructor", "refresh_token", "scope"] {
            assert_eq!(raw(&tokens, name), None, "{name}");
        }
    }

    #[test]
    fn k12_an_access_token_that_renews_itself_stays_what_it_is() {
        for (names, reply) in [
            (r#"{"refresh_token":"access_token"}"#, r#"{"access_token":"t"}"#),
            (r#"{"refresh_token":"tk","access_token":"tk"}"#, r#"{"tk":"t"}"#),
            (r#"{"access_token":"tk","refresh_token":"tk"}"#, r#"{"access_token":"t"}"#),
        ] {
            let tokens = read(reply, &format!(r#"{{"names":{names}}}"#));
            assert_eq!(tokens.access_token().as_deref(), Some("t"), "{names}");
            assert_eq!(tokens.refresh_token().as_deref(), Some("t"), "{names}");
        }
    }

    #[test]
    fn r9_scopes_are_one_text_with_spaces() {
        for (scope, shape, text) in [
            (r#""a b""#, "{}", Some("\"a b\"")),
            (r#""a,b""#, "{}", Some("\"a,b\"")),
            (r#""a,b""#, r#"{"scopeSeparator":","}"#, Some("\"a b\"")),
            (r#""a, b""#, r#"{"scopeSeparator":", "}"#, Some("\"a b\"")),
            (r#"["a","https:\/\/b\u002Bc"]"#, "{}", Some("\"a https://b+c\"")),
            (r#"[]"#, "{}", None),
            (r#""""#, "{}", None),
            (r#"7"#, "{}", None),
            (r#"[1,{"a":2}]"#, "{}", None),
        ] {
            let tokens = read(&format!(r#"{{"access_token":"t","scope":{scope}}}"#), shape);
            assert_eq!(raw(&tokens, "scope").as_deref().map(str::trim_ascii), text, "{scope}");
        }
    }

    #[test]
    fn r5_what_can_be_no_lifetime_is_the_default() {
        let shape = r#"{"expiry":{"in":"seconds","defaultSeconds":60}}"#;
        for expires_in in ["0", "-1", "null", "\"soon\"", "1e15", "{}"] {
            let tokens = read(&format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#), shape);
            assert_eq!(raw(&tokens, "expires_in").as_deref(), Some("60"), "{expires_in}");
        }
        let stated = read(r#"{"access_token":"t","expires_at":1700000000}"#, shape);
        assert_eq!(raw(&stated, "expires_at").as_deref(), Some("1700000000"));
        assert_eq!(raw(&stated, "expires_in"), None);
    }

    #[test]
    fn r5_milliseconds_before_1973_are_seconds() {
        let shape = r#"{"expiry":{"in":"unix_milliseconds","name":"expires_at"}}"#;
        for (given, kept) in [("1700000000000", "1700000000"), ("1700000000.5", "1700000000.500"), ("\"x\"", "\"x\"")] {
            let tokens = read(&format!(r#"{{"access_token":"t","expires_at":{given}}}"#), shape);
            assert_eq!(raw(&tokens, "expires_at").as_deref(), Some(kept));
        }
    }

    #[test]
    fn r6_a_servers_own_type_means_what_the_shape_says() {
        let kind = |given: &str, shape: &str| {
            let tokens = read(&format!(r#"{{"access_token":"t","token_type":{given}}}"#), "{}");
            token_type(&tokens, Json::parse(shape).unwrap())
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
            let object = as_object(body, "string")?;
            Tokens::from_json(object.json()).access_token()
        };
        for body in ["\"abc\"", " abc\n", "\u{feff}abc", r#"{"access_token":"abc"}"#] {
            assert_eq!(read(body).as_deref(), Some("abc"), "{body:?}");
        }
        for body in ["", "two words", "<p>", "[\"abc\"]", "{\"a\"", "7", "null"] {
            assert_eq!(read(body), None, "{body:?}");
        }
    }
}

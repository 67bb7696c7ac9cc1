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

//! What each option may be, in the words of its error. The same table as `OPTIONS` in pkg-template/lib/options.js; tests/options.rs
//! compares the two. Without the check a misspelt option would be ignored, and a token handled in another way than the caller wants.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::given::as_given;
use super::json::Json;
use super::messages::ENDPOINT;
use super::tokens::point;

const TEXT: &str = "a string";
const VALUE: &str = "a string|a function";
const OBJECT: &str = "an object";
const NUMBER: &str = "a finite number from 0";
const SECONDS: &str = "a finite number above 0, 3600 at most";
const REPLY: &str = "the token endpoint's reply, with a non-empty access_token or refresh_token";
const TIME: &str = "Unix seconds or an ISO date";
const GRACE: &str = "{ graceSeconds: number }";
const POSITIVE: &str = "a finite number above 0";
const CODES: &str = "session_ended|signed_out|client_rejected|unavailable|outcome_unknown|bad_response|identity_mismatch|storage_failed|lock_timeout|timeout|closed|engine_failed";

/// The path of each option and its alternatives, joined with `|`. In a path `*` is any name, and `[]` each item of a list.
pub const OPTIONS: &[(&str, &str)] = &[
    ("token_endpoint", ENDPOINT),
    ("revocation_endpoint", ENDPOINT),
    ("client_id", TEXT),
    ("client_secret", VALUE),
    ("clientAuth", "none|client_secret_basic|client_secret_post|a function"),
    ("basicEncoding", "rfc6749|percent|raw"),
    ("scope", "a string|empty"),
    ("resource", "an absolute URI|[an absolute URI]"),
    ("audience", TEXT),
    ("parameters.*", VALUE),
    ("headers.*", VALUE),
    ("request.method", "POST|GET|PATCH|PUT"),
    ("request.body", "form|json|string|query|none"),
    ("request.names.*", "a string|null"),
    ("request.place.*", "body|query|header|path"),
    ("request.grant_type", TEXT),
    ("request.basic.username", "client_id|client_secret"),
    ("request.basic.password", "client_id|client_secret|empty"),
    ("request.scopeSeparator", TEXT),
    ("request.templates.*", TEXT),
    ("request.check.*", "int32|uuid|url|json"),
    ("response.format", "json|form|string|auto"),
    ("response.root", TEXT),
    ("response.names.*", TEXT),
    ("response.names.refresh_token", "a string|null"),
    ("response.expiry.in", "seconds|milliseconds|unix_seconds|unix_milliseconds|iso8601"),
    ("response.expiry.name", TEXT),
    ("response.expiry.defaultSeconds", NUMBER),
    ("response.token_type", TEXT),
    ("response.tokenTypes.*", TEXT),
    ("response.scopeSeparator", TEXT),
    ("response.errorWhen[].path", TEXT),
    ("response.errorWhen[].is", "anything"),
    ("response.errorWhen[].isNot", "anything"),
    ("response.errorWhen[].includes", TEXT),
    ("response.errorWhen[].means", CODES),
    ("response.extendedWhen[].path", TEXT),
    ("response.extendedWhen[].is", "anything"),
    ("response.extendedWhen[].isNot", "anything"),
    ("response.extendedWhen[].includes", TEXT),
    ("response.extendedWhen[].means", CODES),
    ("response.error", TEXT),
    ("response.error_description", TEXT),
    ("response.errors.*", CODES),
    ("response.successStatus[]", NUMBER),
    ("refreshAheadSeconds", NUMBER),
    ("background", "auto|always|never"),
    ("keepAliveSeconds", POSITIVE),
    ("reuse", "never|always|until-successor-used|{ graceSeconds: number }"),
    ("endsWhen[]", TEXT),
    ("tokens", OBJECT),
    ("lock", "auto|none|a function"),
    ("timeoutSeconds", SECONDS),
    ("retries", "a whole number"),
    ("origins[]", "an https origin without a path"),
    ("allowInsecureRequests", "true or false"),
    ("identityCheck", "subject|strict|off"),
    ("keepRejectedResponse", "true or false"),
];

/// The first fault of options in JSON: the option's name, what to write, and its value unless it may be a secret. A member that is null
/// counts as absent. The driver checks URLs.
pub fn option_fault(options: Json<'_>) -> Option<String> {
    let all: Vec<_> = OPTIONS.iter().map(|(path, kinds)| (*path, *kinds)).collect();
    fault_of_members("", &all, options).or_else(|| fault_of_tokens(options))
}

/// Without `response` the tokens must be where RFC 6749 section 5.1 has them. With it they may be anywhere.
fn fault_of_tokens(options: Json<'_>) -> Option<String> {
    let tokens = options.member("tokens")?;
    let is_shaped = options.member("response").is_some();
    let found: Vec<_> = ["access_token", "refresh_token"].iter().filter_map(|name| tokens.member(name)).collect();
    let is_reply = !found.is_empty() && found.iter().all(|token| token.is_null() || fits(TEXT, *token));
    if !is_shaped && tokens.members().next().is_some() && !is_reply {
        return Some(misfit("tokens", REPLY, tokens));
    }
    // Otherwise the lifetime would silently be unknown.
    let end = tokens.member("expires_at").filter(|end| !matches!(end.raw(), "null" | "0"))?;
    end.word().and_then(|word| point(&word)).is_none().then(|| misfit("tokens.expires_at", TIME, end))
}

/// `rows` have the paths of the object's members, relative to it.
fn fault_of_members(path: &str, rows: &[(&str, &str)], object: Json<'_>) -> Option<String> {
    if !object.is_object() {
        return Some(misfit(path, OBJECT, object));
    }
    object.members().find_map(|(name, value)| {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if value.is_null() && path.is_empty() {
            return None;
        }
        let led = rows_of(rows, &name);
        match led.first() {
            None => Some(unknown(&here, &name, rows)),
            Some(("", kinds)) => (!fits_any(kinds, value)).then(|| misfit(&here, kinds, value)),
            Some(_) if led.iter().all(|(rest, _)| rest.starts_with("[]")) => fault_of_items(&here, &led, value),
            Some(_) => fault_of_members(&here, &led, value),
        }
    })
}

fn fault_of_items(path: &str, rows: &[(&str, &str)], list: Json<'_>) -> Option<String> {
    if !list.raw().starts_with('[') {
        return Some(misfit(path, "a list", list));
    }
    list.items().enumerate().find_map(|(at, item)| {
        let here = format!("{path}[{at}]");
        if let Some(("[]", kinds)) = rows.first() {
            return (!fits_any(kinds, item)).then(|| misfit(&here, kinds, item));
        }
        let rows: Vec<_> = rows.iter().filter_map(|(rest, kinds)| Some((rest.strip_prefix("[].")?, *kinds))).collect();
        fault_of_members(&here, &rows, item)
    })
}

/// The rests of the paths that begin with that name. If there are none, those that begin with `*`.
fn rows_of<'a>(rows: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    let through = |name: &str| -> Vec<_> {
        let rest = |path: &'a str| {
            let rest = path.strip_prefix(name)?;
            if rest.is_empty() || rest.starts_with("[]") {
                Some(rest)
            } else {
                rest.strip_prefix('.')
            }
        };
        rows.iter().filter_map(|(path, kinds)| Some((rest(path)?, *kinds))).collect()
    };
    let own = through(name);
    let reaches_prototype = matches!(name, "__proto__" | "constructor" | "prototype" | "*");
    if own.is_empty() && !reaches_prototype {
        through("*")
    } else {
        own
    }
}

fn fits_any(kinds: &str, value: Json<'_>) -> bool {
    kinds.split('|').any(|kind| fits(kind, value))
}

fn fits(kind: &str, value: Json<'_>) -> bool {
    if let Some(item) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return value.raw().starts_with('[') && value.items().all(|one| fits(item, one));
    }
    let text = value.string();
    match kind {
        "anything" => true,
        "null" => value.raw() == kind,
        "true or false" => matches!(value.raw(), "true" | "false"),
        TEXT | ENDPOINT | "an absolute URI" | "an https origin without a path" => {
            text.is_some_and(|text| !text.is_empty())
        }
        "empty" => text.as_deref() == Some(""),
        OBJECT => value.is_object(),
        NUMBER => number(value).is_some_and(|number| number >= 0.0),
        SECONDS => number(value).is_some_and(|number| number > 0.0 && number <= 3600.0),
        POSITIVE => number(value).is_some_and(|number| number > 0.0),
        "a whole number" => !value.raw().is_empty() && value.raw().bytes().all(|byte| byte.is_ascii_digit()),
        GRACE => value.member("graceSeconds").is_some_and(|seconds| fits(NUMBER, seconds)),
        literal => text.as_deref() == Some(literal),
    }
}

fn number(value: Json<'_>) -> Option<f64> {
    let is_number = value.raw().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    value.raw().parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// The error of an option, with its value unless it may be a secret.
pub fn misfit(path: &str, kinds: &str, value: Json<'_>) -> String {
    let path = if path.is_empty() { "options" } else { path };
    let grace = value.member("graceSeconds").unwrap_or_default();
    if kinds.ends_with(GRACE) && value.is_object() {
        return misfit("reuse.graceSeconds", NUMBER, grace);
    }
    format!("{path} must be {} {}", kinds.split('|').collect::<Vec<_>>().join(" or "), as_given(path, value))
}

/// `rows` have the paths of the options beside it.
fn unknown(path: &str, name: &str, rows: &[(&str, &str)]) -> String {
    // A text that is no name may be a secret.
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return "a member is no option".to_string();
    }
    let mut known: Vec<_> = rows.iter().filter_map(|(row, _)| row.split(['.', '[']).next()).collect();
    known.dedup();
    let mut near = known.clone();
    near.retain(|other| other.bytes().take(3).eq(name.bytes().take(3)));
    let listed = if near.is_empty() { known } else { near };
    format!("{path} is no option: write one of {}", listed.join(", ").replace('*', "any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(options: &str) -> String {
        option_fault(Json::parse(options).unwrap()).unwrap_or_default()
    }

    #[test]
    fn what_is_misspelt_is_named_with_what_was_meant() {
        for (options, says) in [
            (
                r#"{"token_endpiont":"https://as.example/t"}"#,
                "token_endpiont is no option: write one of token_endpoint, tokens",
            ),
            (
                r#"{"clientSecret":"s3cret"}"#,
                "clientSecret is no option: write one of client_id, client_secret, clientAuth",
            ),
            (r#"{"request":{"metod":"GET"}}"#, "request.metod is no option: write one of method"),
            (
                r#"{"response":{"expiry":{"un":"seconds"}}}"#,
                "response.expiry.un is no option: write one of in, name, defaultSeconds",
            ),
            (
                r#"{"response":{"errorWhen":[{"path":"a","meens":"closed"}]}}"#,
                "response.errorWhen[0].meens is no option: write one of path, is, isNot, includes, means",
            ),
            (r#"{"timeoutMs":3}"#, "timeoutMs is no option: write one of timeoutSeconds"),
            (r#"{"eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0":1}"#, "a member is no option"),
            (r#"{"parameters":{"__proto__":"x"}}"#, "parameters.__proto__ is no option"),
        ] {
            assert!(fault(options).starts_with(says), "{options}: {}", fault(options));
        }
    }

    #[test]
    fn a_value_that_cannot_be_is_refused() {
        for (options, says) in [
            (
                r#"{"tokens":{"access_token":"a","expires_at":"soon"}}"#,
                "tokens.expires_at must be Unix seconds or an ISO date (given: string)",
            ),
            (
                r#"{"tokens":{"access_token":"a","expires_at":1900000000000000}}"#,
                "tokens.expires_at must be Unix seconds or an ISO date (given: number)",
            ),
            (
                r#"{"reuse":"allways"}"#,
                "reuse must be never or always or until-successor-used or { graceSeconds: number } (given: string allways)",
            ),
            (
                r#"{"reuse":{"graceSeconds":"30"}}"#,
                "reuse.graceSeconds must be a finite number from 0 (given: string 30)",
            ),
            (
                r#"{"timeoutSeconds":"30"}"#,
                "timeoutSeconds must be a finite number above 0, 3600 at most (given: string 30)",
            ),
            (r#"{"timeoutSeconds":0}"#, "timeoutSeconds must be a finite number above 0, 3600 at most (given: number 0)"),
            (r#"{"retries":1.5}"#, "retries must be a whole number (given: number 1.5)"),
            (r#"{"client_id":7}"#, "client_id must be a string (given: number 7)"),
            (r#"{"parameters":{"tenant":42}}"#, "parameters.tenant must be a string or a function (given: number)"),
            (r#"{"headers":[]}"#, "headers must be an object (given: array)"),
            (r#"{"origins":"https://api.example"}"#, "origins must be a list (given: string https://api.example)"),
            (r#"{"response":{"errorWhen":{"path":"a"}}}"#, "response.errorWhen must be a list (given: object)"),
            (r#"{"response":{"errors":{"x":"ended"}}}"#, "response.errors.x must be session_ended or "),
            (
                r#"{"origins":["https://api.example",7]}"#,
                "origins[1] must be an https origin without a path (given: number 7)",
            ),
            (r#"{"response":{"errorWhen":[7]}}"#, "response.errorWhen[0] must be an object (given: number 7)"),
            (
                r#"{"tokens":{"refreshToken":"r"}}"#,
                "tokens must be the token endpoint's reply, with a non-empty access_token",
            ),
            (
                r#"{"tokens":{"access_token":""}}"#,
                "tokens must be the token endpoint's reply, with a non-empty access_token",
            ),
            ("7", "options must be an object (given: number 7)"),
        ] {
            assert!(fault(options).starts_with(says), "{options}: {}", fault(options));
        }
    }

    #[test]
    fn what_may_be_passes() {
        for options in [
            "{}",
            r#"{"token_endpoint":"https://as.example/t","client_secret":"s","scope":"","resource":["https://a.example"],"reuse":{"graceSeconds":0}}"#,
            r#"{"request":{"names":{"refresh_token":null,"x":"y"},"basic":{"password":""},"check":{"tenant":"int32"}}}"#,
            r#"{"response":{"names":{"refresh_token":null,"access_token":"t"},"errorWhen":[{"path":"ok","is":false,"means":"unavailable"}],"successStatus":[200]}}"#,
            r#"{"audience":null,"keepAliveSeconds":0.5,"retries":0,"lock":"none","tokens":{"refresh_token":"r"}}"#,
            r#"{"tokens":{},"retries":0}"#,
            r#"{"tokens":{"data":{"t":"a"}},"response":{"root":"data"}}"#,
        ] {
            assert_eq!(fault(options), "", "{options}");
        }
    }
}

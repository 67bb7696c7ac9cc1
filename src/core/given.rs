//! How an error shows a wrong value: its type, and the value itself if it is short, plain and of an option that holds no secret.
//! The same rule as in pkg-template/lib/given.js; tests/options.rs compares the two.

use alloc::format;
use alloc::string::{String, ToString};

use super::json::Json;

/// Words in the paths of options whose values are not shown.
const SECRETS: [&str; 7] = ["_secret", "tokens", "param", "headers", "templ", "rejected", "basic"];

/// The value of the option at `path`, as an error shows it.
pub fn as_given(path: &str, value: Json<'_>) -> String {
    let kind = match value.raw().bytes().next() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') | None => "null",
        Some(_) => "number",
    };
    let text = match kind {
        "string" => value.string(),
        "boolean" | "number" => Some(value.raw().to_string()),
        _ => None,
    };
    let is_secret = SECRETS.iter().any(|secret| path.contains(secret));
    match text.filter(|text| !is_secret && is_plain(text)) {
        Some(text) => format!("(given: {kind} {text})"),
        None => format!("(given: {kind})"),
    }
}

/// A number, a word, or a URL without credentials and query.
fn is_plain(text: &str) -> bool {
    let all = |most: usize, may: fn(u8) -> bool| !text.is_empty() && text.len() <= most && text.bytes().all(may);
    let is_number = all(9, |byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let is_word = all(19, |byte| byte.is_ascii_alphabetic() || matches!(byte, b'*' | b'_' | b'-'));
    let lower = text.to_ascii_lowercase();
    let path = lower.strip_prefix("https:").or_else(|| lower.strip_prefix("http:")).unwrap_or(&lower);
    is_number || is_word || path.starts_with('/') && !path.contains(['@', '?', '='])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_where_it_is_no_secret() {
        for (path, value, says) in [
            ("reuse", r#""allways""#, "(given: string allways)"),
            ("timeoutSeconds", "30000", "(given: number 30000)"),
            ("background", "true", "(given: boolean true)"),
            ("origins[0]", r#""https://*.example""#, "(given: string https://*.example)"),
            ("token_endpoint", r#""/token""#, "(given: string /token)"),
            ("token_endpoint", r#""http://me:s3cret@as.example/""#, "(given: string)"),
            ("token_endpoint", r#""http://as.example/?key=s3cret""#, "(given: string)"),
            ("clientAuth", r#""s3cret-of-a-client""#, "(given: string)"),
            ("storage", r#""correct-horse-battery-staple""#, "(given: string)"),
            ("client_secret", "12345678", "(given: number)"),
            ("parameters.pin", "1234", "(given: number)"),
            ("tokens", r#""word""#, "(given: string)"),
            ("headers", "[]", "(given: array)"),
            ("scope", "null", "(given: null)"),
        ] {
            assert_eq!(as_given(path, Json::parse(value).unwrap()), says, "{path}: {value}");
        }
    }
}

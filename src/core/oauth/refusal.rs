//! What a refusal means (RFC 6749 section 5.2): where its code is, whose word for it counts, and whether the refresh token was used up.
//! Servers hide errors in a 200, write codes of their own, or say in words what others say in codes.

use alloc::string::String;

use super::response::RefreshTokenState::{self, Spent, Unknown, Unspent};
use super::response::ServerError;
use crate::core::json::Json;

/// Codes that mean `invalid_grant` wherever they come from; each was seen at a large server.
const ENDING_CODES: [&str; 5] = [
    "invalid_grant",
    "bad_refresh_token",
    "refresh_token_not_found",
    "refresh_token_already_used",
    "refresh_token_reused",
];

/// Codes of a request that was refused before the refresh token was looked at.
pub const CLIENT_CODES: [&str; 9] = [
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_request",
    "invalid_dpop_proof",
    "invalid_client_attestation",
    "use_attestation_challenge",
    "use_fresh_attestation",
];

/// The errors among the verdicts.
#[derive(Clone, Copy)]
pub enum Class {
    Ended,
    NonceWanted,
    Unavailable,
    ClientRejected,
    Unreadable,
}

/// The class of an error: as the sign of it means, else as the options have its code, else as the standards do.
pub fn class_of(
    status: u16,
    code: &str,
    means: &str,
    options: Json<'_>,
    success: bool,
    names_a_time: bool,
) -> (Class, RefreshTokenState) {
    meaning(means).or_else(|| own_class(code, options)).unwrap_or_else(|| class(status, code, success, names_a_time))
}

/// What the options say about a code.
fn own_class(code: &str, options: Json<'_>) -> Option<(Class, RefreshTokenState)> {
    if let Some(errors) = options.at("response.errors").filter(|errors| errors.member(code).is_some()) {
        return meaning(errors.literal(code));
    }
    let mut ends_when = options.member("endsWhen").unwrap_or_default().items();
    ends_when.any(|own| own.string().as_deref() == Some(code)).then_some((Class::Ended, Spent))
}

/// The class that a provider's description names. Whoever describes an error knows that it leaves the refresh token alone.
fn meaning(name: &str) -> Option<(Class, RefreshTokenState)> {
    let class = match name {
        "" => return None,
        "session_ended" => Class::Ended,
        "unavailable" => Class::Unavailable,
        "client_rejected" => Class::ClientRejected,
        _ => Class::Unreadable,
    };
    Some((class, Unspent))
}

fn class(status: u16, code: &str, success: bool, names_a_time: bool) -> (Class, RefreshTokenState) {
    if ENDING_CODES.contains(&code) {
        return (Class::Ended, Spent);
    }
    if code == "use_dpop_nonce" {
        return (Class::NonceWanted, Unspent);
    }
    match status {
        429 => (Class::Unavailable, Unspent),
        // A server that names a time is refusing work it has not begun; without one it may have committed first.
        503 if names_a_time => (Class::Unavailable, Unspent),
        408 | 425 | 500..=599 => (Class::Unavailable, Unknown),
        _ if CLIENT_CODES.contains(&code) => (Class::ClientRejected, Unspent),
        _ if matches!(code, "server_error" | "temporarily_unavailable") => (Class::Unavailable, Unknown),
        // A server may spend the refresh token before it looks at the rest: oidc-provider does so for invalid_target.
        400..=499 if !code.is_empty() => (Class::ClientRejected, Unknown),
        _ if success && !code.is_empty() => (Class::ClientRejected, Unknown),
        _ => (Class::Unreadable, Unknown),
    }
}

/// The error code: at the shape's path, else `error`, which some servers make an object, else `error_code`.
pub fn error_code(json: Json<'_>, path: &str) -> Option<String> {
    if !path.is_empty() {
        return json.at(path)?.word();
    }
    for path in &["error", "error.code", "error.error", "error.type", "error_code"] {
        let code = json.at(path).and_then(Json::word).unwrap_or_default();
        if !code.is_empty() {
            return Some(code);
        }
    }
    None
}

pub fn error_text(json: Json<'_>, path: &str) -> Option<String> {
    if !path.is_empty() {
        return json.at(path)?.word();
    }
    json.at("error_description").and_then(Json::string).or_else(|| json.at("error.message")?.string())
}

/// The sign of an error that the reply shows, by what it means: one of the shape's; or else an error code, unless the shape
/// has a sign for errors in general.
pub fn error_sign<'a>(json: Json<'_>, shape: Json<'a>, evidence: &ServerError) -> Option<&'a str> {
    let mut general = false;
    for sign in shape.member("errorWhen").unwrap_or_default().items() {
        let means = sign.literal("means");
        if shows(json, sign) {
            return Some(means);
        }
        general |= means.is_empty();
    }
    (!general && evidence.error.is_some()).then_some("")
}

/// Whether the member at the sign's path is, or is not, that value. A form has only texts, and some servers write their numbers as such.
pub fn shows(json: Json<'_>, sign: Json<'_>) -> bool {
    let path = sign.literal("path");
    let Some(found) = json.at(path).filter(|_| !path.is_empty()) else {
        return false;
    };
    let found = found.string().unwrap_or_else(|| String::from(found.raw()));
    match (sign.member("is"), sign.member("isNot")) {
        (Some(is), _) => found == is.inner(),
        (None, Some(is_not)) => found != is_not.inner(),
        (None, None) => found != "null",
    }
}

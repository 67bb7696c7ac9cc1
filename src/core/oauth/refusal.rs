//! The meaning of an error reply (RFC 6749 section 5.2): where its code is, what the code means, and whether the refresh token is spent.
//! Servers put errors into a 200, use their own codes, or describe in a text what others have as a code.

use alloc::string::String;

use self::RefreshTokenState::{Spent, Unknown, Unspent};
use super::words::Words;
use crate::core::json::Fields;
use crate::core::provider::{Meaning, ReplySign, ResponseShape};

/// Codes that mean `invalid_grant` at any server; each was seen at a large one.
/// Those in `_required` are from OpenID Connect Core section 3.1.2.6: the user must act, so no refresh can succeed.
const ENDING_CODES: Words = Words(
    "invalid_grant|interaction_required|login_required|account_selection_required|consent_required|\
    bad_refresh_token|refresh_token_not_found|refresh_token_already_used|refresh_token_reused",
);

/// Codes of a request that was refused before the refresh token was checked.
pub const CLIENT_CODES: Words = Words(
    "invalid_client|unauthorized_client|unsupported_grant_type|invalid_scope|\
    invalid_request|invalid_dpop_proof|invalid_client_attestation|\
    use_attestation_challenge|use_fresh_attestation",
);

/// Maximum length of a server's text in an error, in bytes.
const LONGEST_TEXT: usize = 1000;

/// The server's error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// The HTTP status.
    pub status: u16,
    /// The error code, unchanged.
    pub error: Option<String>,
    /// The text beside the code, or this library's reason.
    pub error_description: Option<String>,
}

/// Whether a refresh token can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenState {
    /// It is not spent.
    Unspent,
    /// It is spent.
    Spent,
    /// It may be spent.
    Unknown,
}

/// The verdicts that are errors.
#[derive(Clone, Copy)]
pub enum Class {
    Ended,
    NonceWanted,
    Unavailable,
    ClientRejected,
    Unreadable,
}

/// The class of an error: from its sign, else from its code in the options, else from the standards.
pub fn class_of(
    status: u16,
    code: &str,
    means: Option<Meaning>,
    shape: ResponseShape<'_>,
    success: bool,
    names_a_time: bool,
) -> (Class, RefreshTokenState) {
    let ended = (Class::Ended, if requires_user(code) { Unknown } else { Spent });
    match means.or_else(|| shape.meaning_of(code)) {
        // The shape knows that the server does not spend the refresh token with such an error.
        Some(Meaning::SessionEnded) => ended,
        Some(Meaning::Unavailable) => (Class::Unavailable, Unspent),
        Some(Meaning::ClientRejected) => (Class::ClientRejected, Unspent),
        Some(Meaning::BadResponse) => (Class::Unreadable, Unspent),
        None if ENDING_CODES.contains(code) => ended,
        None => class(status, code, success, names_a_time),
    }
}

fn class(status: u16, code: &str, success: bool, names_a_time: bool) -> (Class, RefreshTokenState) {
    if code == "use_dpop_nonce" {
        return (Class::NonceWanted, Unspent);
    }
    match status {
        429 => (Class::Unavailable, Unspent),
        // A server that names a time has not begun the work. Without a time it may have spent the refresh token.
        503 if names_a_time => (Class::Unavailable, Unspent),
        408 | 425 | 500..=599 => (Class::Unavailable, Unknown),
        _ if CLIENT_CODES.contains(code) => (Class::ClientRejected, Unspent),
        _ if matches!(code, "server_error" | "temporarily_unavailable") => (Class::Unavailable, Unknown),
        // A server may spend the refresh token before it checks the rest: oidc-provider does so for invalid_target.
        400..=499 if !code.is_empty() => (Class::ClientRejected, Unknown),
        _ if success && !code.is_empty() => (Class::ClientRejected, Unknown),
        _ => (Class::Unreadable, Unknown),
    }
}

/// Whether the code requires the user to act: those of OpenID Connect, and others such as Auth0's `mfa_required`. The refresh token may be
/// unspent (Microsoft Entra accepts it again after the login), but no refresh can show that.
pub fn requires_user(code: &str) -> bool {
    code.ends_with("_required")
}

/// The error code: at the shape's path; else in `error`, which may be an object; else in `error_code`.
pub fn error_code(reply: &Fields<'_>, path: &str) -> Option<String> {
    // The first code of a list counts. Servers with numeric codes have 0 for no error.
    let at = |path: &str| reply.at(path)?.each().next()?.word().filter(|code| !code.is_empty() && code != "0");
    let paths = ["error", "error.code", "error.error", "error.type", "error_code"];
    let code = if path.is_empty() { paths.into_iter().find_map(at) } else { at(path) };
    code.map(shortened)
}

/// The text beside the error code.
pub fn error_text(reply: &Fields<'_>, path: &str) -> Option<String> {
    let text = if path.is_empty() {
        let text = reply.get("error_description").and_then(|text| text.each().next()?.string());
        text.or_else(|| reply.at("error.message")?.string())
    } else {
        reply.at(path)?.word()
    };
    text.map(shortened)
}

/// Whether the reply shows a sign of an error, and the meaning of that sign if it has one. The signs are those of the shape. An error code is
/// a sign too, unless the shape has a sign for errors in general.
pub fn error_sign(reply: &Fields<'_>, shape: ResponseShape<'_>, evidence: &ServerError) -> Option<Option<Meaning>> {
    if let Some(sign) = shape.error_signs().find(|sign| shows(reply, *sign)) {
        return Some(sign.means());
    }
    let general = shape.error_signs().any(|sign| sign.means().is_none());
    (!general && evidence.error.is_some()).then_some(None)
}

/// Whether the reply shows the sign. Values are compared as texts, because a form has only texts and some servers write numbers as texts.
pub fn shows(reply: &Fields<'_>, sign: ReplySign<'_>) -> bool {
    let found = reply.at(sign.path()).filter(|_| !sign.path().is_empty());
    found.is_some_and(|found| sign.shows(&found.shown()))
}

fn shortened(text: String) -> String {
    let mut end = LONGEST_TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).map_or_else(String::new, String::from)
}

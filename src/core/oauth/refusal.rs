//! What a refusal means (RFC 6749 section 5.2): where its code is, whose word for it counts, and whether the refresh token was used up.
//! Servers hide errors in a 200, write codes of their own, or say in words what others say in codes.

use alloc::string::String;

use self::RefreshTokenState::{Spent, Unknown, Unspent};
use super::words::Words;
use crate::core::json::Fields;
use crate::core::provider::{Meaning, ReplySign, ResponseShape};

/// Codes that mean `invalid_grant` wherever they come from; each was seen at a large server.
/// Those in `_required` are of OpenID Connect Core section 3.1.2.6: the end user has to do something, which no refresh brings.
const ENDING_CODES: Words = Words(
    "invalid_grant|interaction_required|login_required|account_selection_required|consent_required|\
    bad_refresh_token|refresh_token_not_found|refresh_token_already_used|refresh_token_reused",
);

/// Codes of a request that was refused before the refresh token was looked at.
pub const CLIENT_CODES: Words = Words(
    "invalid_client|unauthorized_client|unsupported_grant_type|invalid_scope|\
    invalid_request|invalid_dpop_proof|invalid_client_attestation|\
    use_attestation_challenge|use_fresh_attestation",
);

/// A server's words are shown in an error, not kept: no text is longer than this many bytes.
const LONGEST_TEXT: usize = 1000;

/// What the server said went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// The HTTP status.
    pub status: u16,
    /// The error code, as it came.
    pub error: Option<String>,
    /// The text beside it.
    pub error_description: Option<String>,
}

/// Whether a refresh token can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenState {
    /// The server did not use it up.
    Unspent,
    /// It is gone.
    Spent,
    /// Only the server knows.
    Unknown,
}

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
    means: Option<Meaning>,
    shape: ResponseShape<'_>,
    success: bool,
    names_a_time: bool,
) -> (Class, RefreshTokenState) {
    let ended = (Class::Ended, if requires_user(code) { Unknown } else { Spent });
    match means.or_else(|| shape.meaning_of(code)) {
        // A provider's description knows that such an error leaves the refresh token alone.
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
        // A server that names a time is refusing work it has not begun; without one it may have committed first.
        503 if names_a_time => (Class::Unavailable, Unspent),
        408 | 425 | 500..=599 => (Class::Unavailable, Unknown),
        _ if CLIENT_CODES.contains(code) => (Class::ClientRejected, Unspent),
        _ if matches!(code, "server_error" | "temporarily_unavailable") => (Class::Unavailable, Unknown),
        // A server may spend the refresh token before it looks at the rest: oidc-provider does so for invalid_target.
        400..=499 if !code.is_empty() => (Class::ClientRejected, Unknown),
        _ if success && !code.is_empty() => (Class::ClientRejected, Unknown),
        _ => (Class::Unreadable, Unknown),
    }
}

/// Whether that code says that the user has to act: OpenID Connect's, and others such as Auth0's `mfa_required`. The refresh token may be as
/// good as before (Microsoft Entra takes it again after the login), and no refresh says so.
pub fn requires_user(code: &str) -> bool {
    code.ends_with("_required")
}

/// The error code: at the shape's path, else `error`, which some servers make an object, else `error_code`.
pub fn error_code(reply: &Fields<'_>, path: &str) -> Option<String> {
    // Of a list the first counts. Zero is the code of servers that count their errors, where there is none.
    let at = |path: &str| reply.at(path)?.each().next()?.word().filter(|code| !code.is_empty() && code != "0");
    let paths = ["error", "error.code", "error.error", "error.type", "error_code"];
    let code = if path.is_empty() { paths.into_iter().find_map(at) } else { at(path) };
    code.map(shortened)
}

/// The text beside it.
pub fn error_text(reply: &Fields<'_>, path: &str) -> Option<String> {
    let text = if path.is_empty() {
        let text = reply.get("error_description").and_then(|text| text.each().next()?.string());
        text.or_else(|| reply.at("error.message")?.string())
    } else {
        reply.at(path)?.word()
    };
    text.map(shortened)
}

/// The sign of an error that the reply shows, by what it means if it means more than that: one of the shape's; or else an error
/// code, unless the shape has a sign for errors in general.
pub fn error_sign(reply: &Fields<'_>, shape: ResponseShape<'_>, evidence: &ServerError) -> Option<Option<Meaning>> {
    if let Some(sign) = shape.error_signs().find(|sign| shows(reply, *sign)) {
        return Some(sign.means());
    }
    let general = shape.error_signs().any(|sign| sign.means().is_none());
    (!general && evidence.error.is_some()).then_some(None)
}

/// Whether the member at the sign's path is, or is not, that value. A form has only texts, and some servers write their numbers as such.
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

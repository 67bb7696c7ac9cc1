//! Which requests a driver builds anew and sends once more: after a refused client authentication or DPoP proof (RFC 6749 section 5.2,
//! RFC 9449 sections 5 and 8), or after a busy revocation endpoint (RFC 7009 section 2.2.1). And which transport errors prove that nothing
//! was sent. Both drivers use these rules.

use alloc::string::String;

use super::response::{judge, Reply, Verdict};
use super::retry_after::retry_after;
use super::words::Words;
use crate::core::provider::ResponseShape;
use crate::core::time::{Duration, UnixTime};

/// The refused part of a request. The same request, built anew, may succeed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedPart {
    /// The client authentication: a rotated secret, an assertion with a wrong clock, an attestation without the challenge.
    Client,
    /// The DPoP proof, perhaps because of clock skew.
    Proof,
    /// The nonce of the DPoP proof. For a token request the machine orders the second request.
    Nonce,
}

/// How a revocation is tried once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationRetry {
    /// With a DPoP proof, which some servers require although RFC 7009 does not.
    WithProof,
    /// With the client secret or authentication resolved again.
    WithClientAskedAgain,
    /// The same request, after this pause.
    After(Duration),
}

/// The part of the request that the reply refuses. `None` if the same request, built anew, would fail again.
pub fn refused_part(reply: &Reply, shape: ResponseShape<'_>, now: UnixTime) -> Option<RefusedPart> {
    refusal(reply, shape, now).1
}

/// The error code of a reply, and the part of its request that the server refused.
pub fn refusal(reply: &Reply, shape: ResponseShape<'_>, now: UnixTime) -> (Option<String>, Option<RefusedPart>) {
    match judge(reply, shape, now) {
        Verdict::ClientRejected(refused, _) => {
            let error = refused.error;
            let part = match error.as_deref().unwrap_or_default() {
                "invalid_dpop_proof" => Some(RefusedPart::Proof),
                "use_attestation_challenge" | "use_fresh_attestation" => Some(RefusedPart::Client),
                code => code.starts_with("invalid_client").then_some(RefusedPart::Client),
            };
            (error, part)
        }
        Verdict::NonceWanted(error) => (error.error, Some(RefusedPart::Nonce)),
        Verdict::Ended(error, _) | Verdict::Unavailable(error, ..) | Verdict::Unreadable(error) => (error.error, None),
        Verdict::Tokens(_) | Verdict::UnknownType(..) => (None, None),
    }
}

/// Whether and how a revocation with this reply, which refuses `part`, is tried once more. `can_prove`: there is a DPoP key, and no proof
/// was sent yet. A `Retry-After` beyond `timeout` is not waited for, because the session is over here anyway.
pub fn revocation_retry(
    reply: &Reply,
    part: Option<RefusedPart>,
    can_prove: bool,
    timeout: Duration,
    now: UnixTime,
) -> Option<RevocationRetry> {
    if can_prove && matches!(reply.status, 400 | 401) {
        return Some(RevocationRetry::WithProof);
    }
    if part == Some(RefusedPart::Client) {
        return Some(RevocationRetry::WithClientAskedAgain);
    }
    if !matches!(reply.status, 429 | 503) {
        return None;
    }
    let pause = retry_after(reply.retry_after.as_deref()?, now, reply.date)?.since(now);
    (pause < timeout).then_some(RevocationRetry::After(pause))
}

/// Whether a failed request was provably not sent: it failed in the name lookup, the connection or the TLS handshake.
/// `code`, `syscall` and `message` are those of the platform's error (Node, Bun and Deno; browsers give no reason), or empty. Deno has a
/// failed connection only in its message; Deno and undici have a blocked port there.
pub fn proves_unsent(code: &str, syscall: &str, message: &str) -> bool {
    // An established connection can break with the codes of a failed connection attempt.
    if matches!(syscall, "read" | "write") {
        return false;
    }
    let any_in = |text: &str, parts: Words| parts.any(|part| has(text, part));
    any_in(code, BEFORE_CONNECTION)
        || any_in(code, Words("ERR_TLS_|ERR_SSL_")) && !any_in(code, Words("RECORD|EOF|INTERNAL|SHUTDOWN"))
        || any_in(message, Words("AbortSignal|client error (Connect)|bad port|Requests to port"))
}

/// Parts of the codes of failures before a connection exists, certificate errors included. Bun's are in camel case.
const BEFORE_CONNECTION: Words = Words(
    "ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|CONNECT_TIMEOUT|\
    ConnectionRefused|FailedToOpenSocket|CERT_|_CERT|_SIGNATURE",
);

/// `str::contains` would link the Two-Way searcher (1.4 kB brotli).
fn has(text: &str, part: &[u8]) -> bool {
    let mut rest = text.as_bytes();
    while let Some((_, next)) = rest.split_first() {
        if rest.starts_with(part) {
            return true;
        }
        rest = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::Json;
    use crate::core::options::Options;
    use crate::core::secret::Secret;
    use alloc::string::String;

    const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, body: Some(Secret::new(body)), ..Reply::default() }
    }

    fn part(status: u16, body: &str, options: &str) -> Option<RefusedPart> {
        let options = Options::from_json(Json::parse(options).unwrap());
        refused_part(&reply(status, body), options.response(), NOW)
    }

    #[test]
    fn a_refused_client_is_found_wherever_the_core_finds_an_error_code() {
        for (body, options) in [
            (r#"{"error":"invalid_client"}"#, "{}"),
            (r#"{"error":{"code":"invalid_client"}}"#, "{}"),
            (r#"{"error_code":"invalid_client"}"#, "{}"),
            (r#"{"fault":{"name":"invalid_client"}}"#, r#"{"response":{"error":"fault.name"}}"#),
            (r#"{"error":"use_attestation_challenge"}"#, "{}"),
            (r#"{"error":"use_fresh_attestation"}"#, "{}"),
            ("error=invalid_client", "{}"),
        ] {
            for status in [400, 401, 200] {
                assert_eq!(part(status, body, options), Some(RefusedPart::Client), "{status} {body}");
            }
        }
        for body in [r#"{"error":"invalid_grant"}"#, r#"{"error":"invalid_scope"}"#, "", r#"{"access_token":"a"}"#] {
            assert_eq!(part(401, body, "{}"), None, "{body}");
        }
        let renamed = r#"{"response":{"errors":{"invalid_client":"unavailable"}}}"#;
        assert_eq!(part(401, r#"{"error":"invalid_client"}"#, renamed), None);
    }

    #[test]
    fn a_refused_proof_is_told_from_a_wanted_nonce() {
        assert_eq!(part(400, r#"{"error":"invalid_dpop_proof"}"#, "{}"), Some(RefusedPart::Proof));
        assert_eq!(part(400, r#"{"error":"use_dpop_nonce"}"#, "{}"), Some(RefusedPart::Nonce));
    }

    #[test]
    fn a_revocation_waits_for_a_time_that_a_busy_server_names_and_no_longer_than_a_request() {
        let retry = |status, field: Option<&str>| {
            let reply = Reply { status, retry_after: field.map(String::from), ..Reply::default() };
            revocation_retry(&reply, None, false, Duration::from_secs(5), NOW)
        };
        let after = |seconds| Some(RevocationRetry::After(Duration::from_secs(seconds)));
        for status in [429, 503] {
            assert_eq!(retry(status, Some("1")), after(1));
            assert_eq!(retry(status, Some("Tue, 14 Nov 2023 22:13:22 GMT")), after(2));
            assert_eq!(retry(status, Some("Tuesday, 14-Nov-23 22:13:22 GMT")), after(2));
            for field in [None, Some("-1"), Some("0x1"), Some("1e0"), Some("5"), Some("soon")] {
                assert_eq!(retry(status, field), None, "{field:?}");
            }
        }
        assert_eq!(retry(500, Some("1")), None);
        assert_eq!(retry(200, Some("1")), None);
    }

    #[test]
    fn a_revocation_is_proved_once_and_then_the_client_is_asked_again() {
        let refused = reply(401, r#"{"error":"invalid_client"}"#);
        let part = refused_part(&refused, ResponseShape::new(Default::default()), NOW);
        let retry = |can_prove| revocation_retry(&refused, part, can_prove, Duration::from_secs(30), NOW);
        assert_eq!(retry(true), Some(RevocationRetry::WithProof));
        assert_eq!(retry(false), Some(RevocationRetry::WithClientAskedAgain));
    }

    #[test]
    fn failures_before_the_first_byte_left_are_told_from_later_ones() {
        for code in [
            "ENOTFOUND",
            "EAI_AGAIN",
            "EAI_FAIL",
            "ECONNREFUSED",
            "EHOSTUNREACH",
            "EHOSTDOWN",
            "ENETUNREACH",
            "ENETDOWN",
            "UND_ERR_CONNECT_TIMEOUT",
            "ERR_TLS_CERT_ALTNAME_INVALID",
            "ERR_SSL_WRONG_VERSION_NUMBER",
            "CERT_HAS_EXPIRED",
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "SELF_SIGNED_CERT_IN_CHAIN",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "UNKNOWN_CERTIFICATE_VERIFICATION_ERROR",
            "ConnectionRefused",
            "FailedToOpenSocket",
        ] {
            assert!(proves_unsent(code, "", ""), "{code}");
            assert!(proves_unsent(code, "connect", ""), "{code}");
            assert!(!proves_unsent(code, "read", ""), "{code} of an established connection");
        }
        for code in [
            "",
            "ECONNRESET",
            "ENETRESET",
            "EPIPE",
            "ETIMEDOUT",
            "UND_ERR_SOCKET",
            "UND_ERR_HEADERS_TIMEOUT",
            "UND_ERR_BODY_TIMEOUT",
            "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
            "ConnectionClosed",
        ] {
            assert!(!proves_unsent(code, "", "fetch failed"), "{code}");
        }
        assert!(proves_unsent("", "", "error sending request: client error (Connect): tcp connect error"));
        assert!(proves_unsent("", "", "bad port"));
        assert!(proves_unsent("", "", "Fetch failed: Requests to port 6667 are blocked"));
        assert!(!proves_unsent("", "", "the replies of this server are blocked here"));
        // jsdom's signal at another fetch, where there is no Request to try it on first
        let foreign = r#"RequestInit: Expected signal ("AbortSignal {}") to be an instance of AbortSignal."#;
        assert!(proves_unsent("", "", foreign));
        assert!(!proves_unsent("", "", "This operation was aborted"));
    }
}

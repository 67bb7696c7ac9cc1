//! What a token endpoint's reply means (RFC 6749 sections 5.1 and 5.2): one verdict, read from the status, the
//! body and the provider's shape. Whether the refresh token was spent is part of every verdict, because that
//! decides what may be done next.

use std::borrow::Cow;

use super::calendar::iso8601;
use super::encoding::form_pairs;
use super::retry_after::retry_after;
use crate::core::json::{decimal_thousandths, push_name, push_seconds, push_string, Json};
use crate::core::provider::{Expiry, ExpiryUnit, ReplyFormat, ResponseShape};
use crate::core::record::Tokens;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;

/// An HTTP reply, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status; 0 for a redirect that was not followed.
    pub status: u16,
    /// The body, unless it was longer than anybody needs or broke off.
    pub body: Option<Secret>,
    /// The `Retry-After` field, if there was one.
    pub retry_after: Option<String>,
}

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

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// New tokens.
    Tokens(Tokens),
    /// New tokens of a type that nobody here understands (RFC 6749 section 7.1). A refresh token among them is to be kept.
    UnknownType(Tokens, ServerError),
    /// `invalid_grant`, or what means the same at this server.
    Ended(ServerError),
    /// The client is at fault: configuration. The tokens are kept.
    ClientRejected(ServerError, RefreshTokenState),
    /// The server wants a nonce in the DPoP proof (RFC 9449 section 8): the same request once more, with a new proof.
    NonceWanted(ServerError),
    /// Later perhaps: at once, or at the time the server named.
    Unavailable(ServerError, RefreshTokenState, Option<UnixTime>),
    /// Not a token response.
    Unreadable(ServerError),
}

/// Codes that mean `invalid_grant` wherever they come from; each was seen at a large server.
const ENDING_CODES: [&str; 5] = [
    "invalid_grant",
    "bad_refresh_token",
    "refresh_token_not_found",
    "refresh_token_already_used",
    "refresh_token_reused",
];

/// Codes of a request that was refused before the refresh token was looked at.
const CLIENT_CODES: [&str; 6] = [
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_request",
    "invalid_dpop_proof",
];

/// What the reply means at a server of that shape; `ends_when` are the user's further codes for `invalid_grant`.
pub fn judge(reply: &Reply, shape: &ResponseShape, ends_when: &[String], now: UnixTime) -> Verdict {
    let mut evidence = ServerError { status: reply.status, ..ServerError::default() };
    let text = reply.body.as_ref().map(Secret::reveal).and_then(|body| as_json(body, shape.format));
    let json = text.as_deref().and_then(Json::parse);
    let members = json.and_then(|json| json.at(&shape.root)).filter(|members| members.is_object());
    let tokens = members.map(|members| read_tokens(members, shape)).unwrap_or_default();

    let success = if shape.success_status.is_empty() {
        (200..300).contains(&reply.status)
    } else {
        shape.success_status.contains(&reply.status)
    };
    if let Some(json) = json {
        evidence.error = error_code(json, shape).map(Cow::into_owned);
        evidence.error_description = error_text(json, shape).map(Cow::into_owned);
        let failed = match shape.error_when.as_slice() {
            [] => evidence.error.is_some(),
            signs => signs.iter().any(|sign| shows(json, &sign.path, sign.is.as_deref(), sign.is_not.as_deref())),
        };
        if success && !failed && tokens.access_token().is_some() {
            return judge_type(tokens, shape, evidence);
        }
    }
    judge_error(reply, shape, ends_when, evidence, success, now)
}

fn judge_type(mut tokens: Tokens, shape: &ResponseShape, evidence: ServerError) -> Verdict {
    let token_type = tokens.text("token_type").map(Cow::into_owned);
    // Section 5.1: the value is case insensitive; written here as it is registered.
    let registered = match token_type.as_deref() {
        None if shape.token_type.is_empty() => "Bearer",
        None => &shape.token_type,
        Some(given) if given.eq_ignore_ascii_case("bearer") => "Bearer",
        Some(given) if given.eq_ignore_ascii_case("dpop") => "DPoP",
        Some(given) if given.eq_ignore_ascii_case(&shape.token_type) => given,
        Some(_) => {
            for name in ["access_token", "token_type", "expires_in", "expires_at"] {
                tokens.remove(name);
            }
            return Verdict::UnknownType(tokens, evidence);
        }
    };
    tokens.set_text("token_type", registered);
    Verdict::Tokens(tokens)
}

fn judge_error(
    reply: &Reply,
    shape: &ResponseShape,
    ends_when: &[String],
    evidence: ServerError,
    success: bool,
    now: UnixTime,
) -> Verdict {
    use RefreshTokenState::{Unknown, Unspent};
    let later = reply.retry_after.as_deref().and_then(|field| retry_after(field, now));
    let code = evidence.error.clone().unwrap_or_default();
    if let Some((_, meaning)) = shape.errors.iter().find(|(own, _)| *own == code) {
        return match meaning.as_str() {
            "session_ended" => Verdict::Ended(evidence),
            "unavailable" => Verdict::Unavailable(evidence, Unspent, later),
            "client_rejected" => Verdict::ClientRejected(evidence, Unspent),
            _ => Verdict::Unreadable(evidence),
        };
    }
    if ENDING_CODES.contains(&code.as_str()) || ends_when.contains(&code) {
        return Verdict::Ended(evidence);
    }
    if code == "use_dpop_nonce" {
        return Verdict::NonceWanted(evidence);
    }
    match reply.status {
        429 => Verdict::Unavailable(evidence, Unspent, later),
        // A server that names a time is refusing work it has not begun; without one it may have committed first.
        503 if later.is_some() => Verdict::Unavailable(evidence, Unspent, later),
        408 | 425 | 500..=599 => Verdict::Unavailable(evidence, Unknown, later),
        _ if CLIENT_CODES.contains(&code.as_str()) => Verdict::ClientRejected(evidence, Unspent),
        _ if matches!(code.as_str(), "server_error" | "temporarily_unavailable") => {
            Verdict::Unavailable(evidence, Unknown, later)
        }
        // A server may spend the refresh token before it looks at the rest: oidc-provider does so for invalid_target.
        400..=499 if !code.is_empty() => Verdict::ClientRejected(evidence, Unknown),
        _ if success && !code.is_empty() => Verdict::ClientRejected(evidence, Unknown),
        _ => Verdict::Unreadable(evidence),
    }
}

/// The body as JSON text, whatever its content type claims; a form becomes an object of strings.
fn as_json(body: &str, format: ReplyFormat) -> Option<Cow<'_, str>> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if format != ReplyFormat::Form && Json::parse(body).is_some_and(Json::is_object) {
        return Some(Cow::Borrowed(body));
    }
    if format == ReplyFormat::Json || !body.contains('=') || body.starts_with(['<', '{', '[']) {
        return None;
    }
    let mut object = String::from("{");
    for (name, value) in form_pairs(body) {
        push_name(&mut object, &name);
        push_string(&mut object, &value);
    }
    object.push('}');
    Some(Cow::Owned(object))
}

fn read_tokens(members: Json<'_>, shape: &ResponseShape) -> Tokens {
    let mut tokens = Tokens::from_json(members);
    for (registered, path) in &shape.names {
        let Some(value) = members.at(path).filter(|value| !value.is_null()) else {
            continue;
        };
        if members.member(path).is_some() {
            tokens.remove(path);
        }
        tokens.set(registered, value.raw());
    }
    if let Some(expiry) = &shape.expiry {
        read_expiry(&mut tokens, members, expiry);
    }
    tokens
}

fn read_expiry(tokens: &mut Tokens, members: Json<'_>, expiry: &Expiry) {
    let path = if expiry.name.is_empty() { "expires_in" } else { &expiry.name };
    let word = members.at(path).and_then(Json::word);
    let number = word.as_deref().and_then(decimal_thousandths).and_then(|thousandths| u64::try_from(thousandths).ok());
    let (name, millis) = match expiry.unit {
        ExpiryUnit::Seconds => ("expires_in", number),
        ExpiryUnit::Milliseconds => ("expires_in", number.map(|thousandths| thousandths / 1000)),
        ExpiryUnit::UnixSeconds => ("expires_at", number),
        ExpiryUnit::UnixMilliseconds => ("expires_at", number.map(|thousandths| thousandths / 1000)),
        ExpiryUnit::Iso8601 => ("expires_at", word.as_deref().and_then(iso8601).map(UnixTime::as_millis)),
    };
    tokens.remove("expires_in");
    tokens.remove("expires_at");
    let (name, millis) = match (millis, expiry.default) {
        (Some(millis), _) => (name, millis),
        (None, Some(default)) => ("expires_in", default.as_millis()),
        (None, None) => return,
    };
    let mut raw = String::new();
    push_seconds(&mut raw, millis);
    tokens.set(name, raw);
}

/// The error code: at the shape's path, else `error`, which some servers make an object, else `error_code`.
fn error_code<'a>(json: Json<'a>, shape: &ResponseShape) -> Option<Cow<'a, str>> {
    if !shape.error.is_empty() {
        return json.at(&shape.error)?.word();
    }
    ["error", "error.code", "error.error", "error.type", "error_code"]
        .iter()
        .filter_map(|path| json.at(path)?.word())
        .find(|code| !code.is_empty())
}

fn error_text<'a>(json: Json<'a>, shape: &ResponseShape) -> Option<Cow<'a, str>> {
    if !shape.error_description.is_empty() {
        return json.at(&shape.error_description)?.word();
    }
    ["error_description", "error.message"].iter().find_map(|path| json.at(path)?.string())
}

fn shows(json: Json<'_>, path: &str, is: Option<&str>, is_not: Option<&str>) -> bool {
    let found = json.at(path).map(Json::raw);
    match (is, is_not) {
        (Some(is), _) => found == Some(is),
        (None, Some(is_not)) => found.is_some_and(|found| found != is_not),
        (None, None) => found.is_some_and(|found| found != "null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_millis(1_000_000);

    fn verdict(status: u16, body: &str) -> Verdict {
        shaped(status, body, "{}")
    }

    fn shaped(status: u16, body: &str, shape: &str) -> Verdict {
        let reply = Reply { status, body: Some(Secret::new(body)), retry_after: None };
        judge(&reply, &ResponseShape::from_json(Json::parse(shape).unwrap()), &[], NOW)
    }

    fn tokens(verdict: Verdict) -> Tokens {
        match verdict {
            Verdict::Tokens(tokens) => tokens,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn b3_token_types_are_case_insensitive_and_written_as_registered() {
        for (given, registered) in [("BEARER", "Bearer"), ("bearer", "Bearer"), ("dPoP", "DPoP")] {
            let found = tokens(verdict(200, &format!(r#"{{"access_token":"a","token_type":"{given}"}}"#)));
            assert_eq!(found.text("token_type").as_deref(), Some(registered));
        }
    }

    #[test]
    fn b3_an_unknown_type_is_no_token_but_its_refresh_token_is_kept() {
        let Verdict::UnknownType(kept, _) =
            verdict(200, r#"{"access_token":"a","token_type":"mac","refresh_token":"r","expires_in":5}"#)
        else {
            panic!("a mac token was taken");
        };
        assert_eq!(kept.refresh_token().as_deref(), Some("r"));
        assert_eq!(kept.access_token(), None);
    }

    #[test]
    fn b2_a_missing_empty_or_odd_access_token_is_no_response() {
        for body in [
            "",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":5}"#,
            r#"{"access_token":null}"#,
            "<html>=</html>",
            "[]",
            "null",
            "access_token",
            r#"{"access_token":"a""#,
        ] {
            assert!(matches!(verdict(200, body), Verdict::Unreadable(_)), "{body}");
        }
    }

    #[test]
    fn b12_a_form_is_read_whatever_it_is_labelled() {
        let found =
            tokens(verdict(200, "access_token=gh%20u&expires_in=28800&refresh_token=ghr&scope=&token_type=bearer"));
        assert_eq!(found.access_token().as_deref(), Some("gh u"));
        assert_eq!(found.refresh_token().as_deref(), Some("ghr"));
    }

    #[test]
    fn only_invalid_grant_and_its_aliases_end_a_session_at_any_status() {
        for status in [200, 400, 401, 403, 500] {
            for body in [
                r#"{"error":"invalid_grant"}"#,
                r#"{"error":"bad_refresh_token"}"#,
                r#"{"error":{"code":"refresh_token_reused"}}"#,
                "error=invalid_grant&error_description=x",
            ] {
                assert!(matches!(verdict(status, body), Verdict::Ended(_)), "{status} {body}");
            }
        }
        let reply = Reply { status: 400, body: Some(Secret::new(r#"{"error":"KOE322"}"#)), retry_after: None };
        assert!(matches!(judge(&reply, &ResponseShape::default(), &["KOE322".into()], NOW), Verdict::Ended(_)));
    }

    #[test]
    fn c2_c8_a_misconfigured_client_does_not_spend_the_refresh_token() {
        for code in CLIENT_CODES {
            let Verdict::ClientRejected(error, state) =
                verdict(401, &format!(r#"{{"error":"{code}","error_description":"no"}}"#))
            else {
                panic!("{code}");
            };
            assert_eq!((error.error.as_deref(), state), (Some(code), RefreshTokenState::Unspent));
        }
        for code in ["invalid_target", "invalid_authorization_details", "whatever"] {
            assert!(
                matches!(
                    verdict(400, &format!(r#"{{"error":"{code}"}}"#)),
                    Verdict::ClientRejected(_, RefreshTokenState::Unknown)
                ),
                "{code}"
            );
        }
    }

    #[test]
    fn c7_what_was_refused_for_its_rate_is_unspent_and_what_broke_is_unknown() {
        let at = |status, retry_after: Option<&str>| {
            judge(
                &Reply { status, body: None, retry_after: retry_after.map(str::to_owned) },
                &ResponseShape::default(),
                &[],
                NOW,
            )
        };
        let later = Some(UnixTime::from_millis(1_007_000));
        assert!(matches!(at(429, None), Verdict::Unavailable(_, RefreshTokenState::Unspent, None)));
        assert!(
            matches!(at(429, Some("7")), Verdict::Unavailable(_, RefreshTokenState::Unspent, time) if time == later)
        );
        assert!(
            matches!(at(503, Some("7")), Verdict::Unavailable(_, RefreshTokenState::Unspent, time) if time == later)
        );
        for status in [408, 425, 500, 502, 503, 504] {
            assert!(matches!(at(status, None), Verdict::Unavailable(_, RefreshTokenState::Unknown, None)), "{status}");
        }
        for status in [0, 301, 403, 404, 200] {
            assert!(matches!(at(status, None), Verdict::Unreadable(_)), "{status}");
        }
    }

    #[test]
    fn errors_hidden_in_a_success_are_found_where_the_shape_says() {
        let slack = r#"{"errorWhen":[{"path":"ok","is":false}],"errors":{"invalid_refresh_token":"session_ended"}}"#;
        assert!(matches!(shaped(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#, slack), Verdict::Ended(_)));
        assert!(matches!(shaped(200, r#"{"ok":true,"access_token":"a"}"#, slack), Verdict::Tokens(_)));
        let wechat = r#"{"errorWhen":[{"path":"errcode","isNot":0}],"error":"errcode","error_description":"errmsg","errors":{"42002":"session_ended"}}"#;
        assert!(
            matches!(shaped(200, r#"{"errcode":42002,"errmsg":"expired"}"#, wechat), Verdict::Ended(ServerError { error_description: Some(text), .. }) if text == "expired")
        );
        assert!(matches!(shaped(200, r#"{"errcode":0,"access_token":"a"}"#, wechat), Verdict::Tokens(_)));
    }

    #[test]
    fn members_are_found_under_other_names_and_deeper_down() {
        let shape = r#"{"root":"data","names":{"access_token":"accessToken","refresh_token":"user.refresh"},"expiry":{"in":"unix_milliseconds","name":"until"}}"#;
        let found = tokens(shaped(
            200,
            r#"{"code":0,"data":{"accessToken":"a","user":{"refresh":"r"},"until":"1700000000500"}}"#,
            shape,
        ));
        assert_eq!(found.access_token().as_deref(), Some("a"));
        assert_eq!(found.refresh_token().as_deref(), Some("r"));
        assert_eq!(found.member("expires_at").unwrap().raw(), "1700000000.500");
        assert!(found.member("accessToken").is_none());
    }

    #[test]
    fn an_iso_date_and_a_default_become_an_expiry() {
        let found = tokens(shaped(
            200,
            r#"{"access_token":"a","expires_at":"2023-11-14T22:13:20Z"}"#,
            r#"{"expiry":{"in":"iso8601","name":"expires_at"}}"#,
        ));
        assert_eq!(found.member("expires_at").unwrap().raw(), "1700000000");
        let found =
            tokens(shaped(200, r#"{"access_token":"a"}"#, r#"{"expiry":{"in":"seconds","defaultSeconds":7200}}"#));
        assert_eq!(found.member("expires_in").unwrap().raw(), "7200");
    }
}

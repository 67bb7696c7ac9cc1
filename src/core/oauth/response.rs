//! The meaning of a token endpoint's reply (RFC 6749 sections 5.1 and 5.2): one verdict from the status, the body and the provider's
//! shape. A verdict says whether the refresh token is spent, because the next step depends on it.

use alloc::boxed::Box;
use alloc::string::String;

use super::members::{as_object, read_tokens, registered_type};
use super::refusal::{class_of, error_code, error_sign, error_text, shows, Class};
pub use super::refusal::{requires_user, RefreshTokenState, ServerError};
use super::retry_after::retry_after;
use crate::core::json::{Fields, Json, TooMany};
use crate::core::provider::{Meaning, ResponseShape};
use crate::core::record::Tokens;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;

/// The parts of an HTTP reply that count.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status. 0 for a redirect that was not followed.
    pub status: u16,
    /// The body, unless it was too long or was truncated.
    pub body: Option<Secret>,
    /// The `Retry-After` field, if there was one.
    pub retry_after: Option<String>,
    /// The `Date` field, if there was one.
    pub date: Option<UnixTime>,
}

/// The meaning of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// New tokens.
    Tokens(Box<Tokens>),
    /// New tokens with an unknown type (RFC 6749 section 7.1), or without a usable access token. A new refresh token in them must be kept.
    UnknownType(Box<Tokens>, Box<ServerError>),
    /// `invalid_grant`, or an error with the same meaning at this server.
    Ended(Box<ServerError>, RefreshTokenState),
    /// The client or request is wrong: configuration. The tokens are kept.
    ClientRejected(Box<ServerError>, RefreshTokenState),
    /// The DPoP proof needs a nonce (RFC 9449 section 8): the same request is sent once more, with a new proof.
    NonceWanted(Box<ServerError>),
    /// A later request may succeed: at any time, or after the time that the server named.
    Unavailable(Box<ServerError>, RefreshTokenState, Option<UnixTime>),
    /// Not a token response.
    Unreadable(Box<ServerError>),
}

/// The meaning of the reply at a server of that shape.
pub fn judge(reply: &Reply, shape: ResponseShape<'_>, now: UnixTime) -> Verdict {
    let mut evidence = Box::new(ServerError { status: reply.status, ..ServerError::default() });
    let success = shape.is_success(reply.status);
    let mut means = None;
    let object = reply.body.as_ref().map_or(Ok(None), |body| as_object(body.reveal(), shape.text("format")));
    let Ok(fields) = fields_of(&object) else {
        explain(&mut evidence, "the reply has more than 1000 members or 10000 values");
        return Verdict::Unreadable(evidence);
    };
    if let Some(fields) = fields {
        evidence.error = error_code(&fields, shape.text("error"));
        evidence.error_description = error_text(&fields, shape.text("error_description"));
        let sign = error_sign(&fields, shape, &evidence);
        if success && sign.is_none() {
            let extends = shape.extension_signs().any(|sign| shows(&fields, sign));
            let mut tokens = Box::new(read_tokens(fields, shape));
            if shape.ignores_refresh_token() {
                tokens.refresh_token = None;
            }
            if tokens.access_token.is_some() {
                return judge_type(tokens, shape, evidence);
            }
            if extends {
                return Verdict::Tokens(tokens);
            }
            if tokens.refresh_token.is_some() {
                explain(&mut evidence, "no access_token that a header can hold");
                return Verdict::UnknownType(tokens, evidence);
            }
        }
        means = sign.flatten();
    }
    judge_error(reply, shape, evidence, success, means, now)
}

/// The tokens of a login: from the unchanged reply of the token endpoint, or under registered names. `None` if there are no tokens, if their
/// type is unknown, or if there are too many members.
pub fn login(reply: Json<'_>, shape: ResponseShape<'_>) -> Option<Tokens> {
    let mut tokens = read_tokens(members(reply)?, shape);
    if tokens.access_token.is_some() {
        tokens.token_type = Some(registered_type(&tokens, shape)?);
    } else {
        tokens.refresh_token.as_ref()?;
    }
    Some(tokens)
}

/// The members of the reply's object, if there is one.
fn fields_of(object: &Result<Option<Secret>, TooMany>) -> Result<Option<Fields<'_>>, TooMany> {
    match object {
        Ok(Some(body)) => members(Json::checked(body.reveal())).map(Some).ok_or(TooMany),
        Ok(None) => Ok(None),
        Err(TooMany) => Err(TooMany),
    }
}

/// The members of a reply, unless there are too many.
fn members(reply: Json<'_>) -> Option<Fields<'_>> {
    Fields::read(reply).filter(Fields::are_few)
}

fn judge_type(mut tokens: Box<Tokens>, shape: ResponseShape<'_>, mut evidence: Box<ServerError>) -> Verdict {
    let Some(registered) = registered_type(&tokens, shape) else {
        explain(&mut evidence, "unknown token_type: write it as response.token_type");
        tokens.access_token = None;
        return Verdict::UnknownType(tokens, evidence);
    };
    tokens.token_type = Some(registered);
    Verdict::Tokens(tokens)
}

/// This library's reason, where the server has none.
#[inline(never)]
fn explain(evidence: &mut ServerError, why: &str) {
    evidence.error_description = Some(why.into());
}

fn judge_error(
    reply: &Reply,
    shape: ResponseShape<'_>,
    evidence: Box<ServerError>,
    success: bool,
    means: Option<Meaning>,
    now: UnixTime,
) -> Verdict {
    let later = reply.retry_after.as_deref().and_then(|field| retry_after(field, now, reply.date));
    let code = evidence.error.as_deref().unwrap_or_default();
    let (class, state) = class_of(reply.status, code, means, shape, success, later.is_some());
    match class {
        Class::Ended => Verdict::Ended(evidence, state),
        Class::NonceWanted => Verdict::NonceWanted(evidence),
        Class::Unavailable => Verdict::Unavailable(evidence, state, later),
        Class::ClientRejected => Verdict::ClientRejected(evidence, state),
        Class::Unreadable => Verdict::Unreadable(evidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::{work, Value};
    use crate::core::oauth::refusal::CLIENT_CODES;
    use crate::core::record::{Record, Stored};
    use crate::core::time::Duration;
    use alloc::vec::Vec;

    const NOW: UnixTime = UnixTime::from_millis(1_000_000);

    fn verdict(status: u16, body: &str) -> Verdict {
        shaped(status, body, "{}")
    }

    fn shaped(status: u16, body: &str, shape: &str) -> Verdict {
        let reply = Reply { status, body: Some(Secret::new(body)), ..Reply::default() };
        let options = Value::from_json(Json::parse(&format!(r#"{{"response":{shape}}}"#)).unwrap());
        judge(&reply, ResponseShape::new(&options), NOW)
    }

    fn tokens(verdict: Verdict) -> Tokens {
        match verdict {
            Verdict::Tokens(tokens) => *tokens,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn b3_token_types_are_case_insensitive_and_written_as_registered() {
        for (given, registered) in [("BEARER", "Bearer"), ("bearer", "Bearer"), ("dPoP", "DPoP")] {
            let found = tokens(verdict(200, &format!(r#"{{"access_token":"a","token_type":"{given}"}}"#)));
            assert_eq!(found.token_type.as_ref().map(Secret::reveal), Some(registered));
        }
    }

    #[test]
    fn b3_an_unknown_type_is_no_token_but_its_refresh_token_is_kept() {
        let Verdict::UnknownType(kept, _) =
            verdict(200, r#"{"access_token":"a","token_type":"mac","refresh_token":"r","expires_in":5}"#)
        else {
            panic!("a mac token was taken");
        };
        assert_eq!(kept.refresh_token(), Some("r"));
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
    fn a_reply_of_more_than_1000_members_is_refused_and_says_so() {
        let reply = |count: usize| {
            let members: Vec<_> = (1..count).map(|number| format!(",\"m{number}\":0")).collect();
            verdict(200, &format!("{{\"access_token\":\"a\"{}}}", members.concat()))
        };
        assert!(matches!(reply(1000), Verdict::Tokens(_)));
        for count in [1001, 5000] {
            let Verdict::Unreadable(error) = reply(count) else { panic!("{count} members were taken") };
            assert_eq!(
                error.error_description.as_deref(),
                Some("the reply has more than 1000 members or 10000 values")
            );
        }
    }

    #[test]
    fn a_reply_with_too_many_values_is_read_no_further() {
        use crate::core::json::work;
        let nested = format!("{}1{}", "[".repeat(60), "]".repeat(60));
        let reply = |length: usize| {
            let body =
                format!(r#"{{"access_token":"a","p":[1{}]}}"#, format!(",{nested}").repeat(length / nested.len()));
            work::of(|| assert!(matches!(verdict(200, &body), Verdict::Unreadable(_))))
        };
        assert_eq!(reply(1 << 18), reply(1 << 19), "steps of the scanner");
        let form = |pairs: usize| {
            let body = format!("access_token=a{}", "&b=c".repeat(pairs));
            work::of(|| assert!(matches!(verdict(200, &body), Verdict::Unreadable(_))))
        };
        assert_eq!(form(20_000), form(40_000), "steps of the scanner");
    }

    #[test]
    fn values_at_any_depth_count_too() {
        for (count, taken) in [(9_000, true), (10_001, false)] {
            let body = format!(r#"{{"access_token":"a","p":{{"list":[{{}}{}]}}}}"#, ",{}".repeat(count));
            assert_eq!(matches!(verdict(200, &body), Verdict::Tokens(_)), taken, "{count}");
        }
    }

    /// Counts bytes that are looked at, and takes no time: a machine may be busy.
    #[test]
    fn a_reply_of_any_shape_is_read_in_proportion_to_its_length_and_so_is_its_record() {
        let many = |count: usize, write: &dyn Fn(usize) -> String| (0..count).map(write).collect::<String>();
        let json = |more: String| format!(r#"{{"access_token":"a","refresh_token":"r"{more}}}"#);
        let shapes: [(&str, &dyn Fn(usize) -> String); 7] = [
            ("members", &|n| json(many(n / 10, &|number| format!(",\"m{number}\":0")))),
            ("one name", &|n| json(many(n / 10, &|_| String::from(",\"access_token\":\"b\"")))),
            ("an object", &|n| json(format!(",\"p\":{{\"x\":0{}}}", many(n, &|number| format!(",\"m{number}\":0"))))),
            ("lists in lists", &|n| {
                json(format!(",\"p\":[{}0]", many(n / 50, &|_| format!("{}{},", "[".repeat(50), "]".repeat(50)))))
            }),
            ("objects in objects", &|n| {
                json(format!(
                    ",\"p\":[{}0]",
                    many(n / 50, &|_| format!("{}1{},", "{\"a\":".repeat(50), "}".repeat(50)))
                ))
            }),
            ("a long token", &|n| json(format!(",\"id_token\":\"{}\"", "x".repeat(n * 10)))),
            ("escapes", &|n| json(format!(",\"id_token\":\"{}\"", "\\n".repeat(n * 10)))),
        ];
        for (shape, write) in shapes {
            let cost = |n: usize| {
                let body = write(n);
                let work = work::of(|| {
                    let mut tokens = tokens(verdict(200, &body));
                    tokens.keep_from(&tokens.clone());
                    let stored = Stored::from_json(&Record::new(tokens, NOW, 1).to_json());
                    assert!(matches!(stored, Stored::Record(_)), "{shape}");
                });
                (work, body.len())
            };
            let ((few, _), (many, length)) = (cost(2_000), cost(8_000));
            assert!(many < few * 5, "{shape}: {few} and {many} bytes looked at");
            assert!(many < length * 24, "{shape}: {length} bytes are looked at {} times", many / length);
        }
    }

    #[test]
    fn b12_a_form_is_read_whatever_it_is_labelled() {
        let found =
            tokens(verdict(200, "access_token=gh%20u&expires_in=28800&refresh_token=ghr&scope=&token_type=bearer"));
        assert_eq!(found.access_token(), Some("gh u"));
        assert_eq!(found.refresh_token(), Some("ghr"));
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
                assert!(matches!(verdict(status, body), Verdict::Ended(..)), "{status} {body}");
            }
        }
        let reply = Reply { status: 400, body: Some(Secret::new(r#"{"error":"KOE322"}"#)), ..Reply::default() };
        let options = Value::from_json(Json::parse(r#"{"endsWhen":["other","KOE322"]}"#).unwrap());
        assert!(matches!(judge(&reply, ResponseShape::new(&options), NOW), Verdict::Ended(..)));
    }

    #[test]
    fn c2_c8_a_misconfigured_client_does_not_spend_the_refresh_token() {
        for code in CLIENT_CODES.0.split('|') {
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
                &Reply { status, body: None, retry_after: retry_after.map(String::from), date: None },
                ResponseShape::new(Default::default()),
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
        assert!(matches!(shaped(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#, slack), Verdict::Ended(..)));
        assert!(matches!(shaped(200, r#"{"ok":true,"access_token":"a"}"#, slack), Verdict::Tokens(_)));
        let wechat = r#"{"errorWhen":[{"path":"errcode","isNot":0}],"error":"errcode","error_description":"errmsg","errors":{"42002":"session_ended"}}"#;
        assert!(
            matches!(shaped(200, r#"{"errcode":42002,"errmsg":"expired"}"#, wechat), Verdict::Ended(error, _) if error.error_description.as_deref() == Some("expired"))
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
        assert_eq!(found.access_token(), Some("a"));
        assert_eq!(found.refresh_token(), Some("r"));
        assert_eq!(found.expires_at, Some(UnixTime::from_millis(1_700_000_000_500)));
        assert!(found.extras().all(|(name, _)| name != "accessToken"));
    }

    #[test]
    fn an_iso_date_and_a_default_become_an_expiry() {
        let found = tokens(shaped(
            200,
            r#"{"access_token":"a","expires_at":"2023-11-14T22:13:20Z"}"#,
            r#"{"expiry":{"in":"iso8601","name":"expires_at"}}"#,
        ));
        assert_eq!(found.expires_at, Some(UnixTime::from_millis(1_700_000_000_000)));
        let found =
            tokens(shaped(200, r#"{"access_token":"a"}"#, r#"{"expiry":{"in":"seconds","defaultSeconds":7200}}"#));
        assert_eq!(found.expires_in, Some(Duration::from_secs(7200)));
    }
}

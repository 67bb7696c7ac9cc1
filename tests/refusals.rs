//! Replies that are no tokens, and those that come beside a refusal (RFC 6749 sections 5.1 and 5.2): what each means for the session.

use oauth_refresher::core::json::{Json, Value};
use oauth_refresher::core::oauth::response::{judge, login, requires_user, RefreshTokenState, Reply, Verdict};
use oauth_refresher::core::provider::ResponseShape;
use oauth_refresher::core::record::Tokens;
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::UnixTime;

#[test]
fn openid_connects_codes_for_a_login_end_the_session() {
    for code in ["interaction_required", "login_required", "account_selection_required", "consent_required"] {
        for status in [400, 401, 403] {
            let found = verdict(status, &format!(r#"{{"error":"{code}"}}"#));
            assert!(matches!(found, Verdict::Ended(_, RefreshTokenState::Unknown)), "{code}");
        }
        assert!(requires_user(code), "{code}");
    }
    assert!(matches!(verdict(400, r#"{"error":"mfa_required"}"#), Verdict::ClientRejected(..)));
}

#[test]
fn a_refused_refresh_token_is_spent() {
    for code in ["invalid_grant", "refresh_token_reused", "of_the_server", "required", "login_required_"] {
        let shape = r#"{"errors":{"of_the_server":"session_ended","required":"session_ended","login_required_":"session_ended"}}"#;
        let found = shaped(400, &format!(r#"{{"error":"{code}"}}"#), shape);
        assert!(matches!(found, Verdict::Ended(_, RefreshTokenState::Spent)), "{code}");
        assert!(!requires_user(code), "{code}");
    }
}

#[test]
fn a_sign_in_the_description_comes_before_the_code() {
    let shape = r#"{"errorWhen":[{"path":"error_description","includes":"already being processed","means":"unavailable"}],
        "errors":{"mfa_required":"session_ended"}}"#;
    let said = |text: &str| shaped(400, &format!(r#"{{"error":"invalid_grant","error_description":"{text}"}}"#), shape);
    assert!(matches!(
        said("token request is already being processed"),
        Verdict::Unavailable(_, RefreshTokenState::Unspent, None)
    ));
    for text in ["expired access/refresh token", "already being", ""] {
        assert!(matches!(said(text), Verdict::Ended(_, RefreshTokenState::Spent)), "{text}");
    }
    assert!(matches!(shaped(403, r#"{"error":"mfa_required"}"#, shape), Verdict::Ended(_, RefreshTokenState::Unknown)));
    assert!(matches!(shaped(200, r#"{"access_token":"a"}"#, shape), Verdict::Tokens(_)));
}

#[test]
fn zero_is_no_error_and_the_first_of_a_list_is_one() {
    for zero in [r#""error":0"#, r#""error":"0""#, r#""error":{"code":0}"#, r#""error":[]"#, r#""error_code":0"#] {
        tokens(verdict(200, &format!(r#"{{{zero},"access_token":"a"}}"#)));
    }
    tokens(shaped(200, r#"{"errcode":0,"access_token":"a"}"#, r#"{"error":"errcode"}"#));
    let found = verdict(400, r#"{"error":["invalid_grant","x"],"error_description":["expired","x"]}"#);
    assert!(matches!(found, Verdict::Ended(error, _) if error.error_description.as_deref() == Some("expired")));
}

#[test]
fn an_access_token_that_no_header_can_hold_is_none_and_the_refresh_token_beside_it_is_kept() {
    for token in [r"a\r\nx: 1", r"a\n", r"a\u0000", r"a\u007f", "aé", "a€", r"a\ud800"] {
        let with = |more: &str| verdict(200, &format!(r#"{{"access_token":"{token}"{more}}}"#));
        let Verdict::UnknownType(kept, error) = with(r#","refresh_token":"r""#) else { panic!("{token}") };
        assert_eq!((kept.access_token(), kept.refresh_token()), (None, Some("r")), "{token}");
        assert!(error.error_description.is_some());
        assert!(matches!(with(""), Verdict::Unreadable(_)), "{token}");
    }
    for token in ["a b", "a|b", "00D!AQ.x_y~z+/=", "a:b%c"] {
        let found = tokens(verdict(200, &format!(r#"{{"access_token":"{token}"}}"#)));
        assert_eq!(found.access_token(), Some(token));
    }
}

#[test]
fn a_refresh_token_of_a_reply_can_be_ignored_and_one_of_a_login_is_taken() {
    let shape = r#"{"names":{"refresh_token":null}}"#;
    let reply = r#"{"access_token":"a","refresh_token":"r"}"#;
    let found = tokens(shaped(200, reply, shape));
    assert_eq!((found.access_token(), found.refresh_token()), (Some("a"), None));
    let options = options(shape);
    let found = login(Json::parse(reply).expect("JSON"), ResponseShape::new(&options)).expect("tokens");
    assert_eq!(found.refresh_token(), Some("r"));
}

fn verdict(status: u16, body: &str) -> Verdict {
    shaped(status, body, "{}")
}

fn shaped(status: u16, body: &str, shape: &str) -> Verdict {
    let reply = Reply { status, body: Some(Secret::new(body)), ..Reply::default() };
    judge(&reply, ResponseShape::new(&options(shape)), UnixTime::from_millis(1_000_000))
}

fn options(shape: &str) -> Value {
    Value::from_json(Json::parse(&format!(r#"{{"response":{shape}}}"#)).expect("a shape is JSON"))
}

fn tokens(verdict: Verdict) -> Tokens {
    match verdict {
        Verdict::Tokens(tokens) => *tokens,
        other => panic!("{other:?}"),
    }
}

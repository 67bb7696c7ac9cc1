//! The public data types have the same form through serde as in JSON.

#![cfg(feature = "serde")]

use oauth_refresher::core::machine::{Code, Source, State};
use oauth_refresher::core::policy::Reuse;
use oauth_refresher::core::record::{Record, Stored, Tokens};
use oauth_refresher::core::time::{Duration, UnixTime};
use oauth_refresher::core::token_set::TokenSet;

const RECORD: &str = r#"{"format":1,"generation":7,"tokens":{"access_token":"at","refresh_token":"rt","expires_in":3600,"principal":{"id":1,"roles":[true,null,"ä\""]}},"obtained_at":1000.125,"pending":{"attempt":"a-1","started_at":1000,"fingerprint":"f","probed_at":1001},"retry_at":1002,"session":"s"}"#;

#[test]
fn a_record_written_through_serde_is_the_record_written_as_json() {
    let record: Record = serde_json::from_str(RECORD).expect("it is a record");
    assert_eq!(Stored::from_json(RECORD), Stored::Record(Box::new(record.clone())));
    assert_eq!(serde_json::to_string(&record).expect("it is data"), RECORD);
    assert_eq!(record.to_json(), RECORD);
}

#[test]
fn what_is_no_record_is_refused_without_being_quoted() {
    for text in
        ["null", "7", "{}", r#"{"format":2,"generation":1,"tokens":{"access_token":"tGzv3JOkF0"},"obtained_at":1}"#]
    {
        let error = serde_json::from_str::<Record>(text).expect_err(text).to_string();
        assert!(!error.contains("tGzv3JOk"), "{error}");
    }
    let stored: Stored = serde_json::from_str("null").expect("nothing is something");
    assert_eq!(stored, Stored::Nothing);
    let stored: Stored = serde_json::from_str(r#"{"generation":4}"#).expect("rubbish too");
    assert_eq!(stored, Stored::Unreadable(Some(4)));
}

#[test]
fn tokens_and_token_sets_keep_every_member() {
    let tokens: Tokens =
        serde_json::from_str(r#"{"access_token":"at","refresh_token":"rt","__proto__":1,"scope":null,"n":-1.5e3}"#)
            .expect("tokens");
    assert_eq!(
        serde_json::to_string(&tokens).expect("data"),
        r#"{"access_token":"at","refresh_token":"rt","n":-1500}"#
    );
    let set: TokenSet =
        serde_json::from_str(r#"{"access_token":"at","refresh_token":"rt","expires_at":5}"#).expect("a token set");
    assert_eq!(serde_json::to_string(&set).expect("data"), r#"{"access_token":"at","expires_at":5}"#);
}

#[test]
fn times_are_seconds_and_words_are_those_of_the_npm_package() {
    assert_eq!(text(&UnixTime::from_millis(1_500)), "1.5");
    assert_eq!(text(&Reuse::Grace(Duration::from_secs(30))), r#"{"graceSeconds":30}"#);
    assert_eq!(text(&Reuse::UntilSuccessorUsed), r#""until-successor-used""#);
    assert_eq!(text(&State::SignedOut), r#""signed-out""#);
    assert_eq!(text(&Code::OutcomeUnknown), r#""outcome_unknown""#);
    assert_eq!(text(&Source::SignOut), r#""sign-out""#);
    assert_eq!(serde_json::from_str::<Duration>("0.25").expect("a duration"), Duration::from_millis(250));
    assert!(serde_json::from_str::<Duration>("-1").is_err());
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("it is data")
}

//! A server that answers with another person's tokens (OpenID Connect Core section 12.2; tests/GUARANTEES.md, I6).

use crate::scenarios::{ask, ask_with, at, good_for, next_request, play, slow, until};
use crate::script::{Ask, RequestFate, What};
use crate::setup::Setup;

fn mixed_up() -> What {
    next_request(RequestFate::SomebodyElse)
}

#[test]
fn somebody_elses_tokens_end_the_session_are_revoked_and_never_stored() {
    let played = play(Setup::calm(1), [at(0, mixed_up()), at(1, ask(0)), at(5_000, ask(0)), until(9_000)]);
    assert_eq!(played.told(0), ["identity_mismatch", "session_ended"], "{}", played.trace());
    assert_eq!(played.events(0), ["token-changed SessionEnded", "session-ended identity_mismatch"]);
    assert_eq!((played.stored_refresh(), played.is_stored(1, 0)), (None, false));
    for token in ["rt-1-0", "at-1-0"] {
        assert!(played.trace().contains(&format!("Revoke {token}")), "{}", played.trace());
    }
    assert_eq!(played.sent(), ["rt-0-0"]);
}

#[test]
fn many_contexts_that_ask_at_once_learn_that_the_session_is_over_and_see_nothing_of_the_stranger() {
    let script = [at(0, mixed_up()), at(1, What::Everyone(Ask::Force, 20_000)), until(30_000)];
    let played = play(slow(good_for(Setup::calm(5), 30_000)), script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    for context in 0..5 {
        let told = played.told(context);
        assert!(["identity_mismatch", "signed_out"].contains(&told[0].as_str()), "{told:?} {}", played.trace());
    }
}

#[test]
fn a_login_during_the_request_wins_and_is_not_compared() {
    let script = [at(0, mixed_up()), at(1, ask_with(0, Ask::Force)), at(200, What::Login(0)), until(9_000)];
    let played = play(slow(good_for(Setup::calm(1), 30_000)), script);
    assert!(played.stored_refresh().is_some(), "{}", played.trace());
    assert!(!played.events(0).iter().any(|event| event.starts_with("session-ended")), "{}", played.trace());
}

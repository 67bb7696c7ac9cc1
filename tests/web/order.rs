//! One refresh takes the same way as in the simulator and in the npm package: look, lock, re-read, mark, send, save, unlock, grant.

use oauth_refresher::core::machine::State;
use oauth_refresher::web::{ErrorCode, Revoke};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::stage::{good, later, options, refresher, run_out, server, Fate, Log, Staged, FIRST};

#[wasm_bindgen_test]
async fn one_refresh_takes_the_whole_way_from_look_to_grant() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    log.note("granted");
    let way = [
        "load",
        "lock",
        "load",
        "mark 8",
        &format!("send grant_type=refresh_token&refresh_token={FIRST}&client_id=my-app"),
        "save 9",
        "unlock",
        "granted",
    ];
    assert_eq!(log.lines(), way);
    assert_eq!(refresher.state(), State::Active);
    let record = storage.record().await.expect("it is stored");
    assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
    assert!(record.pending.is_none());
}

#[wasm_bindgen_test]
async fn a_good_token_takes_one_look_and_then_none() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    for _ in 0..3 {
        assert_eq!(refresher.access_token().await.as_deref(), Ok("old-access-token"));
    }
    assert_eq!(log.lines(), ["load"]);
}

#[wasm_bindgen_test]
async fn a_refusal_is_believed_after_one_more_look_and_ends_the_session() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::Answers(400, r#"{"error":"invalid_grant"}"#)]));
    let error = refresher.access_token().await.expect_err("the session is over");
    assert_eq!(
        (error.code(), error.error(), error.status()),
        (ErrorCode::SessionEnded, Some("invalid_grant"), Some(400))
    );
    assert!(error.is_session_ended() && !error.is_retryable());
    assert_eq!(log.count("send"), 1);
    assert_eq!(refresher.state(), State::SessionEnded);
    assert!(!storage.locked.get());
}

#[wasm_bindgen_test]
async fn a_lost_reply_is_not_answered_by_sending_the_same_again() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::Dies]));
    let error = refresher.access_token().await.expect_err("nothing came");
    assert_eq!(error.code(), ErrorCode::OutcomeUnknown);
    assert_eq!(log.count("send"), 1);
    assert!(storage.record().await.expect("it is kept").in_doubt().is_some(), "the mark stays");
    assert!(!storage.locked.get(), "the lock is let go of");
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_is_given_up_and_its_request_aborted() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::Hangs]));
    let error = refresher.access_token().await.expect_err("nothing came");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    later(20).await;
    assert_eq!(log.count("aborted"), 1);
}

#[wasm_bindgen_test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_said() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::Busy(60)]));
    let error = refresher.access_token().await.expect_err("busy");
    assert_eq!((error.code(), error.retry_after_seconds()), (ErrorCode::Unavailable, Some(60)));
    assert!(refresher.access_token().await.is_err());
    assert_eq!(log.count("send"), 1);
}

#[wasm_bindgen_test]
async fn tokens_that_cannot_be_stored_are_served_from_memory_and_stored_later() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    storage.saves.borrow_mut().extend([Ok(()), Err("disk full"), Ok(())]);
    let refresher = refresher(&storage, server(&log, []));
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    for _ in 0..200 {
        if storage.record().await.is_some_and(|record| record.pending.is_none()) {
            break;
        }
        later(20).await;
    }
    let record = storage.record().await.expect("it is stored");
    assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
}

#[wasm_bindgen_test]
async fn a_sign_out_wins_over_a_refresh_in_flight() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::AnswersAfter(100, crate::stage::GRANTED)]));
    let other = refresher.clone();
    wasm_bindgen_futures::spawn_local(async move {
        assert_eq!(other.access_token().await.map_err(|error| error.code()), Err(ErrorCode::SignedOut));
    });
    while log.count("send") == 0 {
        later(5).await;
    }
    refresher.sign_out(Revoke::No).await.expect("it is stored");
    later(200).await;
    assert_eq!(storage.record().await, None, "what the refresh brought is not stored");
    assert_eq!(refresher.state(), State::SignedOut);
    assert_eq!(refresher.tokens(), None);
}

#[wasm_bindgen_test]
async fn a_sign_out_that_can_revoke_nothing_fails_after_the_session_is_over_here() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    let error = refresher.sign_out(Revoke::Yes).await.expect_err("no endpoint is known");
    assert_eq!((error.code(), error.is_retryable()), (ErrorCode::ClientRejected, false));
    let text = "revocation_endpoint is missing: write its URL. Signed out here only";
    assert_eq!(error.error_description(), Some(text));
    assert_eq!((storage.record().await, refresher.state(), refresher.tokens()), (None, State::SignedOut, None));
    assert_eq!(log.count("send"), 0);
    refresher.sign_out(Revoke::No).await.expect("it is stored");
}

#[wasm_bindgen_test]
async fn signing_out_tells_the_server_and_waits_for_it() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let options = options(&storage, server(&log, [])).revocation_endpoint("https://auth.example/revoke");
    let refresher = oauth_refresher::web::Refresher::new(options).expect("the options are good");
    refresher.sign_out(Revoke::Yes).await.expect("it is stored");
    let revoked = format!("send token={FIRST}&token_type_hint=refresh_token&client_id=my-app");
    assert_eq!(log.lines().last(), Some(&revoked));
    assert_eq!(storage.record().await, None);
}

#[wasm_bindgen_test]
async fn a_revocation_that_a_busy_server_put_off_is_sent_again_then() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let options = options(&storage, server(&log, [Fate::Busy(0)])).revocation_endpoint("https://auth.example/revoke");
    let refresher = oauth_refresher::web::Refresher::new(options).expect("the options are good");
    refresher.sign_out(Revoke::Yes).await.expect("it is stored");
    assert_eq!(log.count("send token="), 2);
}

#[wasm_bindgen_test]
async fn a_storage_that_cannot_compare_is_read_before_each_write() {
    let log = Log::default();
    let mut storage = Staged::with(&run_out(), &log).await;
    std::rc::Rc::get_mut(&mut storage).expect("there is one owner").is_blind = true;
    let refresher = refresher(&storage, server(&log, []));
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    let lines = log.lines();
    let writes: Vec<_> =
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("mark") || line.starts_with("save")).collect();
    assert_eq!(writes.len(), 2);
    for (at, _) in writes {
        assert_eq!(lines[at - 1], "load");
    }
    assert!(!refresher.capabilities().conditional_save);
}

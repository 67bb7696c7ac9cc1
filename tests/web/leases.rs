//! A context that was stalled: what it may still do under its lock, and how long it waits for a reply.

use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::stage::{later, refresher, run_out, server, Fate, Log, Staged, GRANTED};

#[wasm_bindgen_test]
async fn a_holder_whose_lock_went_to_another_reads_again_before_it_marks_sends_or_saves() {
    for (asked, order) in ["mark", "send", "save"].into_iter().enumerate() {
        let log = Log::default();
        let storage = Staged::with(&run_out(), &log).await;
        storage.holds.set(u32::try_from(asked).ok());
        let refresher = refresher(&storage, server(&log, []));
        assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"), "{order}");
        let lines = log.lines();
        let lost = lines.iter().position(|line| line == "lost").expect("it was asked");
        let next: Vec<_> = lines[lost..].iter().filter(|line| *line != "unlock").take(4).collect();
        // a result is compared with what is stored, and needs no lock
        let first: &[_] = if order == "save" { &["lost", "load"] } else { &["lost", "lock", "load"] };
        assert_eq!(next[..first.len()], *first, "{lines:?}");
        assert_eq!(lines[..lost].iter().filter(|line| line.starts_with(order)).count(), 0, "{lines:?}");
        assert_eq!(log.count("send"), 1, "{lines:?}");
        let record = storage.record().await.expect("it is stored");
        assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
    }
}

#[wasm_bindgen_test]
async fn a_context_that_was_blocked_over_the_timeout_reads_the_reply_that_came_meanwhile() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    // later than the 300 ms of a request
    let refresher = refresher(&storage, server(&log, [Fate::AnswersAfter(350, GRANTED)]));
    let answered = Log::default();
    let answer = answered.clone();
    spawn_local(async move {
        let answered = refresher.access_token().await;
        answer.note(answered.unwrap_or_else(|error| error.to_string()));
    });
    while log.count("send") == 0 {
        later(5).await;
    }
    let end = js_sys::Date::now() + 1800.0;
    while js_sys::Date::now() < end {}
    while answered.lines().is_empty() {
        later(5).await;
    }
    assert_eq!(answered.lines(), ["new-access-token"]);
}

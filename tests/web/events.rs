//! Events: after the change is stored, outside every lock, once per change, in the order of generations.

use std::cell::RefCell;
use std::rc::Rc;

use oauth_refresher::web::{ErrorCode, Event, Source, Storage, Tokens};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::stage::{good, later, refresher, run_out, server, Fate, Log, Staged};

#[wasm_bindgen_test]
async fn a_change_is_told_once_after_it_is_stored_and_outside_the_lock() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    let (heard, inside) = (log.clone(), refresher.clone());
    let listener = refresher.listen(move |event| {
        if let Event::TokenChanged { tokens: Some(tokens), source, generation } = event {
            // a listener may call any method
            assert_eq!(inside.tokens().as_ref(), Some(tokens));
            heard.note(format!("told {source:?} {generation} {}", tokens.access_token()));
        }
    });
    assert!(refresher.access_token().await.is_ok());
    later(20).await;
    let lines = log.lines();
    let told: Vec<_> = lines.iter().filter(|line| line.starts_with("told")).collect();
    // what the storage held was no change, or one that a peer brought
    assert_eq!(told.last().map(|line| line.as_str()), Some("told Refresh 9 new-access-token"));
    assert_eq!(told.iter().filter(|line| line.contains("Refresh")).count(), 1);
    assert_eq!(lines.last().map(String::as_str), Some("told Refresh 9 new-access-token"), "{lines:?}");
    drop(listener);
    refresher.refresh().await.expect("granted");
    later(20).await;
    assert_eq!(
        log.lines().iter().filter(|line| line.contains("told Refresh")).count(),
        1,
        "the removed listener hears nothing"
    );
}

#[wasm_bindgen_test]
async fn a_stream_and_a_callback_hear_the_same() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::Answers(400, r#"{"error":"invalid_grant"}"#)]));
    let heard = Rc::new(RefCell::new(Vec::new()));
    let also = Rc::clone(&heard);
    let _listener = refresher.listen(move |event| also.borrow_mut().push(event.clone()));
    let mut events = refresher.events();
    assert!(refresher.access_token().await.is_err());
    let mut streamed = Vec::new();
    while !streamed.iter().any(|event| matches!(event, Event::SessionEnded { .. })) {
        streamed.push(events.next().await.expect("the session's end is told"));
    }
    later(10).await;
    let heard = heard.borrow();
    assert!(heard.len() >= streamed.len() && heard[..streamed.len()] == streamed[..], "{heard:?} {streamed:?}");
    let Some(Event::SessionEnded { error }) = streamed.last() else { panic!("the last is the end") };
    assert_eq!(error.code(), ErrorCode::SessionEnded);
}

#[wasm_bindgen_test]
async fn another_contexts_login_is_heard_without_asking() {
    let log = Log::default();
    let storage = Rc::new(oauth_refresher::web::memory_storage());
    let options = || {
        oauth_refresher::web::Options::new("https://auth.example/token")
            .shared_storage(Rc::clone(&storage) as Rc<dyn Storage>)
            .fetch(server(&log, []))
    };
    let (here, there) = (
        oauth_refresher::web::Refresher::new(options()).expect("good"),
        oauth_refresher::web::Refresher::new(options()).expect("good"),
    );
    let mut events = here.events();
    later(10).await;
    let login = Tokens::parse(
        r#"{"access_token":"login-access-token","refresh_token":"login-refresh-token","expires_in":3600}"#,
    )
    .expect("it is an object");
    there.set_tokens(login).await.expect("it is stored");
    let Event::TokenChanged { tokens: Some(tokens), source, .. } = events.next().await.expect("it is told") else {
        panic!("the first thing that happens here is a peer's login")
    };
    assert_eq!((tokens.access_token(), source), ("login-access-token", Source::Peer));
    assert_eq!(here.access_token().await.as_deref(), Ok("login-access-token"));
}

#[wasm_bindgen_test]
async fn a_storage_that_fails_is_told_without_what_is_secret() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    storage.saves.borrow_mut().extend([Err("no room for old-access-token"), Ok(())]);
    let refresher = refresher(&storage, server(&log, []));
    let mut events = refresher.events();
    assert!(refresher.access_token().await.is_ok());
    let forced = refresher.clone();
    wasm_bindgen_futures::spawn_local(async move { drop(forced.refresh().await) });
    loop {
        if let Event::StorageFailed { error, operation } = events.next().await.expect("it is told") {
            assert_eq!(error.message(), "no room for [redacted]");
            assert_eq!(format!("{operation:?}"), "Save");
            break;
        }
    }
}

//! What an error says of a request without a reply: the platform's error as its cause, the reason, and what became of the refresh token.

use std::error::Error;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use js_sys::Function;
use oauth_refresher::core::oauth::response::RefreshTokenState;
use oauth_refresher::web::{Background, ErrorCode, FetchError, JsStorage, Options, RefreshError, Refresher, Storage};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Request;

use crate::stage::{good, options, run_out, server, Fate, Log, Staged, FIRST};

/// A refresh that fails with this fetch and these options, and whether a mark stays.
async fn failed(fetch: &str, given: impl FnOnce(Options) -> Options) -> (RefreshError, bool) {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let fetch = Function::new_with_args("input, init", fetch);
    let bare = Options::new("https://auth.example/token").client_id("my-app").background(Background::Never);
    let options = given(bare).retries(0).timeout(Duration::from_millis(300)).fetch(fetch);
    let options = options.shared_storage(Rc::clone(&storage) as Rc<dyn Storage>);
    let refresher = Refresher::new(options).expect("the options are good");
    let error = refresher.access_token().await.expect_err("it fails");
    refresher.close();
    (error, storage.record().await.is_some_and(|record| record.pending.is_some()))
}

#[wasm_bindgen_test]
async fn the_platforms_error_is_the_cause_with_its_own_cause_and_without_secrets() {
    let thrown = format!(
        "throw Object.assign(new TypeError('fetch failed'), {{
           cause: Object.assign(new Error('broken while {FIRST} was sent'), {{ code: 'ECONNRESET' }}) }})"
    );
    let (error, is_marked) = failed(&thrown, |options| options).await;
    assert_eq!((error.code(), is_marked), (ErrorCode::OutcomeUnknown, true));
    let cause = error.cause().expect("the platform's error");
    assert_eq!((cause.name(), cause.message(), cause.code()), ("TypeError", "fetch failed", None));
    let inner = cause.cause().expect("its own");
    assert_eq!((inner.name(), inner.code()), ("Error", Some("ECONNRESET")));
    assert_eq!(inner.message(), "broken while [redacted] was sent");
    let chain = error.source().and_then(Error::source).map(ToString::to_string);
    assert_eq!(chain.as_deref(), Some("Error: broken while [redacted] was sent"));
    assert!(!format!("{error:?}").contains(FIRST), "{error:?}");
}

#[wasm_bindgen_test]
async fn what_cannot_be_sent_leaves_no_mark_and_says_why() {
    for (fetch, header, said) in [
        ("throw 1", "abc\u{200b}", "the header apikey has a character that HTTP does not allow"),
        ("throw 1", "a\u{1}bc", "the header apikey has a character that HTTP does not allow"),
        ("return {}", "abc", "fetch must give a Response"),
        ("return 7", "abc", "fetch must give a Response"),
    ] {
        let (error, is_marked) = failed(fetch, |options| options.header("apikey", header)).await;
        assert_eq!((error.code(), is_marked), (ErrorCode::ClientRejected, false), "{error}");
        assert_eq!(error.refresh_token_state(), RefreshTokenState::Unspent);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[wasm_bindgen_test]
async fn a_port_that_fetch_blocks_is_no_lost_reply() {
    let endpoint = r#"{"token_endpoint":"https://auth.example:6667/token","client_id":"my-app"}"#;
    let elsewhere = Options::from_json(endpoint).expect("they are options");
    let (error, is_marked) = failed("throw new TypeError('Failed to fetch')", |_| elsewhere).await;
    assert_eq!((error.code(), is_marked), (ErrorCode::ClientRejected, false));
    assert_eq!(error.to_string(), "Nothing was sent (fetch blocks the port of this URL: use another)");
    assert_eq!(error.cause().map(|cause| cause.message()), Some("Failed to fetch"));
}

#[wasm_bindgen_test]
async fn what_a_function_of_the_options_throws_is_the_reason_and_the_cause() {
    let given = Function::new_no_args(
        "return { token_endpoint: 'https://auth.example/token', client_id: 'my-app', background: 'never',
           headers: { x() { throw Object.assign(new RangeError('the vault is sealed'), { code: 'SEALED' }) } } }",
    );
    let given = Options::from_js(&given.call0(&JsValue::UNDEFINED).expect("an object")).expect("they are options");
    let (error, is_marked) = failed("throw 1", |_| given).await;
    assert_eq!((error.code(), is_marked), (ErrorCode::ClientRejected, false));
    assert_eq!(error.error_description(), Some("the vault is sealed"));
    let cause = error.cause().expect("what was thrown");
    assert_eq!((cause.name(), cause.code()), ("RangeError", Some("SEALED")));
}

#[wasm_bindgen_test]
async fn a_storages_error_is_the_cause_of_storage_failed() {
    let storage = Function::new_no_args(
        "return { save() {}, load() { throw Object.assign(new Error('connect ECONNREFUSED db:5432'), { code: 'ECONNREFUSED' }) } }",
    );
    let storage = JsStorage::new(storage.call0(&JsValue::UNDEFINED).expect("an object")).expect("a storage");
    let options = Options::new("https://auth.example/token").client_id("my-app").storage(storage);
    let refresher = Refresher::new(options.timeout(Duration::from_millis(200))).expect("the options are good");
    let error = refresher.access_token().await.expect_err("it cannot be read");
    assert_eq!(error.code(), ErrorCode::StorageFailed);
    let cause = error.cause().expect("the storage's error");
    assert_eq!((cause.message(), cause.code()), ("connect ECONNREFUSED db:5432", Some("ECONNREFUSED")));
}

#[wasm_bindgen_test]
async fn callers_of_one_failure_get_one_error() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refused = Fate::Answers(400, r#"{"error":"invalid_grant","error_description":"it is over"}"#);
    let refresher = Refresher::new(options(&storage, server(&log, [refused]))).expect("the options are good");
    let (mut one, mut other) = (pin!(refresher.access_token()), pin!(refresher.access_token()));
    let waits = poll_fn(|context| {
        Poll::Ready(one.as_mut().poll(context).is_pending() && other.as_mut().poll(context).is_pending())
    });
    assert!(waits.await, "both wait");
    let (one, other) = (one.await.expect_err("it is over"), other.await.expect_err("it is over"));
    let place = |error: &RefreshError| error.error_description().map(str::as_ptr);
    assert!(place(&one).is_some() && place(&one) == place(&other), "it is built once");
}

#[wasm_bindgen_test]
async fn fetch_rejects_where_the_refresh_after_a_401_was_only_unavailable_unless_told_otherwise() {
    for keeps in [false, true] {
        let log = Log::default();
        let storage = Staged::with(&good(), &log).await;
        let fetch = Function::new_with_args(
            "input",
            "return Promise.resolve(new Response('', { status: typeof input == 'string' ? 503 : 401 }))",
        );
        let options = options(&storage, fetch).retries(0).origins(["https://api.example"]);
        let refresher = Refresher::new(options.keep_rejected_response(keeps)).expect("the options are good");
        let request = Request::new_with_str("https://api.example/notes").expect("a request");
        match refresher.fetch(&request).await {
            Ok(response) => assert!(keeps && response.status() == 401),
            Err(FetchError::Refresh(error)) => {
                assert!(!keeps && error.code() == ErrorCode::Unavailable && error.is_retryable(), "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[wasm_bindgen_test]
async fn fetch_gives_the_401_where_a_login_is_needed() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let fetch = Function::new_with_args(
        "input",
        "return Promise.resolve(typeof input == 'string'
           ? new Response('{\"error\":\"invalid_grant\"}', { status: 400 }) : new Response('', { status: 401 }))",
    );
    let options = options(&storage, fetch).origins(["https://api.example"]);
    let refresher = Refresher::new(options).expect("the options are good");
    let request = Request::new_with_str("https://api.example/notes").expect("a request");
    assert_eq!(refresher.fetch(&request).await.expect("the server's answer").status(), 401);
}

#[wasm_bindgen_test]
fn plain_http_on_purpose_is_for_endpoints_and_origins_alike() {
    let plain = || Options::new("http://keycloak:8080/token").origins(["http://api:8000"]);
    assert!(Refresher::new(plain()).is_err());
    assert!(Refresher::new(plain().allow_insecure_requests(true)).is_ok());
    let data = r#"{"token_endpoint":"http://keycloak:8080/token","allowInsecureRequests":true}"#;
    assert!(Refresher::new(Options::from_json(data).expect("it is an option")).is_ok());
    for endpoint in ["http://127.evil.example/token", "http://127.0.0.1.evil.example/token"] {
        assert!(Refresher::new(Options::new(endpoint)).is_err(), "{endpoint}");
    }
}

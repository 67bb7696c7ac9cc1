//! Callers: each gets one answer, and one that goes takes nothing with it but its own demand.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use oauth_refresher::core::record::Tokens;
use oauth_refresher::web::{Demand, ErrorCode, FetchError, Options, Refresher, Value};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Request, RequestInit};

use crate::stage::{good, later, options, refresher, run_out, server, Fate, Log, Staged, GRANTED};

#[wasm_bindgen_test]
async fn a_hundred_callers_are_one_request() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    let answered = Log::default();
    for _ in 0..100 {
        let (refresher, answered) = (refresher.clone(), answered.clone());
        spawn_local(async move { answered.note(refresher.access_token().await.expect("granted")) });
    }
    while answered.lines().len() < 100 {
        later(5).await;
    }
    assert_eq!(log.count("send"), 1);
    assert_eq!(answered.count("new-access-token"), 100);
}

#[wasm_bindgen_test]
async fn nothing_happens_before_a_future_is_polled() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    drop(refresher.access_token());
    later(20).await;
    assert_eq!(log.lines().len(), 0);
}

#[wasm_bindgen_test]
async fn a_dropped_future_withdraws_its_demand_and_the_refresh_goes_on() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::AnswersAfter(50, GRANTED)]));
    {
        let mut call = pin!(refresher.access_token());
        let first = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await;
        assert!(first, "it waits");
        while log.count("send") == 0 {
            later(5).await;
        }
    }
    while log.count("unlock") == 0 {
        later(5).await;
    }
    let record = storage.record().await.expect("it is stored");
    assert_eq!(record.tokens.access_token(), Some("new-access-token"));
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    assert_eq!(log.count("send"), 1);
}

#[wasm_bindgen_test]
async fn a_caller_waits_no_longer_than_it_said() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::AnswersAfter(250, GRANTED)]));
    let error = refresher.token_set(Demand::default().timeout(Duration::from_millis(60))).await.expect_err("too late");
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"), "the refresh went on");
    assert_eq!(log.count("send"), 1);
}

#[wasm_bindgen_test]
async fn a_refused_token_is_refreshed_once() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    let rejected = || Demand::default().rejected("old-access-token");
    assert_eq!(refresher.token_set(rejected()).await.expect("granted").access_token(), "new-access-token");
    assert_eq!(refresher.token_set(rejected()).await.expect("held").access_token(), "new-access-token");
    assert_eq!(log.count("send"), 1);
}

#[wasm_bindgen_test]
async fn when_the_last_clone_is_gone_the_refresher_is_closed_and_a_refresh_in_flight_is_stored() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, [Fate::AnswersAfter(50, GRANTED)]));
    let (mut events, clone) = (refresher.events(), refresher.clone());
    let asked = async move { clone.access_token().await };
    {
        let mut asked = pin!(asked);
        let _ = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending())).await;
        while log.count("send") == 0 {
            later(5).await;
        }
    }
    drop(refresher);
    assert_eq!(events.next().await, None, "the stream ends");
    while log.count("unlock") == 0 {
        later(5).await;
    }
    assert!(storage.record().await.expect("it is stored").pending.is_none());
}

#[wasm_bindgen_test]
async fn a_closed_refresher_says_so() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let refresher = refresher(&storage, server(&log, []));
    refresher.close();
    let error = refresher.access_token().await.expect_err("it is closed");
    assert_eq!((error.code().as_str(), error.is_retryable()), ("closed", false));
    assert_eq!(log.lines().len(), 0);
}

const REFUSED: Fate = Fate::Answers(401, r#"{"error":"invalid_client","error_description":"no secret-number-1 here"}"#);

#[wasm_bindgen_test]
async fn a_secret_that_was_rotated_is_asked_for_again() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let secrets = std::cell::RefCell::new(vec!["second-secret", "first-secret"]);
    let options = options(&storage, server(&log, [REFUSED]))
        .client_secret(Value::asked(move || {
            let secret = secrets.borrow_mut().pop().expect("asked twice");
            async move { Ok(secret.to_owned()) }
        }))
        .client_auth("client_secret_post");
    let refresher = Refresher::new(options).expect("the options are good");
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    assert_eq!(log.lines().iter().filter(|line| line.contains("client_secret=second-secret")).count(), 1);
}

#[wasm_bindgen_test]
async fn a_value_function_is_asked_at_each_attempt_and_what_it_says_is_shown_nowhere() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let asked = Log::default();
    let count = asked.clone();
    let options = options(&storage, server(&log, [REFUSED, REFUSED]))
        .client_secret(Value::asked(move || {
            count.note("asked");
            let secret = format!("secret-number-{}", count.lines().len());
            async move { Ok(secret) }
        }))
        .client_auth("client_secret_post");
    let refresher = Refresher::new(options).expect("the options are good");
    let error = refresher.access_token().await.expect_err("the client is refused");
    assert_eq!(error.code(), ErrorCode::ClientRejected);
    assert_eq!(asked.lines().len(), 2, "once more after invalid_client, which is sent then");
    assert_eq!(log.count("send"), 2);
    assert!(!format!("{error:?} {error}").contains("secret-number-1"), "{error:?}");
    assert!(log.lines().iter().any(|line| line.contains("client_secret=secret-number-1")));
}

#[wasm_bindgen_test]
async fn fetch_sends_the_token_to_listed_origins_only_and_retries_once_with_another() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let fetch = js_sys::Function::new_with_args(
        "input, init",
        "if (typeof input == 'string') return this.token(input, init);
         return Promise.resolve(new Response('', input.headers.get('authorization') == 'Bearer new-access-token'
           ? { status: 200 } : { status: 401, headers: { 'www-authenticate': 'Bearer error=\"invalid_token\"' } }));",
    );
    let own = js_sys::Object::new();
    js_sys::Reflect::set(&own, &"token".into(), &server(&log, [])).expect("an object takes members");
    let options = options(&storage, fetch.bind0(&own)).origins(["https://api.example"]);
    let refresher = Refresher::new(options).expect("the options are good");
    let request = |url: &str| {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&"milk".into());
        Request::new_with_str_and_init(url, &init).expect("a request")
    };
    let response = refresher.fetch(&request("https://api.example/notes")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(log.count("send"), 1);
    let refused = refresher.fetch(&request("https://elsewhere.example/")).await;
    assert_eq!(refused.err(), Some(FetchError::OtherOrigin("https://elsewhere.example".to_owned())));
}

#[wasm_bindgen_test]
async fn fetch_repeats_no_request_with_the_token_of_another_person_who_logged_in_meanwhile() {
    let log = Log::default();
    let storage = Staged::with(&good(), &log).await;
    let fetch = js_sys::Function::new_with_args(
        "input",
        "this.sent += 1;
         return new Promise((resolve) => setTimeout(resolve, 200, new Response('', { status: 401 })));",
    );
    let own = js_sys::Object::new();
    js_sys::Reflect::set(&own, &"sent".into(), &0.into()).expect("an object takes members");
    let options = options(&storage, fetch.bind0(&own)).origins(["https://api.example"]);
    let refresher = Refresher::new(options).expect("the options are good");
    let other = refresher.clone();
    spawn_local(async move {
        later(50).await;
        let login = Tokens::parse(r#"{"access_token":"of another person","expires_in":3600}"#).expect("an object");
        other.set_tokens(login).await.expect("it is stored");
    });
    let request = Request::new_with_str("https://api.example/notes").expect("a request");
    let response = refresher.fetch(&request).await.expect("an answer");
    assert_eq!(response.status(), 401);
    let sent = js_sys::Reflect::get(&own, &"sent".into()).expect("it is there");
    assert_eq!(sent.as_f64(), Some(1.0));
    assert_eq!(refresher.access_token().await.as_deref(), Ok("of another person"));
}

#[wasm_bindgen_test]
async fn where_no_server_spoke_the_error_says_what_happened_here() {
    let log = Log::default();
    let without = good().replace(r#""refresh_token""#, r#""other""#);
    let storage = Staged::with(&without, &log).await;
    let error = refresher(&storage, server(&log, [])).refresh().await.expect_err("there is nothing to send");
    assert_eq!(error.code(), ErrorCode::SessionEnded);
    let said = "Log in again (no refresh token: if the login brought none, did it ask for offline_access?)";
    assert_eq!(error.to_string(), said);
    assert_eq!(log.count("send"), 0);
}

#[wasm_bindgen_test]
async fn misuse_is_named_at_once_and_quotes_no_value() {
    let said = |options: Options| Refresher::new(options).expect_err("it is misuse").to_string();
    assert!(said(Options::new("")).contains("token_endpoint is missing"));
    assert!(said(Options::new("http://auth.example/token")).contains("must be an https URL"));
    assert!(said(Options::new("https://a.example/t").client_auth("client_secret_post"))
        .contains("client_secret is missing"));
    assert!(said(Options::new("https://a.example/t").client_secret("hunter2hunter2")).contains("client_id is missing"));
    assert!(said(Options::new("https://a.example/t").origins(["https://api.example/path"])).contains("origins"));
    let twice = Options::new("https://a.example/t").parameter("grant_type", "password");
    assert!(said(twice).contains("parameters.grant_type"));
    let unknown = Options::from_json(r#"{"token_endpiont":"https://a.example/t"}"#).expect_err("no such option");
    assert!(unknown.to_string().contains("token_endpiont is no option"));
}

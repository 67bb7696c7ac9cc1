//! Contexts on one storage: two of this crate, and one of it beside whatever the npm package wrote.

use std::rc::Rc;

use js_sys::{Function, Reflect};
use oauth_refresher::core::record::Stored;
use oauth_refresher::web::{indexed_db_storage, Background, IndexedDb, JsStorage, Options, Refresher, Storage, Tokens};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::stage::{later, refresher, run_out, server, Fate, Log, Staged, GRANTED};

/// As `memoryStorage()` of the npm package, and one that can do less.
const MEMORY: &str = "
    let stored = null;
    return {
      conditionalSave: compares || undefined,
      load: async () => stored && JSON.parse(stored),
      async save(record, expected) {
        const held = stored ? JSON.parse(stored).generation : null;
        if (compares && held !== expected) return false;
        stored = record && JSON.stringify(record);
        if (compares) return true;
      },
    };";

fn js_memory(compares: bool) -> JsValue {
    Function::new_with_args("compares", MEMORY).call1(&JsValue::UNDEFINED, &compares.into()).expect("an object")
}

fn on(storage: JsStorage, log: &Log) -> Refresher {
    let options = Options::new("https://auth.example/token")
        .client_id("my-app")
        .background(Background::Never)
        .storage(storage)
        .fetch(server(log, []));
    Refresher::new(options).expect("the options are good")
}

fn login() -> Tokens {
    Tokens::parse(r#"{"access_token":"a1","refresh_token":"first-refresh-token","expires_at":1,"principal":{"id":7}}"#)
        .expect("an object")
}

/// What two contexts that are asked at once get.
async fn both(contexts: [Refresher; 2]) -> Log {
    let answered = Log::default();
    for context in contexts {
        let answered = answered.clone();
        wasm_bindgen_futures::spawn_local(async move { answered.note(context.access_token().await.expect("granted")) });
    }
    while answered.lines().len() < 2 {
        later(5).await;
    }
    answered
}

#[wasm_bindgen_test]
async fn two_contexts_of_one_storage_send_one_request() {
    let log = Log::default();
    let storage = Staged::with(&run_out(), &log).await;
    let fetch = server(&log, [Fate::AnswersAfter(40, GRANTED)]);
    let (one, other) = (refresher(&storage, fetch.clone()), refresher(&storage, fetch));
    let answered = both([one, other]).await;
    assert_eq!(log.count("send"), 1);
    assert_eq!(answered.count("new-access-token"), 2);
}

#[wasm_bindgen_test]
async fn a_javascript_storage_holds_the_same_record_whether_it_compares_or_not() {
    for compares in [true, false] {
        let log = Log::default();
        let object = js_memory(compares);
        let refresher = on(JsStorage::new(object.clone()).expect("it has both methods"), &log);
        refresher.set_tokens(login()).await.expect("it is stored");
        let set = refresher.token_set(Default::default()).await.expect("granted");
        assert_eq!(set.access_token(), "new-access-token");
        assert_eq!(set.member("principal").map(|json| json.raw().to_owned()).as_deref(), Some(r#"{"id":7}"#));
        assert_eq!(refresher.capabilities().conditional_save, compares);
        let load: Function = Reflect::get(&object, &"load".into()).expect("it is there").unchecked_into();
        let promise = load.call0(&object).expect("it loads");
        let record = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&promise)).await.expect("it loads");
        let text = js_sys::JSON::stringify(&record).expect("it is JSON").as_string().expect("it is text");
        let Stored::Record(record) = Stored::from_json(&text) else { panic!("a record") };
        assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
    }
}

#[wasm_bindgen_test]
async fn two_contexts_of_one_javascript_storage_take_turns() {
    let log = Log::default();
    let storage = JsStorage::new(js_memory(true)).expect("it has both methods");
    let (one, other) = (on(storage.clone(), &log), on(storage, &log));
    one.set_tokens(login()).await.expect("it is stored");
    both([one, other]).await;
    assert_eq!(log.count("send"), 1);
}

#[wasm_bindgen_test]
async fn indexed_db_keeps_the_session_encrypted_or_not() {
    for encrypt in [false, true] {
        let log = Log::default();
        let name = format!("web-test-{encrypt}-{}", js_sys::Date::now());
        let open = || indexed_db_storage(&name, IndexedDb { encrypt }).expect("a name is all it wants");
        let refresher = on(open(), &log);
        refresher.set_tokens(login()).await.expect("it is stored");
        assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
        drop(refresher);
        assert_eq!(on(open(), &log).access_token().await.as_deref(), Ok("new-access-token"), "another page reads it");
        assert_eq!(log.count("send"), 1);
        let stored = open().load().await.expect("it can be read");
        let Stored::Record(record) = stored else { panic!("a record") };
        assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
    }
}

#[wasm_bindgen_test]
async fn web_storage_is_that_of_the_npm_package() {
    let Ok(area) = Reflect::get(&js_sys::global(), &"localStorage".into()) else { return };
    if area.is_undefined() {
        return; // a worker has none
    }
    let log = Log::default();
    let area: web_sys::Storage = area.unchecked_into();
    let storage = oauth_refresher::web::web_storage(&area, "web-test").expect("it is localStorage");
    let refresher = on(storage, &log);
    refresher.set_tokens(login()).await.expect("it is stored");
    assert_eq!(refresher.access_token().await.as_deref(), Ok("new-access-token"));
    let text = area.get_item("web-test").expect("it can be read").expect("it is there");
    let Stored::Record(record) = Stored::from_text(&text) else { panic!("a record") };
    assert_eq!(record.tokens.refresh_token(), Some("second-refresh-token"));
    area.remove_item("web-test").expect("it can be removed");
}

#[wasm_bindgen_test]
fn what_is_no_storage_is_refused() {
    assert!(JsStorage::new(js_sys::Object::new()).is_err());
    assert!(JsStorage::new(JsValue::NULL).is_err());
    assert!(indexed_db_storage("", IndexedDb::default()).is_err());
}

#[wasm_bindgen_test]
async fn a_refresher_that_goes_leaves_the_lock_to_the_next() {
    let log = Log::default();
    let storage = Rc::new(oauth_refresher::web::memory_storage());
    let options = |fetch| {
        Options::new("https://auth.example/token")
            .background(Background::Never)
            .timeout(std::time::Duration::from_millis(200))
            .shared_storage(Rc::clone(&storage) as Rc<dyn Storage>)
            .fetch(fetch)
    };
    let first = Refresher::new(options(server(&log, [Fate::Hangs]))).expect("good");
    first.set_tokens(login()).await.expect("it is stored");
    let asked = first.clone();
    wasm_bindgen_futures::spawn_local(async move { drop(asked.access_token().await) });
    while log.count("send") == 0 {
        later(5).await;
    }
    drop(first);
    let second = Refresher::new(options(server(&log, []))).expect("good");
    // the first request's outcome is unknown, and the server may be asked once more
    assert!(second
        .token_set(oauth_refresher::web::Demand::default().timeout(std::time::Duration::from_secs(2)))
        .await
        .is_ok());
}

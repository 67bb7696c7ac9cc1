//! A refresher of the npm package, as `createRefresher` gives it, over the world's storage, lock and server.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Array, Function, Object, Promise, Reflect, JSON};
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::web::{Storage, StorageError, Subscription, Written};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{future_to_promise, JsFuture};

use crate::history::first;
use crate::script::Ask;
use crate::storage::Own;

/// The packed package as one script; `cargo xtask test histories` writes it.
const PACKAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/dist/histories/package.js"));

thread_local! {
    static CREATE: Function = {
        let code = format!("{PACKAGE}\nreturn oauthRefresher.createRefresher;");
        let created = Function::new_no_args(&code).call0(&JsValue::UNDEFINED);
        created.expect("the package can be evaluated").unchecked_into()
    };
}

/// A refresher. The last clone closes it when it is dropped.
#[derive(Clone)]
pub struct Subject(Rc<Closing>);

struct Closing(JsValue);

/// Loads the core: to compile it takes real time.
pub async fn prepare() {
    let options = r#"{"token_endpoint":"https://as.example/token","tokens":{"access_token":"a","expires_in":3600}}"#;
    let refresher = created(JSON::parse(options).expect("an object"));
    let first = Subject(Rc::new(Closing(refresher))).ask(Ask::Plain, 10_000).await;
    assert_eq!(first.as_deref(), Ok("a"));
}

impl Subject {
    /// `options` in JSON.
    pub fn open(options: &str, in_background: bool, is_lock_shared: bool, storage: Own, fetch: Function) -> Self {
        let options = JSON::parse(options).expect("the world's options are options");
        set(&options, "background", if in_background { "always" } else { "never" });
        set(&options, "lock", if is_lock_shared { "auto" } else { "none" });
        set(&options, "storage", token_storage(storage));
        set(&options, "fetch", fetch);
        Self(Rc::new(Closing(created(options))))
    }

    /// The access token, or the code of the error. Dropping the future withdraws the caller. `patience_ms` does not count for a forced
    /// refresh.
    pub async fn ask(&self, ask: Ask, patience_ms: u64) -> Result<String, String> {
        let demand: JsValue = Object::new().into();
        let caller = Caller::new(&demand);
        let held = get(&get(&self.0 .0, "tokens"), "access_token");
        if ask != Ask::Force {
            set(&demand, "timeoutSeconds", patience_ms as f64 / 1000.0);
        }
        match ask {
            Ask::Valid(span) => set(&demand, "minValiditySeconds", span as f64 / 1000.0),
            Ask::Rejected if held.is_string() => set(&demand, "rejected", held),
            Ask::RejectedLong => set(&demand, "rejected", "at-0-0"),
            Ask::Force | Ask::Plain | Ask::Rejected => {}
        }
        let answer = self.call(if ask == Ask::Force { "refresh" } else { "getTokens" }, &demand).await;
        drop(caller);
        answer.map(|tokens| text(&tokens, "access_token")).map_err(|error| text(&error, "code"))
    }

    pub async fn sign_out(&self, revoke: bool) {
        let options = Object::new().into();
        set(&options, "revoke", revoke);
        let _ = self.call("signOut", &options).await;
    }

    /// `reply`: the token endpoint's.
    pub async fn set_tokens(&self, reply: &str) {
        let _ = self.call("setTokens", &JSON::parse(reply).expect("the server replies in JSON")).await;
    }

    fn call(&self, method: &str, argument: &JsValue) -> JsFuture {
        let called = function(&self.0 .0, method).call1(&self.0 .0, argument);
        JsFuture::from(called.expect("no method throws").unchecked_into::<Promise>())
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let _ = function(&self.0, "close").call0(&self.0);
    }
}

/// Aborts its signal when it is dropped.
struct Caller(JsValue);

impl Caller {
    fn new(demand: &JsValue) -> Self {
        let class: Function = get(&js_sys::global(), "AbortController").unchecked_into();
        let controller = Reflect::construct(&class, &Array::new()).expect("it can be made");
        set(demand, "signal", get(&controller, "signal"));
        Self(controller)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = function(&self.0, "abort").call0(&self.0);
    }
}

/// The world's storage as a `TokenStorage`.
fn token_storage(own: Own) -> JsValue {
    let own = Rc::new(own);
    let storage = Object::new().into();
    set(&storage, "conditionalSave", own.compares());

    let of = Rc::clone(&own);
    let load = Closure::<dyn Fn() -> Promise>::new(move || {
        let own = Rc::clone(&of);
        promised(async move {
            Ok(match own.load().await? {
                Stored::Record(record) => JSON::parse(&record.to_json()).expect("a record is JSON"),
                Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_) => JsValue::NULL,
            })
        })
    });
    set(&storage, "load", load.into_js_value());

    let of = Rc::clone(&own);
    let save = Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(move |record: JsValue, expected: JsValue| {
        let own = Rc::clone(&of);
        promised(async move {
            let record = record_of(&record);
            let written = own.save(record.as_ref(), expected.as_f64().map(|generation| generation as u64)).await?;
            Ok(match written {
                Written::Compared => JsValue::TRUE,
                Written::Refused => JsValue::FALSE,
                Written::Blindly => JsValue::UNDEFINED,
            })
        })
    });
    set(&storage, "save", save.into_js_value());

    if own.has_lock() {
        let of = Rc::clone(&own);
        let lock = Closure::<dyn Fn(Function, JsValue) -> Promise>::new(move |work: Function, options: JsValue| {
            let own = Rc::clone(&of);
            future_to_promise(async move { locked(&own, &work, &get(&options, "signal")).await })
        });
        set(&storage, "lock", lock.into_js_value());
    }

    let subscribe = Closure::<dyn Fn(Function) -> JsValue>::new(move |changed: Function| {
        let call = move || {
            let _ = changed.call0(&JsValue::UNDEFINED);
        };
        let subscription = RefCell::new(own.subscribe(Box::new(call)));
        let end = move || drop::<Option<Subscription>>(subscription.take());
        Closure::<dyn Fn()>::new(end).into_js_value()
    });
    set(&storage, "subscribe", subscribe.into_js_value());
    storage
}

/// Runs the work under the world's lock; leaves the queue if the signal aborts first.
async fn locked(own: &Own, work: &Function, signal: &JsValue) -> Result<JsValue, JsValue> {
    let (abort, aborted) = oneshot::channel();
    let abort = RefCell::new(Some(abort));
    let stop = Closure::<dyn Fn()>::new(move || {
        let _ = abort.take().map(|abort| abort.send(()));
    });
    function(signal, "addEventListener").call2(signal, &"abort".into(), &stop.into_js_value())?;
    let (granted, aborted) = (std::pin::pin!(own.lock()), std::pin::pin!(aborted));
    let Some(guard) = first(granted, aborted).await else { return Err(get(signal, "reason")) };
    let guard = guard.map_err(|error| thrown(&error))?;
    let result = JsFuture::from(work.call0(&JsValue::UNDEFINED)?.unchecked_into::<Promise>()).await;
    drop(guard);
    result
}

fn promised(work: impl Future<Output = Result<JsValue, StorageError>> + 'static) -> Promise {
    future_to_promise(async move { work.await.map_err(|error| thrown(&error)) })
}

fn thrown(error: &StorageError) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}

fn record_of(value: &JsValue) -> Option<Record> {
    if value.is_null() {
        return None;
    }
    let text = String::from(JSON::stringify(value).expect("a record is plain JSON"));
    match Stored::from_text(&text) {
        Stored::Record(record) => Some(*record),
        Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_) => panic!("the package stores no record: {text}"),
    }
}

fn created(options: JsValue) -> JsValue {
    CREATE.with(|create| create.call1(&JsValue::UNDEFINED, &options)).expect("the options are good")
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    Reflect::set(object, &name.into(), &value.into()).expect("an object takes members");
}

fn function(object: &JsValue, name: &str) -> Function {
    get(object, name).unchecked_into()
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

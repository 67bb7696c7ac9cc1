//! A server, a storage and a lock that do what a test says and write down what they were asked. Not a test by itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Function, Object, Promise, Reflect};
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::web::{
    memory_storage, Async, Background, LockGuard, MemoryStorage, Options, Refresher, Storage, StorageError, Written,
};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

pub const FIRST: &str = "first-refresh-token";
pub const GRANTED: &str = r#"{"access_token":"new-access-token","token_type":"Bearer","expires_in":3600,"refresh_token":"second-refresh-token"}"#;

/// What was asked, in order.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub fn note(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub fn count(&self, start: &str) -> usize {
        self.0.borrow().iter().filter(|line| line.starts_with(start)).count()
    }
}

/// What the server does with one request.
#[derive(Clone)]
pub enum Fate {
    Answers(u16, &'static str),
    /// With `Retry-After`.
    Busy(u32),
    Dies,
    Hangs,
    AnswersAfter(u32, &'static str),
}

/// A session whose access token has run out.
pub fn run_out() -> String {
    format!(
        r#"{{"format":1,"generation":7,"obtained_at":1000,"tokens":{{"access_token":"old-access-token","refresh_token":"{FIRST}","expires_in":60}}}}"#
    )
}

/// One whose access token is good for an hour.
pub fn good() -> String {
    let now = js_sys::Date::now() / 1000.0;
    run_out().replace("1000", &format!("{now:.3}")).replace(":60", ":3600")
}

/// A storage in memory that says what it does; with a lock of its own.
pub struct Staged {
    pub inside: MemoryStorage,
    pub log: Log,
    pub locked: Rc<Cell<bool>>,
    /// What becomes of the next writes.
    pub saves: RefCell<VecDeque<Result<(), &'static str>>>,
    pub is_blind: bool,
    /// How often its lock is still held when it is asked; after that it is lost, once.
    pub holds: Rc<Cell<Option<u32>>>,
}

impl Staged {
    pub async fn with(record: &str, log: &Log) -> Rc<Self> {
        let inside = memory_storage();
        if let Stored::Record(record) = Stored::from_text(record) {
            let written = inside.save(Some(&record), None).await;
            assert_eq!(written, Ok(Written::Compared));
        }
        Rc::new(Self {
            inside,
            log: log.clone(),
            locked: Rc::default(),
            saves: RefCell::default(),
            is_blind: false,
            holds: Rc::default(),
        })
    }

    pub async fn record(&self) -> Option<Record> {
        match self.inside.load().await.expect("memory can be read") {
            Stored::Record(record) => Some(*record),
            _ => None,
        }
    }
}

impl Storage for Staged {
    fn load(&self) -> Async<'_, Result<Stored, StorageError>> {
        Box::pin(async {
            later(1).await;
            self.log.note("load");
            self.inside.load().await
        })
    }

    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, Result<Written, StorageError>> {
        Box::pin(async move {
            self.log.note(match record {
                Some(record) if record.pending.is_some() => format!("mark {}", record.generation),
                Some(record) => format!("save {}", record.generation),
                None => "forget".to_owned(),
            });
            later(1).await;
            let fate = self.saves.borrow_mut().pop_front();
            if let Some(Err(message)) = fate {
                return Err(StorageError::new(message));
            }
            let written = self.inside.save(record, expected).await?;
            Ok(if self.is_blind && written == Written::Compared { Written::Blindly } else { written })
        })
    }

    fn compares(&self) -> bool {
        !self.is_blind
    }

    fn has_lock(&self) -> bool {
        true
    }

    fn lock(&self) -> Async<'_, Result<LockGuard, StorageError>> {
        Box::pin(async {
            while self.locked.get() {
                later(2).await;
            }
            self.locked.set(true);
            self.log.note("lock");
            let (locked, log) = (Rc::clone(&self.locked), self.log.clone());
            let guard = LockGuard::new(move || {
                locked.set(false);
                log.note("unlock");
            });
            let (holds, log) = (Rc::clone(&self.holds), self.log.clone());
            Ok(guard.checked_by(move || {
                let is_lost = holds.get() == Some(0);
                holds.set(holds.get().and_then(|left| left.checked_sub(1)));
                if is_lost {
                    log.note("lost");
                }
                Box::pin(async move { !is_lost })
            }))
        })
    }
}

/// A `fetch` that answers by the script, and at its end grants.
pub fn server(log: &Log, fates: impl IntoIterator<Item = Fate>) -> Function {
    let (log, fates) = (log.clone(), RefCell::new(fates.into_iter().collect::<VecDeque<_>>()));
    let answer = Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(move |_url: JsValue, init: JsValue| {
        let body = Reflect::get(&init, &"body".into()).ok().and_then(|body| body.as_string()).unwrap_or_default();
        log.note(format!("send {body}"));
        let signal = Reflect::get(&init, &"signal".into()).unwrap_or_default();
        let fate = fates.borrow_mut().pop_front().unwrap_or(Fate::Answers(200, GRANTED));
        let log = log.clone();
        future_to_promise(async move {
            match fate {
                Fate::Answers(status, body) => {
                    later(1).await;
                    response(status, body, None)
                }
                Fate::Busy(seconds) => response(503, "{}", Some(seconds)),
                Fate::AnswersAfter(millis, body) => {
                    later(millis).await;
                    response(200, body, None)
                }
                Fate::Dies => Err(js_sys::TypeError::new("Failed to fetch").into()),
                Fate::Hangs => {
                    while !Reflect::get(&signal, &"aborted".into())?.is_truthy() {
                        later(5).await;
                    }
                    log.note("aborted");
                    Err(js_sys::Error::new("AbortError").into())
                }
            }
        })
    });
    answer.into_js_value().unchecked_into()
}

fn response(status: u16, body: &str, retry_after: Option<u32>) -> Result<JsValue, JsValue> {
    let headers = web_sys::Headers::new()?;
    if let Some(seconds) = retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    let init = Object::new();
    Reflect::set(&init, &"status".into(), &status.into())?;
    Reflect::set(&init, &"headers".into(), &headers)?;
    let class: Function = Reflect::get(&js_sys::global(), &"Response".into())?.unchecked_into();
    Reflect::construct(&class, &js_sys::Array::of2(&body.into(), &init))
}

/// Options that leave nothing to chance: nothing in the background, retries at once are not waited for.
pub fn options(storage: &Rc<Staged>, fetch: Function) -> Options {
    Options::new("https://auth.example/token")
        .client_id("my-app")
        .background(Background::Never)
        .timeout(Duration::from_millis(300))
        .shared_storage(Rc::clone(storage) as Rc<dyn Storage>)
        .fetch(fetch)
}

pub fn refresher(storage: &Rc<Staged>, fetch: Function) -> Refresher {
    Refresher::new(options(storage, fetch)).expect("the options are good")
}

/// Some milliseconds from now.
pub async fn later(millis: u32) {
    gloo_timers::future::TimeoutFuture::new(millis).await;
}

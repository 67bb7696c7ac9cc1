//! One refresh at a time: first in this realm, then, where there is a lock that reaches further, in every context. A storage's own
//! lock comes first; else Web Locks, by the npm package's own file and names, so that both worlds stand in one line.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;

use futures_channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{spawn_local, JsFuture};
use web_sys::{AbortController, AbortSignal};

use super::wake::OnDrop;
use crate::core::machine::Reach;
use crate::web::error::StorageError;
use crate::web::options::Lock;
use crate::web::storage::{LockGuard, Storage};

#[wasm_bindgen(module = "/pkg-template/lib/ports/lock.js")]
extern "C" {
    type Port;

    #[wasm_bindgen(js_name = lockPort)]
    fn lock_port(option: &JsValue, storage: &JsValue, session: &str) -> Port;

    #[wasm_bindgen(method)]
    fn acquire(this: &Port, signal: &AbortSignal, lease_seconds: f64) -> Promise;

    #[wasm_bindgen(method, getter)]
    fn everywhere(this: &Port) -> bool;
}

// What that imports must be named too, or the tools would leave it out.
#[wasm_bindgen(module = "/pkg-template/lib/ports/bounded.js")]
extern "C" {
    #[wasm_bindgen(js_name = bounded)]
    fn _bounded(work: &Promise, seconds: f64, who: &str) -> Promise;
}

pub struct LockPort {
    /// Used if the storage has a lock of its own.
    storage: Rc<dyn Storage>,
    own: bool,
    port: Port,
    lease_seconds: f64,
}

impl LockPort {
    /// `session` names the session without a secret. No living holder keeps the lock longer than the lease.
    pub fn new(option: Lock, storage: &Rc<dyn Storage>, session: &str, lease_seconds: f64) -> Self {
        let option = match option {
            Lock::Auto => "auto",
            Lock::None => "none",
        };
        // What the file asks of a storage: whether it has a lock, and what tells it from others.
        let described = storage.javascript().unwrap_or_else(|| named(&name_of(storage)));
        Self {
            storage: Rc::clone(storage),
            own: option == "auto" && storage.has_lock(),
            port: lock_port(&JsValue::from_str(option), &described, session),
            lease_seconds,
        }
    }

    /// Whether other contexts respect it.
    pub fn reaches_everywhere(&self) -> bool {
        self.own || self.port.everywhere()
    }

    /// Waits for the lock. Dropping the future stops waiting.
    pub async fn acquire(&self) -> Result<LockGuard, StorageError> {
        if self.own {
            return self.storage.lock().await;
        }
        let waiting = AbortController::new().map_err(|error| StorageError::from_js(&error))?;
        let (granted, grant) = oneshot::channel();
        let promise = self.port.acquire(&waiting.signal(), self.lease_seconds);
        spawn_local(async move {
            // a grant without a waiting receiver is dropped here, and the lock with it
            drop(granted.send(JsFuture::from(promise).await.map(held).map_err(|error| StorageError::from_js(&error))));
        });
        let _stop = OnDrop::new(move || waiting.abort());
        grant.await.unwrap_or_else(|oneshot::Canceled| Err(StorageError::new("the lock was not answered")))
    }
}

/// The session's name: what the npm package names it, so that a JavaScript object and a Rust one exclude each other.
pub fn session_of(endpoint: &str, client_id: &str, storage: &Rc<dyn Storage>) -> String {
    let name = if storage.javascript().is_some() { storage.name().unwrap_or_default() } else { name_of(storage) };
    [endpoint, client_id, &name].join(" ")
}

/// A storage without a name is told from others by where it is.
fn name_of(storage: &Rc<dyn Storage>) -> String {
    storage.name().unwrap_or_else(|| format!("rust:{:x}", Rc::as_ptr(storage).cast::<()>() as usize))
}

fn named(name: &str) -> JsValue {
    let object = Object::new();
    let _ = Reflect::set(&object, &JsValue::from_str("name"), &JsValue::from_str(name));
    object.into()
}

fn held(answer: JsValue) -> LockGuard {
    let member = |name| Reflect::get(&answer, &JsValue::from_str(name)).unwrap_or_default();
    let release = member("release").dyn_into::<Function>().ok();
    let let_go = move || {
        let _ = release.map(|release| release.call0(&JsValue::UNDEFINED));
    };
    let is_held = member("isHeld").dyn_into::<Function>().ok();
    let guard = LockGuard::new(let_go).checked_by(move || {
        let asked = is_held.as_ref().map(|is_held| is_held.call0(&JsValue::UNDEFINED));
        Box::pin(async {
            match asked {
                Some(Ok(answer)) => JsFuture::from(Promise::resolve(&answer)).await.is_ok_and(|held| held.is_truthy()),
                Some(Err(_)) => false,
                None => true,
            }
        })
    });
    let passed_on = member("passedOn").as_string().unwrap_or_default();
    guard.reaching(if member("everywhere").is_truthy() { Reach::passed_on(&passed_on) } else { Reach::ThisRealm })
}

//! A storage object of the npm package, and those that it brings: the same files, so that both worlds share one session.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use js_sys::{Function, Object, Promise, Reflect, JSON};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{Async, Storage, Subscription, Written};
use crate::core::record::{Record, Stored};
use crate::web::error::StorageError;

#[wasm_bindgen(module = "/pkg-template/storage/web.js")]
extern "C" {
    #[wasm_bindgen(js_name = webStorage, catch)]
    fn js_web_storage(area: &web_sys::Storage, key: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/pkg-template/storage/indexeddb.js")]
extern "C" {
    #[wasm_bindgen(js_name = indexedDbStorage, catch)]
    fn js_indexed_db_storage(name: &str, options: &JsValue) -> Result<JsValue, JsValue>;
}

// What those two import must be named too, or the tools would leave it out.
#[wasm_bindgen(module = "/pkg-template/storage/web-clones.js")]
extern "C" {
    #[wasm_bindgen(js_name = sentTokens)]
    fn _sent_tokens(key: &str) -> JsValue;
}
#[wasm_bindgen(module = "/pkg-template/storage/web-marks.js")]
extern "C" {
    #[wasm_bindgen(js_name = marksOf)]
    fn _marks_of(key: &str, shown: &Function) -> JsValue;
}
#[wasm_bindgen(module = "/pkg-template/storage/indexeddb-connection.js")]
extern "C" {
    #[wasm_bindgen(js_name = open)]
    fn _open(name: &str) -> JsValue;
}
#[wasm_bindgen(module = "/pkg-template/storage/indexeddb-cipher.js")]
extern "C" {
    #[wasm_bindgen(js_name = encrypt)]
    fn _encrypt(database: &JsValue, record: &JsValue) -> Promise;
}
#[wasm_bindgen(module = "/pkg-template/lib/known.js")]
extern "C" {
    #[wasm_bindgen(js_name = checkKnown)]
    fn _check_known(who: &str, options: &JsValue, known: &JsValue);
}
#[wasm_bindgen(module = "/pkg-template/lib/given.js")]
extern "C" {
    #[wasm_bindgen(js_name = asGiven)]
    fn _as_given(value: &JsValue) -> String;
}
#[wasm_bindgen(module = "/pkg-template/storage/record.js")]
extern "C" {
    #[wasm_bindgen(js_name = generationOf)]
    fn _generation_of(record: &JsValue) -> JsValue;
}

/// A storage object of the npm package: `load()`, `save(record, expected)`, perhaps `lock` and `subscribe`.
#[derive(Clone, Debug)]
pub struct JsStorage {
    object: JsValue,
}

/// How [`indexed_db_storage`] keeps the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexedDb {
    /// AES-GCM under a key that cannot be exported.
    pub encrypt: bool,
}

/// For the tabs of one origin. `area` is `localStorage` or `sessionStorage`.
///
/// ```no_run
/// # fn page(local_storage: web_sys::Storage) -> Result<(), Box<dyn std::error::Error>> {
/// use oauth_refresher::web::{web_storage, Options, Refresher};
///
/// let storage = web_storage(&local_storage, "session")?;
/// let refresher = Refresher::new(Options::new("https://auth.example/token").client_id("my-app").storage(storage))?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// The text names what is wrong with the arguments.
pub fn web_storage(area: &web_sys::Storage, key: &str) -> Result<JsStorage, StorageError> {
    js_web_storage(area, key).map(|object| JsStorage { object }).map_err(|error| StorageError::from_js(&error))
}

/// For the tabs and workers of one origin.
///
/// # Errors
/// The text names what is wrong with the arguments.
pub fn indexed_db_storage(name: &str, options: IndexedDb) -> Result<JsStorage, StorageError> {
    let given = Object::new();
    let _ = Reflect::set(&given, &JsValue::from_str("encrypt"), &JsValue::from_bool(options.encrypt));
    js_indexed_db_storage(name, &given)
        .map(|object| JsStorage { object })
        .map_err(|error| StorageError::from_js(&error))
}

impl JsStorage {
    /// Takes the object as it is.
    ///
    /// # Errors
    /// It lacks `load` or `save`, or another method is no function.
    pub fn new(object: impl Into<JsValue>) -> Result<Self, StorageError> {
        let storage = Self { object: object.into() };
        if storage.method("load").is_none() || storage.method("save").is_none() {
            return Err(StorageError::new("a storage must be an object with load() and save()"));
        }
        let is_wrong = |name: &&&str| storage.member(name).is_truthy() && storage.method(name).is_none();
        match ["lock", "subscribe", "peek"].iter().find(is_wrong) {
            Some(name) => Err(StorageError::new(format!("storage.{name} must be a function"))),
            None => Ok(storage),
        }
    }

    fn member(&self, name: &str) -> JsValue {
        Reflect::get(&self.object, &JsValue::from_str(name)).unwrap_or_default()
    }

    fn method(&self, name: &str) -> Option<Function> {
        self.member(name).dyn_into().ok()
    }

    async fn call(&self, name: &str, arguments: [&JsValue; 2]) -> Result<JsValue, StorageError> {
        let method = self.method(name).ok_or_else(|| StorageError::new("the storage lost a method"))?;
        let [first, second] = arguments;
        let answer = method.call2(&self.object, first, second).map_err(|error| StorageError::from_js(&error))?;
        JsFuture::from(Promise::resolve(&answer)).await.map_err(|error| StorageError::from_js(&error))
    }
}

impl Storage for JsStorage {
    fn load(&self) -> Async<'_, Result<Stored, StorageError>> {
        Box::pin(async {
            let value = self.call("load", [&JsValue::UNDEFINED; 2]).await?;
            if value.is_undefined() || value.is_null() {
                return Ok(Stored::Nothing);
            }
            // what cannot be JSON is not nothing, and unreadable
            let text = JSON::stringify(&value).ok().and_then(|text| text.as_string());
            Ok(Stored::from_json(&text.unwrap_or_default()))
        })
    }

    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, Result<Written, StorageError>> {
        Box::pin(async move {
            let value = match record {
                Some(record) => JSON::parse(&record.to_json()).map_err(|error| StorageError::from_js(&error))?,
                None => JsValue::NULL,
            };
            let expected = expected.map_or(JsValue::NULL, |generation| JsValue::from_f64(generation as f64));
            let answer = self.call("save", [&value, &expected]).await?;
            Ok(match answer.as_bool() {
                Some(true) => Written::Compared,
                Some(false) => Written::Refused,
                None => Written::Blindly,
            })
        })
    }

    fn compares(&self) -> bool {
        self.member("conditionalSave") == JsValue::TRUE
    }

    // its own lock is used by the lock's port, as in the npm package

    fn subscribe(&self, changed: Box<dyn Fn()>) -> Option<Subscription> {
        let subscribe = self.method("subscribe")?;
        let heard = Closure::<dyn Fn()>::new(changed);
        let end = subscribe.call1(&self.object, heard.as_ref()).ok()?.dyn_into::<Function>().ok();
        Some(Subscription::new(move || {
            let _ = end.map(|end| end.call0(&JsValue::UNDEFINED));
            drop(heard);
        }))
    }

    fn name(&self) -> Option<String> {
        self.member("name").as_string()
    }

    fn javascript(&self) -> Option<JsValue> {
        Some(self.object.clone())
    }
}

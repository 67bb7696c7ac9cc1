//! What an option may say only when it is asked: a text, or a function.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::cause::Fault;
use super::error::Misuse;
use super::storage::Async;
use crate::core::secret::Secret;

/// A text, or a function that is asked for it at each attempt: a rotated secret, a signed header, a request id.
#[derive(Clone)]
pub struct Value(Kind);

#[derive(Clone)]
enum Kind {
    Text(Secret),
    Asked(Rc<dyn Fn() -> Async<'static, Result<String, Fault>>>),
}

impl Value {
    /// Asked at each attempt. What it says in an error is what [`RefreshError::error_description`](super::RefreshError) shows.
    pub fn asked<F>(ask: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + 'static,
    {
        Self::of(move || {
            let asked = ask();
            async move { asked.await.map_err(Fault::from) }
        })
    }

    fn of<F>(ask: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<String, Fault>> + 'static,
    {
        Self(Kind::Asked(Rc::new(move || Box::pin(ask()))))
    }

    pub(super) async fn now(&self) -> Result<String, Fault> {
        match &self.0 {
            Kind::Text(text) => Ok(text.reveal().to_owned()),
            Kind::Asked(ask) => ask().await,
        }
    }

    pub(super) fn known(&self) -> Option<&str> {
        match &self.0 {
            Kind::Text(text) => Some(text.reveal()),
            Kind::Asked(_) => None,
        }
    }

    pub(super) fn from_js(value: &JsValue) -> Option<Self> {
        if let Some(text) = value.as_string() {
            return Some(Self::from(text));
        }
        let ask: Function = value.clone().dyn_into().ok()?;
        Some(Self::of(move || {
            let answer = ask.call0(&JsValue::UNDEFINED).map(|answer| Promise::resolve(&answer));
            async move {
                let given = match answer {
                    Ok(promise) => JsFuture::from(promise).await,
                    Err(thrown) => Err(thrown),
                };
                let given = given.map_err(|thrown| Fault::thrown(&thrown))?;
                given.as_string().ok_or_else(|| Fault::from("a value function must give a string"))
            }
        }))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Kind::Text(Secret::new(text)))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Kind::Text(Secret::new(text)))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Kind::Text(_) => "[redacted]",
            Kind::Asked(_) => "a function",
        })
    }
}

/// The members of that option, each of which must be a value.
pub(super) fn values_of(option: &str, object: &JsValue) -> Result<Vec<(String, Value)>, Misuse> {
    if object.is_undefined() || object.is_null() {
        return Ok(Vec::new());
    }
    let is_plain = |object: &&js_sys::Object| object.to_string() == "[object Object]";
    let Some(object) = object.dyn_ref::<js_sys::Object>().filter(is_plain) else {
        return Err(Misuse(format!("{option} must be an object")));
    };
    let named = js_sys::Object::keys(object).into_iter().map(|name| {
        let value = Reflect::get(object, &name).unwrap_or_default();
        let name = name.as_string().unwrap_or_default();
        let value = Value::from_js(&value).ok_or_else(|| no_value(&format!("{option}.{name}")))?;
        Ok((name, value))
    });
    named.collect()
}

/// The option is neither a text nor a function.
pub(super) fn no_value(option: &str) -> Misuse {
    Misuse(format!("{option} must be a string or a function"))
}

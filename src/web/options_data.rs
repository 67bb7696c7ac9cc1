//! Options as data: JSON, JavaScript objects and serde, under the names of the npm package.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;

use js_sys::Reflect;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};

use super::error::Misuse;
use super::options::Options;
use super::storage::JsStorage;
use super::value::{no_value, values_of, Value};
use crate::core::json::{Json, Object};
use crate::core::option_kinds::option_fault;

impl Options {
    /// From JSON with the names of the npm package's options, as far as they are data. A name that is no option is refused.
    ///
    /// # Errors
    /// Not an object, or a member that is no option or no value for it.
    pub fn from_json(text: &str) -> Result<Self, Misuse> {
        let json = Json::parse(text).filter(|json| json.is_object());
        Self::of_data(json.ok_or_else(|| Misuse("options must be a JSON object".to_owned()))?)
    }

    /// From an options object of the npm package: `storage`, `fetch` and functions for values too.
    ///
    /// # Errors
    /// Not an object, or a member that is no option or no value for it.
    pub fn from_js(options: &JsValue) -> Result<Self, Misuse> {
        if !options.is_object() {
            return Err(Misuse("options must be an object".to_owned()));
        }
        let member = |name: &str| Reflect::get(options, &JsValue::from_str(name)).unwrap_or_default();
        let data = js_sys::Object::assign(&js_sys::Object::new(), options.unchecked_ref());
        for name in ["storage", "fetch", "client_secret", "parameters", "headers"] {
            let _ = Reflect::delete_property(&data, &JsValue::from_str(name));
        }
        let data: Object = serde_wasm_bindgen::from_value(data.into())
            .map_err(|_| Misuse("options must be data, but for storage, fetch and value functions".to_owned()))?;
        let mut built = Self::of_data(data.json())?;
        let secret = member("client_secret");
        if !secret.is_undefined() && !secret.is_null() {
            built.client_secret = Some(Value::from_js(&secret).ok_or_else(|| no_value("client_secret"))?);
        }
        built.parameters = values_of("parameters", &member("parameters"))?;
        built.headers = values_of("headers", &member("headers"))?;
        if !member("storage").is_undefined() {
            let storage = JsStorage::new(member("storage")).map_err(|error| Misuse(error.message().to_owned()))?;
            built.storage = Rc::new(storage);
        }
        built.fetch = member("fetch").dyn_into().ok();
        Ok(built)
    }

    /// The data among the options as a JavaScript object.
    ///
    /// # Errors
    /// What the serializer cannot express; none of these options is such.
    pub fn to_js(&self) -> Result<JsValue, serde_wasm_bindgen::Error> {
        self.serialize(&serde_wasm_bindgen::Serializer::json_compatible())
    }

    /// Takes apart what is text and could have been a function.
    fn of_data(json: Json<'_>) -> Result<Self, Misuse> {
        check(json)?;
        let mut options = Self::of(Object::of(json));
        options.client_secret = json.member("client_secret").and_then(Json::string).map(Value::from);
        let values = |name| {
            let given = json.member(name).unwrap_or_default().members();
            given.filter_map(|(name, value)| Some((name, Value::from(value.string()?)))).collect()
        };
        options.parameters = values("parameters");
        options.headers = values("headers");
        for name in ["client_secret", "parameters", "headers"] {
            options.data.set(name, None);
        }
        if let Some(one) = json.member("resource").and_then(Json::string) {
            options.data.set("resource", None);
            options = options.resource(&one);
        }
        Ok(options)
    }
}

/// The data, with values that are text; functions and the storage are left out.
impl Serialize for Options {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = self.data.clone();
        if let Some(secret) = self.client_secret.as_ref().and_then(Value::known) {
            all.set_text("client_secret", secret);
        }
        for (name, values) in [("parameters", &self.parameters), ("headers", &self.headers)] {
            let mut object = Object::default();
            for (name, value) in values {
                if let Some(text) = value.known() {
                    object.set_text(name, text);
                }
            }
            if object != Object::default() {
                all.set(name, Some(object.json().raw()));
            }
        }
        all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = Object::deserialize(deserializer)?;
        Self::of_data(data.json()).map_err(serde::de::Error::custom)
    }
}

/// Each member is an option, and may be what it is; null and left out are the same.
fn check(json: Json<'_>) -> Result<(), Misuse> {
    if json.member("issuer").is_some() {
        return misuse("issuer: this driver does no discovery; write token_endpoint");
    }
    if json.member("dpop").is_some() {
        return misuse("dpop: this driver has none; use the npm package where tokens must be bound to a key");
    }
    option_fault(json).map_or(Ok(()), misuse)
}

fn misuse(text: impl Into<String>) -> Result<(), Misuse> {
    Err(Misuse(text.into()))
}

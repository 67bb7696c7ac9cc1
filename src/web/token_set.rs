//! A token set as the npm package's callers see it.

use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::core::token_set::TokenSet;

impl TokenSet {
    /// The plain object that it is in JavaScript.
    ///
    /// # Errors
    /// What the serializer cannot express; no token set is such.
    pub fn to_js(&self) -> Result<JsValue, serde_wasm_bindgen::Error> {
        self.serialize(&serde_wasm_bindgen::Serializer::json_compatible())
    }

    /// From such an object.
    ///
    /// # Errors
    /// A member that is missing or of another type.
    pub fn from_js(value: JsValue) -> Result<Self, serde_wasm_bindgen::Error> {
        serde_wasm_bindgen::from_value(value)
    }
}

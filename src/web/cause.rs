//! What the platform, a storage or a function of the options threw, as a value: it is shown beside an error, without secrets.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The error behind an error: of the platform, the storage, the lock or a function of the options. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    name: String,
    message: String,
    code: Option<String>,
    cause: Option<Box<Cause>>,
}

/// Why a request brought no reply or could not be built: in words of this side, and what was thrown.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub reason: String,
    pub cause: Option<Cause>,
}

/// A chain of causes is shown as far as this.
const DEEPEST: usize = 4;

impl Cause {
    /// The platform's name for it: `TypeError`, `QuotaExceededError`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was said.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code beside it, where the platform has one: `ECONNREFUSED`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// What it was caused by itself.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_deref()
    }

    pub(super) fn new(message: String) -> Self {
        Self { name: "Error".to_owned(), message, code: None, cause: None }
    }

    /// The message of a SyntaxError quotes the text that could not be read, and is left out.
    pub(super) fn from_js(thrown: &JsValue) -> Self {
        Self::at(thrown, 0)
    }

    fn at(thrown: &JsValue, depth: usize) -> Self {
        let member = |name| Reflect::get(thrown, &JsValue::from_str(name)).unwrap_or_default();
        let text = |name| member(name).as_string();
        let name = text("name").unwrap_or_else(|| "Error".to_owned());
        let message = match (name.as_str(), text("message")) {
            ("SyntaxError", _) => "the text cannot be parsed".to_owned(),
            (_, Some(message)) => message,
            (_, None) => name.clone(),
        };
        let cause = member("cause");
        let cause = (cause.is_truthy() && depth < DEEPEST).then(|| Box::new(Self::at(&cause, depth + 1)));
        Self { name, message, code: text("code"), cause }
    }

    pub(super) fn cleaned(&self, clean: &dyn Fn(&str) -> String) -> Self {
        Self {
            name: clean(&self.name),
            message: clean(&self.message),
            code: self.code.as_deref().map(clean),
            cause: self.cause.as_ref().map(|cause| Box::new(cause.cleaned(clean))),
        }
    }
}

impl Fault {
    /// What a function of the options threw.
    pub fn thrown(error: &JsValue) -> Self {
        let cause = Cause::from_js(error);
        Self { reason: cause.message.clone(), cause: Some(cause) }
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self { reason, cause: None }
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.message)
    }
}

impl core::error::Error for Cause {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.cause().map(|cause| cause as _)
    }
}

//! Errors as values: a stable code, the server's own words, and what became of the refresh token. None of them holds a token.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::fmt;

use wasm_bindgen::JsValue;

use super::cause::Cause;
use crate::core::machine::{Code as ErrorCode, Failure};
use crate::core::messages::USER_REQUIRED;
use crate::core::oauth::response::{requires_user, RefreshTokenState};

/// Why there is no token. Cheap to clone, safe to log.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshError(Rc<Fields>);

#[derive(Debug, PartialEq)]
struct Fields {
    code: ErrorCode,
    error: Option<String>,
    error_description: Option<String>,
    status: Option<u16>,
    retryable: bool,
    retry_after_seconds: Option<u64>,
    refresh_token_state: RefreshTokenState,
    cause: Option<Cause>,
}

/// What a storage or a lock said when it failed: its name and its words, as far as they hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError(Cause);

/// An option is missing, or two contradict each other: which one, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(pub(super) String);

impl RefreshError {
    /// What happened, in one stable word.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The server's OAuth error code, as it came.
    pub fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// The text beside it, or what was wrong with a value of the options.
    pub fn error_description(&self) -> Option<&str> {
        self.0.error_description.as_deref()
    }

    /// The HTTP status, if the server answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Whether asking again later can help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// When the server may be asked again, if it said so.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after_seconds
    }

    /// Whether a new login is needed.
    pub fn is_session_ended(&self) -> bool {
        self.0.code.is_session_ended()
    }

    /// Whether only a login helps: the session ended, or there is none.
    pub fn is_login_required(&self) -> bool {
        self.0.code.is_login_required()
    }

    /// What became of the refresh token.
    pub fn refresh_token_state(&self) -> RefreshTokenState {
        self.0.refresh_token_state
    }

    /// What was thrown, wherever there is such a thing: by the platform where no reply came, by the storage or its lock, by a
    /// function of the options.
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    pub(super) fn closed() -> Self {
        let failure = Failure::new(ErrorCode::Closed).leaving(RefreshTokenState::Unknown);
        Self::new(&failure, None, None, 0, &|text| text.into())
    }

    /// What a call asked for needs an option that is missing: `text` says which.
    pub(super) fn misuse(text: &str) -> Self {
        let failure = Failure::new(ErrorCode::ClientRejected).leaving(RefreshTokenState::Unspent);
        Self::new(&failure, Some(text), None, 0, &|text| text.into())
    }

    /// `ours`: what we know of a request that could not be built, or that brought no reply. `clean` takes out what is secret.
    pub(super) fn new(
        failure: &Failure,
        ours: Option<&str>,
        cause: Option<&Cause>,
        now_ms: u64,
        clean: &dyn Fn(&str) -> String,
    ) -> Self {
        let server = failure.server.as_deref();
        let shown = |text: &str| printable(&clean(text));
        Self(Rc::new(Fields {
            code: failure.code,
            error: server.and_then(|server| shown(server.error.as_deref()?)),
            error_description: match (server, ours) {
                (Some(server), _) => server.error_description.as_deref().and_then(shown),
                (None, ours) => ours.and_then(shown),
            },
            status: server.map(|server| server.status).filter(|status| *status > 0),
            retryable: failure.retryable(),
            retry_after_seconds: failure.retry_at.map(|at| at.as_millis().saturating_sub(now_ms).div_ceil(1000)),
            refresh_token_state: failure.refresh_token,
            cause: cause.map(|cause| cause.cleaned(clean)),
        }))
    }
}

impl StorageError {
    /// A failure in your own words. Leave out what is secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Cause::new(message.into()))
    }

    /// What a JavaScript storage threw. A SyntaxError's message quotes what it could not read, and is left out.
    pub fn from_js(thrown: &JsValue) -> Self {
        Self(Cause::from_js(thrown))
    }

    /// The platform's name for it: `QuotaExceededError`, say.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// What was said.
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// The same with its code and its own cause.
    pub fn cause(&self) -> &Cause {
        &self.0
    }

    pub(super) fn cleaned(&self, clean: &dyn Fn(&str) -> String) -> Self {
        Self(self.0.cleaned(clean))
    }
}

/// RFC 6749 section 5.2 allows only printable ASCII without `"` and `\`, servers send anything, and a log line is no place for
/// control characters or a whole page of HTML.
fn printable(text: &str) -> Option<String> {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            ' ' | '!' | '#'..='[' | ']'..='~' => out.push(character),
            _ if out.ends_with(' ') => {}
            _ => out.push(' '),
        }
    }
    let shown: String = out.chars().take(200).collect();
    Some(shown.trim()).filter(|shown| !shown.is_empty()).map(ToString::to_string)
}

impl fmt::Display for RefreshError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.error_description().filter(|_| self.status().is_none() && self.error().is_none());
        let wants_user = self.0.code == ErrorCode::SessionEnded && self.error().is_some_and(requires_user);
        formatter.write_str(match ours {
            Some(_) => self.0.code.own_message(),
            None if wants_user => USER_REQUIRED,
            None => self.0.code.message(),
        })?;
        match (self.status(), self.error().or(self.error_description())) {
            (Some(status), Some(error)) => write!(formatter, " ({status} {error})"),
            (Some(status), None) => write!(formatter, " ({status})"),
            (None, Some(error)) => write!(formatter, " ({error})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl core::error::Error for RefreshError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.cause().map(|cause| cause as _)
    }
}

impl core::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.cause().map(|cause| cause as _)
    }
}

impl core::error::Error for Misuse {}

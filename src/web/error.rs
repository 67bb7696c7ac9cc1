//! Errors as values: a stable code, the server's own words, and what became of the refresh token. None of them holds a token.

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use core::fmt;

use js_sys::Reflect;
use wasm_bindgen::JsValue;

use crate::core::machine::{Code, Failure};
use crate::core::oauth::response::RefreshTokenState;

/// What a [`RefreshError`] is about. The codes are those of the npm package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The server refused the refresh token, and no newer one is stored: log in again.
    SessionEnded,
    /// There is no session, or it was ended by a sign-out while waiting.
    SignedOut,
    /// The server refused this client or request: configuration. The tokens are kept.
    ClientRejected,
    /// Unreachable, timed out, 408, 429, 5xx. The tokens are kept.
    Unavailable,
    /// The server may have spent the refresh token, and `reuse` forbids sending it again.
    OutcomeUnknown,
    /// Not a token response. The tokens are kept.
    BadResponse,
    /// The new id_token names another issuer, subject or audience: nothing of its reply is stored.
    IdentityMismatch,
    /// The storage failed; a [`StorageFailed`](super::Event::StorageFailed) event says how.
    StorageFailed,
    /// Another context held the lock for too long.
    LockTimeout,
    /// The caller's own time ran out.
    Timeout,
    /// The refresher was closed.
    Closed,
}

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
}

/// What a storage or a lock said when it failed: its name and its words, as far as they hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    name: String,
    message: String,
}

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
        matches!(self.0.code, ErrorCode::SessionEnded | ErrorCode::IdentityMismatch)
    }

    /// What became of the refresh token.
    pub fn refresh_token_state(&self) -> RefreshTokenState {
        self.0.refresh_token_state
    }

    pub(super) fn closed() -> Self {
        Self::new(&Failure::new(Code::Timeout).leaving(RefreshTokenState::Unknown), None, 0, |text| text.into())
            .with_code(ErrorCode::Closed)
    }

    /// `ours`: what we know of a request that could not be built. `clean` takes out what is secret.
    pub(super) fn new(failure: &Failure, ours: Option<&str>, now_ms: u64, clean: impl Fn(&str) -> String) -> Self {
        let server = failure.server.as_deref();
        let shown = |text: &str| printable(&clean(text));
        Self(Rc::new(Fields {
            code: failure.code.into(),
            error: server.and_then(|server| shown(server.error.as_deref()?)),
            error_description: match (server, ours) {
                (Some(server), _) => server.error_description.as_deref().and_then(shown),
                (None, ours) => ours.and_then(shown),
            },
            status: server.map(|server| server.status).filter(|status| *status > 0),
            retryable: failure.retryable(),
            retry_after_seconds: failure.retry_at.map(|at| at.as_millis().saturating_sub(now_ms).div_ceil(1000)),
            refresh_token_state: failure.refresh_token,
        }))
    }

    fn with_code(mut self, code: ErrorCode) -> Self {
        if let Some(fields) = Rc::get_mut(&mut self.0) {
            fields.code = code;
            fields.retryable = false;
        }
        self
    }
}

impl ErrorCode {
    /// The code as it is written everywhere: `session_ended`, `unavailable` …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => Code::SessionEnded.as_str(),
            Self::SignedOut => Code::SignedOut.as_str(),
            Self::ClientRejected => Code::ClientRejected.as_str(),
            Self::Unavailable => Code::Unavailable.as_str(),
            Self::OutcomeUnknown => Code::OutcomeUnknown.as_str(),
            Self::BadResponse => Code::BadResponse.as_str(),
            Self::IdentityMismatch => Code::IdentityMismatch.as_str(),
            Self::StorageFailed => Code::StorageFailed.as_str(),
            Self::LockTimeout => Code::LockTimeout.as_str(),
            Self::Timeout => Code::Timeout.as_str(),
            Self::Closed => "closed",
        }
    }
}

impl From<Code> for ErrorCode {
    fn from(code: Code) -> Self {
        match code {
            Code::SessionEnded => Self::SessionEnded,
            Code::SignedOut => Self::SignedOut,
            Code::ClientRejected => Self::ClientRejected,
            Code::Unavailable => Self::Unavailable,
            Code::OutcomeUnknown => Self::OutcomeUnknown,
            Code::BadResponse => Self::BadResponse,
            Code::IdentityMismatch => Self::IdentityMismatch,
            Code::StorageFailed => Self::StorageFailed,
            Code::LockTimeout => Self::LockTimeout,
            Code::Timeout => Self::Timeout,
        }
    }
}

impl StorageError {
    /// A failure in your own words. Leave out what is secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self { name: String::from("Error"), message: message.into() }
    }

    /// What a JavaScript storage threw. A SyntaxError's message quotes what it could not read, and is left out.
    pub fn from_js(thrown: &JsValue) -> Self {
        let member = |name| Reflect::get(thrown, &JsValue::from_str(name)).ok().and_then(|value| value.as_string());
        let name = member("name").unwrap_or_else(|| String::from("Error"));
        let message = match (name.as_str(), member("message")) {
            ("SyntaxError", _) => String::from("what is stored cannot be read"),
            (_, Some(message)) => message,
            (_, None) => name.clone(),
        };
        Self { name, message }
    }

    /// The platform's name for it: `QuotaExceededError`, say.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was said.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn cleaned(self, clean: impl Fn(&str) -> String) -> Self {
        Self { name: clean(&self.name), message: clean(&self.message) }
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
        formatter.write_str(match self.0.code {
            ErrorCode::SessionEnded => "the refresh token is of no use any more: log in again",
            ErrorCode::SignedOut => "there is no session: log in",
            ErrorCode::ClientRejected => {
                "the server refused this client or request: check client_id, client_secret and scope"
            }
            ErrorCode::Unavailable => "the server is out of reach or busy: try again later",
            ErrorCode::OutcomeUnknown => "the reply was lost, and `reuse` forbids sending the refresh token again",
            ErrorCode::BadResponse => "the reply is no token response: check token_endpoint and `response`",
            ErrorCode::IdentityMismatch => "the new id_token names somebody else: nothing was stored",
            ErrorCode::StorageFailed => "the storage failed: listen to StorageFailed",
            ErrorCode::LockTimeout => "another context held the lock for too long",
            ErrorCode::Timeout => "the wait took longer than its limit: a refresh under way goes on",
            ErrorCode::Closed => "this refresher is closed: create another",
        })?;
        match (self.status(), self.error()) {
            (Some(status), Some(error)) => write!(formatter, " ({status} {error})"),
            (Some(status), None) => write!(formatter, " ({status})"),
            (None, Some(error)) => write!(formatter, " ({error})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.message)
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl core::error::Error for RefreshError {}
impl core::error::Error for StorageError {}
impl core::error::Error for Misuse {}

//! Why a caller gets no token: a stable code, the server's error, and the state of the refresh token.

use alloc::boxed::Box;
use core::fmt;

use crate::core::oauth::response::{RefreshTokenState, ServerError};
use crate::core::time::UnixTime;

/// Why a caller gets no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The server's error, or this library's reason.
    pub server: Option<Box<ServerError>>,
    /// The state of the refresh token.
    pub refresh_token: RefreshTokenState,
    /// Time of the server's `Retry-After`.
    pub retry_at: Option<UnixTime>,
}

/// The codes of `RefreshError`. The last two are used by drivers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The server refused the refresh token, and no newer one is stored.
    SessionEnded,
    /// There is no session.
    SignedOut,
    /// The configuration is wrong; tokens kept.
    ClientRejected,
    /// Unreachable, timed out, 408, 429, 5xx; tokens kept.
    Unavailable,
    /// The refresh token may be spent, and may not be sent again for now.
    OutcomeUnknown,
    /// Not a token response; tokens kept.
    BadResponse,
    /// The new id_token is another user's; nothing of its reply is kept.
    IdentityMismatch,
    /// The storage failed, or its value is unreadable.
    StorageFailed,
    /// The lock was not granted in time.
    LockTimeout,
    /// The caller's deadline passed.
    Timeout,
    /// The refresher was closed.
    Closed,
    /// The core could not be loaded, or trapped.
    EngineFailed,
}

impl Failure {
    /// A failure without a server's error, with an unspent refresh token.
    // Out of line, and on the heap because phases keep it.
    #[inline(never)]
    pub fn new(code: Code) -> Box<Self> {
        Box::new(Self { code, server: None, refresh_token: RefreshTokenState::Unspent, retry_at: None })
    }

    /// The same with that state of the refresh token.
    pub fn leaving(mut self: Box<Self>, refresh_token: RefreshTokenState) -> Box<Self> {
        self.refresh_token = refresh_token;
        self
    }

    /// The same with the server's error.
    pub fn said(mut self: Box<Self>, server: Box<ServerError>) -> Box<Self> {
        self.server = Some(server);
        self
    }

    /// The same with this library's reason.
    pub fn explained(self: Box<Self>, why: &str) -> Box<Self> {
        self.said(Box::new(ServerError { error_description: Some(why.into()), ..ServerError::default() }))
    }

    /// Whether a later try may succeed.
    pub fn retryable(&self) -> bool {
        self.code.is_retryable()
    }
}

impl Code {
    /// The value of `RefreshError.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::SignedOut => "signed_out",
            Self::ClientRejected => "client_rejected",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::BadResponse => "bad_response",
            Self::IdentityMismatch => "identity_mismatch",
            Self::StorageFailed => "storage_failed",
            Self::LockTimeout => "lock_timeout",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::EngineFailed => "engine_failed",
        }
    }

    /// The message of `RefreshError` in both drivers: what happened and what to do. Every page downloads these
    /// (`pkg-template/lib/messages.js` is generated from them).
    pub fn message(self) -> &'static str {
        match self {
            Self::SessionEnded => "The session has ended: log in again",
            Self::SignedOut => "There is no session: log in",
            Self::ClientRejected => {
                "The server refused this client or request: check client_id, client_secret and scope"
            }
            Self::Unavailable => "The server is out of reach or busy: try again later",
            Self::OutcomeUnknown => "The reply was lost, and `reuse` forbids sending the refresh token again",
            Self::BadResponse => "The reply is no token response: check token_endpoint and `response`",
            Self::IdentityMismatch => "The new id_token names another person: nothing was stored",
            Self::StorageFailed => "The storage failed: the storage-failed event says how",
            Self::LockTimeout => "Another context held the lock for too long",
            Self::Timeout => "The wait took longer than its limit: a refresh under way goes on",
            Self::Closed => "This refresher is closed: create another",
            Self::EngineFailed => "The core does not run",
        }
    }

    /// The message before this library's reason in parentheses, if no server answered.
    pub fn own_message(self) -> &'static str {
        match self {
            Self::SessionEnded => "Log in again",
            Self::ClientRejected => "Nothing was sent",
            Self::SignedOut
            | Self::Unavailable
            | Self::OutcomeUnknown
            | Self::BadResponse
            | Self::IdentityMismatch
            | Self::StorageFailed
            | Self::LockTimeout
            | Self::Timeout
            | Self::Closed
            | Self::EngineFailed => self.message(),
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::SessionEnded | Self::SignedOut | Self::ClientRejected | Self::IdentityMismatch | Self::Closed => {
                false
            }
            Self::Unavailable
            | Self::OutcomeUnknown
            | Self::BadResponse
            | Self::StorageFailed
            | Self::LockTimeout
            | Self::Timeout
            | Self::EngineFailed => true,
        }
    }

    /// Whether the server's reply ended the session.
    pub fn is_session_ended(self) -> bool {
        matches!(self, Self::SessionEnded | Self::IdentityMismatch)
    }

    /// Whether only a login helps.
    pub fn is_login_required(self) -> bool {
        self.is_session_ended() || self == Self::SignedOut
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

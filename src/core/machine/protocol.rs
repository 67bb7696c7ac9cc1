//! What a driver tells the machine (facts, in the past tense) and what the machine tells the driver (orders, in the
//! imperative). An order that takes time has a number; the fact that ends it names that number, and a number nobody
//! waits for any more is ignored.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;

use crate::core::oauth::response::{RefreshTokenState, Reply, ServerError};
use crate::core::record::{Record, Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Names a caller that waits.
pub type CallerId = u32;
/// Names an order that takes time.
pub type EffectId = u32;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A caller wants tokens. Answered by one [`Effect::Grant`] or [`Effect::Refuse`].
    Demanded(CallerId, Demand),
    /// A caller does not want them any more. The refresh goes on.
    Withdrawn(CallerId),
    /// A login brought tokens. Answered like a caller, once they are stored.
    Adopted(CallerId, Tokens),
    /// The session is to be forgotten. Answered by [`Effect::Done`].
    SignedOut(CallerId, Revoke),
    /// [`Effect::Load`] brought this.
    Loaded(EffectId, Stored),
    /// [`Effect::Load`] failed.
    LoadFailed(EffectId),
    /// [`Effect::Save`] wrote.
    Saved(EffectId),
    /// [`Effect::Save`] wrote nothing: the storage holds another generation.
    SaveRefused(EffectId),
    /// [`Effect::Save`] failed; whether it wrote is unknown.
    SaveFailed(EffectId),
    /// [`Effect::Lock`] holds the lock, and whether other contexts respect it.
    Locked(EffectId, Reach),
    /// [`Effect::Lock`] failed: the lock service is broken.
    LockFailed(EffectId),
    /// [`Effect::Send`] brought a reply.
    Replied(EffectId, Reply),
    /// [`Effect::Send`] brought none.
    Unreachable(EffectId, Sent),
    /// A machine that is gone had sent a request under that mark, and this came back.
    Recovered(Late),
    /// Another context wrote: a hint to look.
    PeerChanged,
    /// The page is visible, online or back: whatever was remembered may be old.
    Resumed,
    /// The wall clock went back while the monotonic clock went on.
    ClockSetBack,
    /// Whether refreshing ahead of need is wanted now.
    Watching(bool),
    /// Time passed. Harmless at any time.
    Woke,
}

/// A reply whose asker is gone.
#[derive(Clone, Debug)]
pub struct Late {
    /// [`Pending::attempt`](crate::core::record::Pending::attempt) of the mark that was written for it.
    pub attempt: String,
    /// When it was sent.
    pub sent_at: UnixTime,
    /// What came back.
    pub reply: Reply,
}

/// Do this.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Read the storage; report `Loaded` or `LoadFailed`.
    Load(EffectId),
    /// Write the record, or forget with `None`, if the storage holds that generation; report `Saved`, `SaveRefused` or `SaveFailed`.
    Save(EffectId, Option<Box<Record>>, Option<u64>),
    /// Get the lock; report `Locked` or `LockFailed`.
    Lock(EffectId),
    /// Let go of the lock, or stop waiting for it.
    Unlock(EffectId),
    /// Build the request with [`super::Machine::request`] and send it; report `Replied` or `Unreachable`.
    Send(EffectId),
    /// From now on these are the tokens to hand out.
    Hold(Option<Box<Holding>>),
    /// Give the caller the tokens that are held.
    Grant(CallerId),
    /// Tell the caller why there are none.
    Refuse(CallerId, Box<Failure>),
    /// The sign-out is stored.
    Done(CallerId),
    /// Tell whoever listens, after everything before this.
    Notify(Box<Event>),
    /// Tell the server that this token is not needed any more (RFC 7009). Nobody waits for the outcome.
    Revoke(Secret),
}

/// What a caller wants.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// The access token must be good for this long yet, or for a quarter of its lifetime if that is shorter.
    pub min_validity: Option<Duration>,
    /// An access token that a resource server refused.
    pub rejected: Option<Secret>,
    /// Refresh even if the access token is good.
    pub force: bool,
    /// When the caller has waited long enough.
    pub deadline: UnixTime,
}

/// Whether a sign-out tells the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoke {
    /// Revoke the refresh token, and the successor that a racing refresh brings.
    Yes,
    /// Forget only.
    No,
}

/// Who respects a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every context that shares the storage.
    AllContexts,
    /// This realm.
    ThisRealm,
}

/// How far a request got that brought no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It provably never left: refused connection, unknown host, offline.
    Provably,
    /// It may have arrived.
    Perhaps,
    /// It may have arrived, and nothing came back in time.
    TimedOut,
    /// It could not be built: the configuration is at fault.
    Unbuildable,
}

/// What may be handed out without asking the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The token set, in JSON, without the refresh token.
    pub tokens: Secret,
    /// The generation of the record they are in.
    pub generation: u64,
    /// From when …
    pub fresh_from: UnixTime,
    /// … until when a caller without special wishes may have them, if that ends.
    pub fresh_until: Option<UnixTime>,
}

/// Something to tell listeners.
#[derive(Clone, Debug)]
pub enum Event {
    /// Other tokens, or none, with the generation of the record.
    TokenChanged(Source, u64),
    /// A refresh failed and the session goes on; when the next one may be tried.
    RefreshFailed(Failure, Option<UnixTime>),
    /// A new login is needed.
    SessionEnded(Failure),
    /// The storage or the lock failed.
    StorageFailed(Operation),
}

/// Why tokens changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This context refreshed them.
    Refresh,
    /// They were handed in.
    Login,
    /// Another context wrote them.
    Peer,
    /// They were given up.
    SignOut,
    /// The server ended the session.
    SessionEnded,
}

/// Which call of a storage failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `load`
    Load,
    /// `save`
    Save,
    /// `lock`
    Lock,
}

/// Why a caller gets no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// What the server said, if it did.
    pub server: Option<Rc<ServerError>>,
    /// What became of the refresh token.
    pub refresh_token: RefreshTokenState,
    /// When the server may be asked again, if it said so.
    pub retry_at: Option<UnixTime>,
}

/// The codes of `RefreshError`. The machine gives all but the last two, which drivers add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The server refused the refresh token, and no newer one is stored.
    SessionEnded,
    /// There is no session.
    SignedOut,
    /// Configuration; tokens kept.
    ClientRejected,
    /// Unreachable, timed out, 408, 429, 5xx; tokens kept.
    Unavailable,
    /// The refresh token may be spent, and may not be sent again for now.
    OutcomeUnknown,
    /// Not a token response; tokens kept.
    BadResponse,
    /// The new id_token is of somebody else; nothing of its reply is kept.
    IdentityMismatch,
    /// The storage does not answer, or holds something unreadable.
    StorageFailed,
    /// The lock was not to be had.
    LockTimeout,
    /// The caller's own time ran out.
    Timeout,
    /// The refresher was closed.
    Closed,
    /// The core could not be loaded, or stopped.
    EngineFailed,
}

impl Failure {
    /// A failure without a server's words; the refresh token was not touched.
    pub fn new(code: Code) -> Self {
        Self { code, server: None, refresh_token: RefreshTokenState::Unspent, retry_at: None }
    }

    /// With what became of the refresh token.
    pub fn leaving(mut self, refresh_token: RefreshTokenState) -> Self {
        self.refresh_token = refresh_token;
        self
    }

    /// With the server's words.
    pub fn said(mut self, server: ServerError) -> Self {
        self.server = Some(Rc::new(server));
        self
    }

    /// Whether another try may bring something else.
    pub fn retryable(&self) -> bool {
        self.code.is_retryable()
    }
}

impl Code {
    /// As it is written in `RefreshError.code`.
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

    /// What happened and what to do, in one sentence: the text of `RefreshError` in both drivers. Every page downloads it.
    pub fn message(self) -> &'static str {
        match self {
            Self::SessionEnded => "The refresh token is of no use any more: log in again",
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
            Self::EngineFailed => {
                "WebAssembly did not load, or stopped: does the CSP allow 'wasm-unsafe-eval'? If not: oauth-refresher/js"
            }
        }
    }

    /// Whether the same call, made later, may bring something else.
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

    /// Whether the server, or what it sent, ended the session.
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

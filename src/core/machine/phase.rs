//! The phase of the machine: one at a time, for refreshes, logins and sign-outs. Each phase but `Idle` awaits one completion or one point in
//! time. A completion with another number is stale and is dropped.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::failure::Failure;
use super::input::{CallerId, EffectId};
use super::session::refresh_token_of;
use crate::core::record::{Record, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Maximum number of tries of a write. After them the result stays in memory.
const SAVE_TRIES: u32 = 3;

/// What the machine awaits.
#[derive(Debug)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// Waits for the lock.
    Locking(Wait),
    /// Reads the storage, or pauses before that.
    Reading(Wait, Read),
    /// Writes to the storage, or pauses before the next try.
    Writing(Wait, Box<Writing>, Write),
    /// Waits for the reply to the token request.
    Sending(Wait, Sending),
}

/// The purpose of a read.
#[derive(Debug)]
pub enum Read {
    /// Without the lock: is there a session, and is it fresh? With the failure of the lock, if it failed.
    Look(Option<Box<Failure>>),
    /// Under the lock: did another context write?
    UnderLock,
    /// Is the refresh token that the server refused still the stored one?
    Confirm(Box<Failure>),
    /// The write of a result was refused: what is stored?
    Conflict(Box<Writing>, Outcome),
    /// Which generation does a login or a sign-out replace?
    Change(Box<SessionChange>),
}

/// The purpose of a write.
#[derive(Debug)]
pub enum Write {
    /// The mark: the refresh token is about to be sent.
    Mark,
    /// The result of a refresh.
    Outcome(Outcome),
    /// A login or a sign-out.
    Change(Box<SessionChange>),
}

/// The result of a refresh, which takes effect once it is stored.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// New tokens.
    Refreshed,
    /// No new tokens and an unspent refresh token: the mark is removed.
    Failed(Box<Failure>),
    /// No session: the server refused the refresh token.
    Ended(Box<Failure>),
    /// No refresh token: the server refused it. The access token stays until it expires.
    EndedLater(Box<Failure>),
    /// A record that was in memory only is stored.
    Resaved,
}

/// A record that is being written.
#[derive(Debug)]
pub struct Writing {
    /// `None` deletes the session.
    pub record: Option<Box<Record>>,
    pub tries: u32,
    /// Fingerprint of the refresh token that the write replaces.
    pub replaces: Option<String>,
}

/// The awaited completion and the deadline; at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Number of the effect; 0 for a pause.
    pub id: EffectId,
    pub until: UnixTime,
}

/// An in-flight token request.
#[derive(Debug)]
pub struct Sending {
    pub sent_at: UnixTime,
    /// Whether it is the second request, with the server's nonce.
    pub with_nonce: bool,
}

/// A login or a sign-out that is not stored yet.
#[derive(Debug)]
pub struct SessionChange {
    pub kind: ChangeKind,
    /// Names the session that a login begins.
    pub session: String,
    /// Waiting callers of `setTokens`.
    pub adopting: Vec<CallerId>,
    /// Waiting callers of `signOut`.
    pub leaving: Vec<CallerId>,
    /// Whether there was a session before it, or before an earlier change that it replaces. Only then a sign-out is an event.
    pub had_session: bool,
    pub conflicts: u32,
}

#[derive(Debug)]
pub enum ChangeKind {
    Login(Tokens, UnixTime),
    /// The tokens of the options, for an empty storage.
    Initial(Tokens, UnixTime),
    /// The tokens to revoke; `None` without `revoke`.
    SignOut(Option<Vec<Secret>>),
}

impl Phase {
    /// The name of the phase, for traces.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Locking(_) => "lock",
            Self::Reading(_, Read::Look(_)) => "look",
            Self::Reading(_, Read::UnderLock) => "re-read",
            Self::Reading(_, Read::Confirm(_)) => "confirm",
            Self::Reading(_, Read::Conflict(..)) => "conflict",
            Self::Writing(_, _, Write::Mark) => "mark",
            Self::Writing(_, _, Write::Outcome(_)) => "save",
            Self::Reading(_, Read::Change(_)) | Self::Writing(_, _, Write::Change(_)) => "change",
            Self::Sending(..) => "send",
        }
    }

    pub fn is_refreshing(&self) -> bool {
        match self {
            Self::Locking(_) | Self::Sending(..) => true,
            Self::Reading(_, Read::UnderLock | Read::Confirm(_)) | Self::Writing(_, _, Write::Mark) => true,
            Self::Reading(_, Read::Conflict(_, outcome)) | Self::Writing(_, _, Write::Outcome(outcome)) => {
                !matches!(outcome, Outcome::Resaved)
            }
            Self::Idle | Self::Reading(_, Read::Look(_) | Read::Change(_)) | Self::Writing(_, _, Write::Change(_)) => {
                false
            }
        }
    }

    /// Whether a login or a sign-out is being stored.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Reading(_, Read::Change(_)) | Self::Writing(_, _, Write::Change(_)))
    }

    /// Whether the tokens of the options are being stored.
    pub fn is_initial_change(&self) -> bool {
        match self {
            Self::Reading(_, Read::Change(change)) | Self::Writing(_, _, Write::Change(change)) => {
                matches!(change.kind, ChangeKind::Initial(..))
            }
            Self::Idle | Self::Locking(_) | Self::Reading(..) | Self::Writing(..) | Self::Sending(..) => false,
        }
    }

    /// When this phase continues without a completion.
    pub fn deadline(&self) -> UnixTime {
        match self {
            Self::Idle => UnixTime::NEVER,
            Self::Locking(wait) | Self::Reading(wait, _) | Self::Writing(wait, ..) | Self::Sending(wait, _) => {
                wait.until
            }
        }
    }

    /// The context did not run for that long: the deadlines of the lock and of a reply move by it.
    pub fn extend(&mut self, by: Duration) {
        match self {
            Self::Locking(wait) | Self::Sending(wait, _) => wait.until = wait.until + by,
            Self::Idle | Self::Reading(..) | Self::Writing(..) => {}
        }
    }

    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        if let Self::Sending(_, sending) = self {
            sending.sent_at = sending.sent_at - by;
        }
        match self {
            Self::Idle => {}
            Self::Locking(wait) | Self::Reading(wait, _) | Self::Writing(wait, ..) | Self::Sending(wait, _) => {
                wait.until = wait.until - by;
            }
        }
    }
}

impl Wait {
    /// Waits for a completion without a deadline.
    pub fn on(id: EffectId) -> Self {
        Self { id, until: UnixTime::NEVER }
    }

    /// A pause.
    pub fn pause(until: UnixTime) -> Self {
        Self { id: 0, until }
    }
}

impl Writing {
    pub fn new(record: Option<Box<Record>>, replaces: Option<String>) -> Box<Self> {
        Box::new(Self { record, tries: 0, replaces })
    }

    /// Whether it is more than the removal of a mark: a result, or a new refresh token that came with a failure.
    pub fn brings_something(&self, outcome: &Outcome) -> bool {
        !matches!(outcome, Outcome::Failed(_)) || refresh_token_of(self.record.as_deref()) != self.replaces
    }

    /// The pause before the next try. `None` after the last try.
    pub fn next_try(&mut self) -> Option<Duration> {
        self.tries = self.tries.saturating_add(1);
        (self.tries < SAVE_TRIES).then(|| Duration::from_millis(100).times(1 << self.tries))
    }
}

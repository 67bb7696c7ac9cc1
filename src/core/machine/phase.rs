//! Where the machine is: one phase at a time, for a refresh as for a login or a sign-out. Each phase but `Idle` awaits one
//! completion or one point in time, so a completion is matched against the awaited id first and a stale one is dropped.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::failure::Failure;
use super::input::{CallerId, EffectId};
use super::session::refresh_token_of;
use crate::core::record::{Record, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Tries of a write before the result is kept in memory only.
const SAVE_TRIES: u32 = 3;

/// What is in flight.
#[derive(Debug)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// The wait for the lock.
    Locking(Wait),
    /// A read of the storage, or a pause before it.
    Reading(Wait, Read),
    /// A write to the storage, or a pause before the next try.
    Writing(Wait, Box<Writing>, Write),
    /// The token request.
    Sending(Wait, Sending),
}

/// What a read is for.
#[derive(Debug)]
pub enum Read {
    /// To see whether there is a session and whether it is fresh, without the lock; after a failure, with the failure.
    Look(Option<Box<Failure>>),
    /// To see what came in between, under the lock.
    UnderLock,
    /// To see whether the refresh token that the server refused is still the stored one.
    Confirm(Box<Failure>),
    /// To see what stands where a result could not be written.
    Conflict(Box<Writing>, Outcome),
    /// To learn which generation a login or a sign-out replaces.
    Change(Box<SessionChange>),
}

/// What a write is for.
#[derive(Debug)]
pub enum Write {
    /// The mark that a refresh token is about to be sent.
    Mark,
    /// What came of a refresh.
    Outcome(Outcome),
    /// A login or a sign-out.
    Change(Box<SessionChange>),
}

/// What came of a refresh, once it is stored.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// New tokens.
    Refreshed,
    /// No new tokens and an unspent refresh token: the mark is taken back.
    Failed(Box<Failure>),
    /// No session: the server refused the refresh token.
    Ended(Box<Failure>),
    /// No refresh token, and an access token that is good until its expiry.
    EndedLater(Box<Failure>),
    /// What was in memory only is in the storage as well.
    Resaved,
}

/// A record on its way to the storage.
#[derive(Debug)]
pub struct Writing {
    /// `None` forgets the session.
    pub record: Option<Box<Record>>,
    pub tries: u32,
    /// Fingerprint of the refresh token that the write replaces.
    pub replaces: Option<String>,
}

/// The completion that is awaited, and the time until then; one of them at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// 0 is the number of no effect.
    pub id: EffectId,
    pub until: UnixTime,
}

/// A token request in flight.
#[derive(Debug)]
pub struct Sending {
    pub sent_at: UnixTime,
    /// It is the second one, with the nonce that the server asked for.
    pub with_nonce: bool,
}

/// A login or a sign-out that is not stored yet.
#[derive(Debug)]
pub struct SessionChange {
    pub kind: ChangeKind,
    /// Names the session that a login begins.
    pub session: String,
    /// Callers of `setTokens`.
    pub adopting: Vec<CallerId>,
    /// Callers of `signOut`.
    pub leaving: Vec<CallerId>,
    /// Whether there was a session before it, or before an earlier change that it replaces: a sign-out is announced then.
    pub had_session: bool,
    pub conflicts: u32,
}

#[derive(Debug)]
pub enum ChangeKind {
    Login(Tokens, UnixTime),
    /// The tokens of the options: only for an empty storage.
    Initial(Tokens, UnixTime),
    /// The refresh tokens to revoke, if it revokes at all.
    SignOut(Option<Vec<Secret>>),
}

impl Phase {
    /// In one word, for traces.
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

    /// Whether the tokens of the options become the session.
    pub fn is_initial_change(&self) -> bool {
        match self {
            Self::Reading(_, Read::Change(change)) | Self::Writing(_, _, Write::Change(change)) => {
                matches!(change.kind, ChangeKind::Initial(..))
            }
            Self::Idle | Self::Locking(_) | Self::Reading(..) | Self::Writing(..) | Self::Sending(..) => false,
        }
    }

    /// When this phase goes on, or is given up, without a completion.
    pub fn deadline(&self) -> UnixTime {
        match self {
            Self::Idle => UnixTime::NEVER,
            Self::Locking(wait) | Self::Reading(wait, _) | Self::Writing(wait, ..) | Self::Sending(wait, _) => {
                wait.until
            }
        }
    }

    /// The context did not run for that long: a wait for the lock or for a reply lasts longer.
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
    /// For that completion, however long it takes.
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

    /// Whether it is more than a mark that is taken back: a result, or a refresh token that came beside a failure.
    pub fn brings_something(&self, outcome: &Outcome) -> bool {
        !matches!(outcome, Outcome::Failed(_)) || refresh_token_of(self.record.as_deref()) != self.replaces
    }

    /// The pause before the next try, unless that was the last one.
    pub fn next_try(&mut self) -> Option<Duration> {
        self.tries = self.tries.saturating_add(1);
        (self.tries < SAVE_TRIES).then(|| Duration::from_millis(100).times(1 << self.tries))
    }
}

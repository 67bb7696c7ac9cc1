//! The inputs of the machine: a call, the completion of an effect, or an event of the platform. A completion has the number of its
//! effect. A completion that no phase awaits is stale and is dropped.

use alloc::string::String;

use crate::core::oauth::response::Reply;
use crate::core::record::{Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Number of a waiting caller.
pub type CallerId = u32;
/// Number of an effect that takes time.
pub type EffectId = u32;

/// An input of the machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// A caller wants tokens. Answered by one [`Effect::Grant`](super::Effect::Grant) or [`Effect::Refuse`](super::Effect::Refuse).
    Demanded(CallerId, Demand),
    /// A caller no longer waits. The refresh continues.
    Withdrawn(CallerId),
    /// The tokens of a login. Answered like `Demanded`, once they are stored.
    Adopted(CallerId, Tokens),
    /// A sign-out. Answered by [`Effect::Done`](super::Effect::Done).
    SignedOut(CallerId, Revoke),
    /// The result of [`Effect::Load`](super::Effect::Load). Without an order it counts as the first read, if there was none: the driver
    /// read the storage before it had a machine, and may have handed out the access token within
    /// [`Record::fresh`](crate::core::record::Record::fresh).
    Loaded(EffectId, Stored),
    /// [`Effect::Load`](super::Effect::Load) failed.
    LoadFailed(EffectId),
    /// [`Effect::Save`](super::Effect::Save) wrote.
    Saved(EffectId),
    /// [`Effect::Save`](super::Effect::Save) wrote nothing: the storage holds another generation.
    SaveRefused(EffectId),
    /// [`Effect::Save`](super::Effect::Save) failed; whether it wrote is unknown.
    SaveFailed(EffectId),
    /// [`Effect::Lock`](super::Effect::Lock) got the lock, with that reach.
    Locked(EffectId, Reach),
    /// [`Effect::Lock`](super::Effect::Lock) failed: the lock service is broken.
    LockFailed(EffectId),
    /// An [`Effect::Send`](super::Effect::Send) or [`Effect::Save`](super::Effect::Save) was not performed: after a stall another
    /// context has the lock.
    LockLost(EffectId),
    /// [`Effect::Send`](super::Effect::Send) has a reply.
    Replied(EffectId, Reply),
    /// [`Effect::Send`](super::Effect::Send) has no reply.
    Unreachable(EffectId, Sent),
    /// The reply to a request of a discarded machine.
    Recovered(Late),
    /// A hint that another context wrote: the storage is read.
    PeerChanged,
    /// `load()`: the storage is read if it was not read yet. Nothing is sent.
    LoadRequested,
    /// The page is visible, online or back: the session in memory may be stale.
    Resumed,
    /// The wall clock went back while the monotonic clock went on.
    ClockSetBack,
    /// Whether refreshes ahead of expiry are wanted from now on.
    Watching(bool),
    /// Time passed. Allowed at any time.
    Woke,
}

/// A reply to a request of a discarded machine, or to one that was given up.
#[derive(Clone, Debug)]
pub struct Late {
    /// [`Pending::attempt`](crate::core::record::Pending::attempt) of the request's mark.
    pub attempt: String,
    /// When the request was sent.
    pub sent_at: UnixTime,
    /// The reply.
    pub reply: Reply,
}

/// A caller's options.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Minimum remaining validity of the access token; at most a quarter of its lifetime counts.
    pub min_validity: Option<Duration>,
    /// An access token that a resource server refused.
    pub rejected: Option<Secret>,
    /// Refresh even if the access token is valid.
    pub force: bool,
    /// The caller's deadline.
    pub deadline: UnixTime,
}

/// Whether a sign-out revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoke {
    /// Revoke the refresh token, and the successor from an in-flight refresh.
    Yes,
    /// Delete the session only.
    No,
}

/// Which contexts respect a lock, and how it passed to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All contexts that share the storage. The lock holder before released it, or is dead.
    AllContexts,
    /// All contexts that share the storage. The lock holder before was silent for a lease, and may only be suspended.
    AllContextsAfterSilence,
    /// The contexts of this realm.
    ThisRealm,
}

impl Reach {
    /// The reach of a lock of all contexts, from its `passedOn`.
    pub fn passed_on(how: &str) -> Self {
        if how == "silent" {
            return Self::AllContextsAfterSilence;
        }
        Self::AllContexts
    }
}

/// Whether a request without a reply was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Provably not sent: connection refused, unknown host.
    Provably,
    /// Perhaps sent.
    Perhaps,
    /// Perhaps sent, and no reply in time.
    TimedOut,
    /// Not sent, because it could not be built: the configuration is wrong.
    Unbuildable,
}

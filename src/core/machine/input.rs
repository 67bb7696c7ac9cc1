//! What a driver tells the machine: a caller's call, the completion of an effect, or news of the platform. A completion echoes the
//! number of its effect; one that no phase awaits any more is stale and is dropped.

use alloc::string::String;

use crate::core::oauth::response::Reply;
use crate::core::record::{Stored, Tokens};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Names a caller that waits.
pub type CallerId = u32;
/// Names an order that takes time.
pub type EffectId = u32;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A caller wants tokens. Answered by one [`Effect::Grant`](super::Effect::Grant) or [`Effect::Refuse`](super::Effect::Refuse).
    Demanded(CallerId, Demand),
    /// A caller does not want them any more. The refresh goes on.
    Withdrawn(CallerId),
    /// A login brought tokens. Answered like a caller, once they are stored.
    Adopted(CallerId, Tokens),
    /// The session is to be forgotten. Answered by [`Effect::Done`](super::Effect::Done).
    SignedOut(CallerId, Revoke),
    /// [`Effect::Load`](super::Effect::Load) brought this. One that was not ordered counts as the first read, if there was none: a driver
    /// read it before there was a machine, and may have handed out the access token within
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
    /// [`Effect::Lock`](super::Effect::Lock) holds the lock, and whether other contexts respect it.
    Locked(EffectId, Reach),
    /// [`Effect::Lock`](super::Effect::Lock) failed: the lock service is broken.
    LockFailed(EffectId),
    /// An [`Effect::Send`](super::Effect::Send) or [`Effect::Save`](super::Effect::Save) was not performed: after a stall the driver
    /// found that the lock went to another context.
    LockLost(EffectId),
    /// [`Effect::Send`](super::Effect::Send) brought a reply.
    Replied(EffectId, Reply),
    /// [`Effect::Send`](super::Effect::Send) brought none.
    Unreachable(EffectId, Sent),
    /// A machine that is gone had sent a request under that mark, and this came back.
    Recovered(Late),
    /// Another context wrote: a hint to look.
    PeerChanged,
    /// The application asks whether there is a session: the storage is read if it was not read yet. Nothing is sent for it.
    LoadRequested,
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

/// Which contexts respect a lock, and how it came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every context that shares the storage. The holder before this one released it, or is dead.
    AllContexts,
    /// The same, and the holder before this one was silent for a lease: it may only be suspended, and come back.
    AllContextsAfterSilence,
    /// This realm.
    ThisRealm,
}

impl Reach {
    /// Of a lock that every context respects, by what it says of how it came here.
    pub fn passed_on(how: &str) -> Self {
        if how == "silent" {
            return Self::AllContextsAfterSilence;
        }
        Self::AllContexts
    }
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

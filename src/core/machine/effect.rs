//! What the machine tells its driver to do. An effect that takes time has a number, which its completion echoes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::failure::Failure;
use super::input::{CallerId, EffectId};
use crate::core::record::Record;
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

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
    /// Dispatch the event, after all effects before this.
    Notify(Box<Event>),
    /// Tell the server that this token is not needed any more (RFC 7009). No caller waits for the outcome.
    Revoke(Secret),
}

/// The effects that have a number and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// [`Effect::Load`]
    Load,
    /// [`Effect::Unlock`]
    Unlock,
    /// [`Effect::Send`]
    Send,
    /// [`Effect::Grant`]
    Grant,
    /// [`Effect::Done`]
    Done,
}

/// Where a machine puts its effects, in order: a list, or what a driver makes of each at once.
pub trait Effects {
    /// What [`Machine::step`](super::Machine::step) gives.
    type Step;

    /// One more.
    fn push(&mut self, effect: Effect);

    /// [`Effect::Lock`], and how long a lease on that lock is.
    fn lock(&mut self, id: EffectId, _lease: Duration) {
        self.push(Effect::Lock(id));
    }

    /// [`Effect::Save`]. `expected` is 0 where the storage held nothing.
    fn save(&mut self, id: EffectId, record: Option<&Record>, expected: u64) {
        let expected = Some(expected).filter(|generation| *generation > 0);
        self.push(Effect::Save(id, record.cloned().map(Box::new), expected));
    }

    /// [`Effect::Refuse`].
    fn refuse(&mut self, id: CallerId, failure: &Failure) {
        self.push(Effect::Refuse(id, Box::new(failure.clone())));
    }

    /// An effect that is a number and no more.
    fn order(&mut self, order: Order, id: u32) {
        self.push(match order {
            Order::Load => Effect::Load(id),
            Order::Unlock => Effect::Unlock(id),
            Order::Send => Effect::Send(id),
            Order::Grant => Effect::Grant(id),
            Order::Done => Effect::Done(id),
        });
    }

    /// The same for several.
    fn orders(&mut self, order: Order, ids: Vec<u32>) {
        for id in ids {
            self.order(order, id);
        }
    }

    /// Several more.
    fn extend(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.push(effect);
        }
    }

    /// All since the last call.
    fn take(&mut self) -> Self::Step;
}

impl Effects for Vec<Effect> {
    type Step = Self;

    fn push(&mut self, effect: Effect) {
        Vec::push(self, effect);
    }

    fn take(&mut self) -> Self {
        core::mem::take(self)
    }
}

/// What may be handed out without asking the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The token set, in JSON, without the refresh token.
    pub tokens: Secret,
    /// The generation of the record they are in.
    pub generation: u64,
    /// The login that they descend from: a request stays within it. No secret.
    pub session: String,
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
    RefreshFailed(Box<Failure>, Option<UnixTime>),
    /// A new login is needed.
    SessionEnded(Box<Failure>),
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

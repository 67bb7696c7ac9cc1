//! The orders of the machine to its driver. An effect that takes time has a number, and its completion has the same one.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::failure::Failure;
use super::input::{CallerId, EffectId};
use crate::core::record::Record;
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// An order to the driver.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Read the storage; report `Loaded` or `LoadFailed`.
    Load(EffectId),
    /// Write the record (`None` deletes it) if the storage holds that generation; report `Saved`, `SaveRefused` or `SaveFailed`.
    Save(EffectId, Option<Box<Record>>, Option<u64>),
    /// Get the lock; report `Locked` or `LockFailed`.
    Lock(EffectId),
    /// Release the lock, or stop waiting for it.
    Unlock(EffectId),
    /// Build the request with [`super::Machine::request`] and send it; report `Replied` or `Unreachable`.
    Send(EffectId),
    /// Hand out these tokens from now on.
    Hold(Option<Box<Holding>>),
    /// Resolve the caller with the tokens of the last `Hold`.
    Grant(CallerId),
    /// Reject the caller.
    Refuse(CallerId, Box<Failure>),
    /// Resolve the caller: the sign-out is stored.
    Done(CallerId),
    /// Dispatch the event, after all effects before it.
    Notify(Box<Event>),
    /// Revoke the token at the server (RFC 7009). The machine does not wait for the result.
    Revoke(Secret),
}

/// Effects that have only a number.
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

/// Receives the effects of a machine in order: a list, or a driver's own form.
pub trait Effects {
    /// The result of [`Machine::step`](super::Machine::step).
    type Step;

    /// Adds an effect.
    fn push(&mut self, effect: Effect);

    /// [`Effect::Lock`], with the length of the lease.
    fn lock(&mut self, id: EffectId, _lease: Duration) {
        self.push(Effect::Lock(id));
    }

    /// [`Effect::Save`]. `expected` is 0 if the storage held nothing.
    fn save(&mut self, id: EffectId, record: Option<&Record>, expected: u64) {
        let expected = Some(expected).filter(|generation| *generation > 0);
        self.push(Effect::Save(id, record.cloned().map(Box::new), expected));
    }

    /// [`Effect::Refuse`].
    fn refuse(&mut self, id: CallerId, failure: &Failure) {
        self.push(Effect::Refuse(id, Box::new(failure.clone())));
    }

    /// An effect that has only a number.
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

    /// Adds several effects.
    fn extend(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.push(effect);
        }
    }

    /// Takes all effects since the last call.
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

/// The tokens that a driver may hand out without the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The token set, in JSON, without the refresh token.
    pub tokens: Secret,
    /// The generation of their record.
    pub generation: u64,
    /// Names the login that they descend from; no secret. A request is not repeated with the tokens of another login.
    pub session: String,
    /// From when callers without options may get them.
    pub fresh_from: UnixTime,
    /// Until when callers without options may get them. `None`: without end.
    pub fresh_until: Option<UnixTime>,
}

/// An event for listeners.
#[derive(Clone, Debug)]
pub enum Event {
    /// There are other tokens, or none. With the generation of the record.
    TokenChanged(Source, u64),
    /// A refresh failed, and the session continues. With the time of the next try.
    RefreshFailed(Box<Failure>, Option<UnixTime>),
    /// A new login is needed.
    SessionEnded(Box<Failure>),
    /// The storage or the lock failed.
    StorageFailed(Operation),
}

/// Why the tokens changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This context refreshed them.
    Refresh,
    /// A login (`setTokens`).
    Login,
    /// Another context wrote them.
    Peer,
    /// A sign-out.
    SignOut,
    /// The server ended the session.
    SessionEnded,
}

/// Which call of the storage or the lock failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `load`
    Load,
    /// `save`
    Save,
    /// `lock`
    Lock,
}

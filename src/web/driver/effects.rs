//! How each effect of the machine is performed, and its completion told. A refusal and an event carry an error without secrets.

use alloc::boxed::Box;
use core::pin::pin;

use futures_channel::oneshot;

use super::{Answered, Driver, Lease};
use crate::core::machine::{CallerId, Code, Effect, EffectId, Event as Told, Failure, Holding, Input};
use crate::core::messages::NO_RECORD;
use crate::core::record::{Record, Stored};
use crate::core::time::UnixTime;
use crate::core::token_set::TokenSet;
use crate::web::error::{RefreshError, StorageError};
use crate::web::events::Event;
use crate::web::ports::turn::{race, Either};

impl Driver {
    pub(super) fn perform(&self, order: Effect) {
        match order {
            Effect::Load(order) => self.spawn(move |driver| async move { driver.load(order).await }),
            Effect::Save(order, record, expected) => {
                self.spawn(move |driver| async move { driver.save(order, record, expected).await });
            }
            Effect::Lock(order) => {
                let (stop, stopped) = oneshot::channel();
                self.locks.borrow_mut().insert(order, Lease::Waiting(stop));
                self.spawn(move |driver| async move { driver.acquire(order, stopped).await });
            }
            Effect::Unlock(order) => {
                let lease = self.locks.borrow_mut().remove(&order);
                drop(lease);
            }
            Effect::Send(order) => self.spawn(move |driver| async move { driver.send(order).await }),
            Effect::Hold(holding) => self.hold(holding),
            Effect::Grant(id) => self.answer(id, Ok(self.tokens())),
            Effect::Refuse(id, failure) => self.answer(id, Err(self.refusal(*failure))),
            Effect::Done(id) => {
                let told = self.revocations.take();
                self.spawn(move |driver| async move {
                    for revocation in told {
                        // whatever came of it
                        let _ = revocation.await;
                    }
                    driver.answer(id, Ok(None));
                });
            }
            Effect::Notify(event) => self.notify(&event),
            Effect::Revoke(token) => {
                let (done, told) = oneshot::channel();
                self.revocations.borrow_mut().push(told);
                self.spawn(move |driver| async move {
                    driver.revoke(token.reveal()).await;
                    let _ = done.send(());
                });
            }
        }
    }

    async fn load(&self, order: EffectId) {
        let loaded = self.storage.load().await;
        match loaded {
            Ok(stored) => {
                // After a lock that failed the storage is read, and then the callers are told of the lock.
                if !self.has_lock_failed.take() {
                    self.storage_error.take();
                }
                if let Stored::Record(record) = &stored {
                    self.scrubber.borrow_mut().learn_tokens(&record.tokens);
                }
                self.tell(Input::Loaded(order, stored));
            }
            Err(error) => self.storage_failed(error, Input::LoadFailed(order)),
        }
    }

    async fn save(&self, order: EffectId, record: Option<Box<Record>>, expected: Option<u64>) {
        if let Some(record) = &record {
            self.scrubber.borrow_mut().learn_tokens(&record.tokens);
        }
        if self.is_lock_lost(order).await {
            return;
        }
        let saved = self.storage.save(record.as_deref(), expected).await;
        match saved {
            Ok(true) => self.tell(Input::Saved(order)),
            Ok(false) => self.tell(Input::SaveRefused(order)),
            Err(error) => self.storage_failed(error, Input::SaveFailed(order)),
        }
    }

    async fn acquire(&self, order: EffectId, stopped: oneshot::Receiver<()>) {
        match race(pin!(self.lock.acquire()), pin!(stopped)).await {
            Either::First(Ok(held)) => {
                let reach = held.reach();
                self.locks.borrow_mut().insert(order, Lease::Held(held));
                self.tell(Input::Locked(order, reach));
            }
            Either::First(Err(error)) => {
                self.locks.borrow_mut().remove(&order);
                self.storage_failed(error, Input::LockFailed(order));
            }
            Either::Second(_) => {}
        }
    }

    /// After a stall the lock may be another context's: what that order asks for is then not done.
    pub(super) async fn is_lock_lost(&self, order: EffectId) -> bool {
        let check = self.locks.borrow().values().find_map(|lease| match lease {
            Lease::Held(held) => held.check(),
            Lease::Waiting(_) => None,
        });
        let Some(check) = check else { return false };
        let lost = !check().await;
        if lost {
            self.tell(Input::LockLost(order));
        }
        lost
    }

    fn hold(&self, holding: Option<Box<Holding>>) {
        let held = holding.and_then(|holding| {
            let tokens = TokenSet::from_json(holding.tokens.reveal())?.of_session(holding.session);
            Some((tokens, holding.fresh_from, holding.fresh_until))
        });
        self.held.replace(held);
    }

    fn answer(&self, id: CallerId, answer: Answered) {
        let caller = self.callers.borrow_mut().remove(&id);
        if let Some(caller) = caller {
            drop(caller.send(answer));
        }
    }

    fn notify(&self, event: &Told) {
        if self.closed.get() {
            return;
        }
        self.listeners.tell(match event {
            Told::TokenChanged(source, generation) => {
                Event::TokenChanged { tokens: self.tokens(), source: *source, generation: *generation }
            }
            Told::RefreshFailed(failure, retry_at) => {
                Event::RefreshFailed { error: self.error(failure), retry_at: *retry_at }
            }
            Told::SessionEnded(failure) => Event::SessionEnded { error: self.error(failure) },
            Told::StorageFailed(operation) => {
                let error = self.storage_error.borrow().clone().unwrap_or_else(|| StorageError::new(NO_RECORD));
                Event::StorageFailed { error, operation: *operation }
            }
        });
    }

    fn storage_failed(&self, error: StorageError, input: Input) {
        let clean = error.cleaned(&|text| self.scrubber.borrow().scrub(text));
        self.storage_error.replace(Some(clean));
        self.has_lock_failed.set(matches!(input, Input::LockFailed(_)));
        self.tell(input);
    }

    fn refusal(&self, failure: Failure) -> RefreshError {
        if let Some((known, error)) = &*self.refused.borrow() {
            if *known == failure {
                return error.clone();
            }
        }
        let error = self.error(&failure);
        self.refused.replace(Some((failure, error.clone())));
        error
    }

    fn error(&self, failure: &Failure) -> RefreshError {
        let fault = self.fault.borrow();
        let storage = self.storage_error.borrow();
        let server_spoke = failure.server.as_ref().is_some_and(|server| server.status > 0);
        let (ours, cause) = match failure.code {
            Code::ClientRejected | Code::Unavailable | Code::OutcomeUnknown if !server_spoke => {
                (Some(fault.reason.as_str()).filter(|reason| !reason.is_empty()), fault.cause.as_ref())
            }
            Code::StorageFailed | Code::LockTimeout => (None, storage.as_ref().map(StorageError::cause)),
            _ => (None, None),
        };
        let now = UnixTime::from_millis_f64(js_sys::Date::now());
        RefreshError::new(failure, ours, cause, now.as_millis(), &|text| self.scrubber.borrow().scrub(text))
    }
}

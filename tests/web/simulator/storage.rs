//! The storage and the lock that all contexts of a history share, each context with its own view.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;

use futures_channel::oneshot;
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::web::{Async, LockGuard, Storage, StorageError, Subscription, Written};
use wasm_bindgen_futures::spawn_local;

use super::history::{wait, Listener, World};
use crate::script::{LockFate, OperationFate};
use crate::setup::LockReach;

/// A context's view of the storage that all share.
pub struct Own {
    world: Rc<World>,
    context: usize,
}

impl Own {
    pub fn new(world: Rc<World>, context: usize) -> Self {
        Self { world, context }
    }

    async fn there(&self) -> Option<OperationFate> {
        let fate = self.world.fates.borrow_mut().operations.pop_front();
        let hangs = if let Some(OperationFate::Hangs(span)) = fate { span } else { 0 };
        wait(self.world.delay(self.world.setup().latency.storage) + hangs).await;
        fate
    }

    async fn back(&self) {
        wait(self.world.delay(self.world.setup().latency.storage)).await;
    }

    fn tell_others(&self) {
        for other in 0..self.world.setup().devices.len() {
            let lost = self.world.dice.borrow_mut().percent(self.world.setup().latency.lost_hints);
            if other != self.context && !lost {
                let (world, after) = (Rc::clone(&self.world), self.world.delay(self.world.setup().latency.hint));
                spawn_local(async move {
                    wait(after).await;
                    if other < world.contexts.borrow().len() {
                        world.hint(other);
                    }
                });
            }
        }
    }
}

impl Storage for Own {
    fn load(&self) -> Async<'_, Result<Stored, StorageError>> {
        Box::pin(async {
            if matches!(self.there().await, Some(OperationFate::Fails | OperationFate::LandsAndFails)) {
                return Err(StorageError::new("it fails"));
            }
            let stored = self.world.stored.borrow().clone();
            self.back().await;
            Ok(stored.map_or(Stored::Nothing, |record| Stored::Record(Box::new(record))))
        })
    }

    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, Result<Written, StorageError>> {
        Box::pin(async move {
            let fate = self.there().await;
            if fate == Some(OperationFate::Fails) {
                return Err(StorageError::new("it fails"));
            }
            let conditional = self.world.setup().storage.conditional;
            let held = self.world.stored.borrow().as_ref().map(|record| record.generation);
            let agrees = !conditional || held == expected;
            if agrees {
                self.world.stored.replace(record.cloned());
                self.tell_others();
            }
            self.back().await;
            match fate {
                Some(OperationFate::LandsAndFails) => Err(StorageError::new("it landed and fails")),
                _ if !agrees => Ok(Written::Refused),
                _ => Ok(if conditional { Written::Compared } else { Written::Blindly }),
            }
        })
    }

    fn compares(&self) -> bool {
        self.world.setup().storage.conditional
    }

    fn has_lock(&self) -> bool {
        self.world.setup().lock == LockReach::AllContexts
    }

    fn lock(&self) -> Async<'_, Result<LockGuard, StorageError>> {
        Box::pin(async {
            let fate = self.world.fates.borrow_mut().locks.pop_front();
            match fate {
                Some(LockFate::Fails) => return Err(StorageError::new("it fails")),
                Some(LockFate::NeverGranted) => {}
                None => return Ok(self.world.lock.enter().await),
            }
            pending().await
        })
    }

    fn subscribe(&self, changed: Box<dyn Fn()>) -> Option<Subscription> {
        let listeners = self.world.context(self.context, |context| Rc::clone(&context.changed));
        let listener: Listener = Rc::from(changed);
        listeners.borrow_mut().push(Rc::clone(&listener));
        Some(Subscription::new(move || listeners.borrow_mut().retain(|other| !Rc::ptr_eq(other, &listener))))
    }
}

#[derive(Default)]
pub struct Line {
    pub held: Rc<Cell<bool>>,
    waiting: Rc<RefCell<VecDeque<oneshot::Sender<()>>>>,
}

impl Line {
    async fn enter(&self) -> LockGuard {
        while self.held.replace(true) {
            let (call, called) = oneshot::channel();
            self.waiting.borrow_mut().push_back(call);
            let _ = called.await;
        }
        let (held, waiting) = (Rc::clone(&self.held), Rc::clone(&self.waiting));
        LockGuard::new(move || {
            held.set(false);
            // a context that has left the line is passed over
            while waiting.borrow_mut().pop_front().is_some_and(|next| next.send(()).is_err()) {}
        })
    }
}

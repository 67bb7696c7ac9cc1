//! What a refresher tells, after the change is stored, outside every lock, once per change and context, in the order of `generation`:
//! to callbacks, and to streams.

use alloc::collections::VecDeque;
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_channel::mpsc;
use futures_core::Stream;
use wasm_bindgen_futures::spawn_local;

use super::error::{RefreshError, StorageError};
use super::ports::wake::OnDrop;
use crate::core::machine::{Operation, Source};
use crate::core::time::UnixTime;
use crate::core::token_set::TokenSet;

/// Something happened to the session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Other tokens, or none.
    TokenChanged {
        /// What there is now.
        tokens: Option<TokenSet>,
        /// Why.
        source: Source,
        /// Of the record; grows with every write.
        generation: u64,
    },
    /// A refresh failed, and the session goes on.
    RefreshFailed {
        /// Why.
        error: RefreshError,
        /// When the next one may be tried.
        retry_at: Option<UnixTime>,
    },
    /// A new login is needed.
    SessionEnded {
        /// Why.
        error: RefreshError,
    },
    /// The storage or the lock failed.
    StorageFailed {
        /// What it said.
        error: StorageError,
        /// Which call.
        operation: Operation,
    },
}

/// The events from now on, as a stream. It ends when the refresher is closed.
#[derive(Debug)]
pub struct Events(mpsc::UnboundedReceiver<Event>);

/// A callback hears until this is dropped.
#[must_use = "dropped, the callback hears nothing any more; `forget` lets it hear as long as the refresher lives"]
pub struct Listener(OnDrop);

impl Listener {
    /// Lets the callback hear as long as the refresher lives.
    pub fn forget(self) {
        core::mem::forget(self.0);
    }
}

type Callback = Rc<dyn Fn(&Event)>;

#[derive(Default)]
pub struct Listeners(Rc<Inner>);

#[derive(Default)]
struct Inner {
    callbacks: RefCell<Vec<Callback>>,
    streams: RefCell<Vec<mpsc::UnboundedSender<Event>>>,
    queue: RefCell<VecDeque<Event>>,
}

impl Listeners {
    pub fn listen(&self, callback: impl Fn(&Event) + 'static) -> Listener {
        let callback: Callback = Rc::new(callback);
        self.0.callbacks.borrow_mut().push(Rc::clone(&callback));
        let inner: Weak<Inner> = Rc::downgrade(&self.0);
        Listener(OnDrop::new(move || {
            if let Some(inner) = inner.upgrade() {
                inner.callbacks.borrow_mut().retain(|other| !Rc::ptr_eq(other, &callback));
            }
        }))
    }

    pub fn stream(&self) -> Events {
        let (sender, receiver) = mpsc::unbounded();
        self.0.streams.borrow_mut().push(sender);
        Events(receiver)
    }

    /// Listeners run after everything that the same fact brought about, and outside of it.
    pub fn tell(&self, event: Event) {
        let mut queue = self.0.queue.borrow_mut();
        queue.push_back(event);
        if queue.len() == 1 {
            let inner = Rc::clone(&self.0);
            spawn_local(async move { inner.deliver() });
        }
    }

    pub fn close(&self) {
        self.0.queue.borrow_mut().clear();
        self.0.callbacks.borrow_mut().clear();
        self.0.streams.borrow_mut().clear();
    }
}

impl Inner {
    fn deliver(&self) {
        while let Some(event) = self.next() {
            self.streams.borrow_mut().retain(|stream| stream.unbounded_send(event.clone()).is_ok());
            let callbacks = self.callbacks.borrow().clone();
            for callback in callbacks {
                // one that a callback before it took away hears nothing
                if self.callbacks.borrow().iter().any(|other| Rc::ptr_eq(other, &callback)) {
                    callback(&event);
                }
            }
        }
    }

    fn next(&self) -> Option<Event> {
        self.queue.borrow_mut().pop_front()
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        Pin::new(&mut self.0).poll_next(context)
    }
}

impl Events {
    /// The next event, or `None` once the refresher is closed: `while let Some(event) = events.next().await`.
    pub async fn next(&mut self) -> Option<Event> {
        core::future::poll_fn(|context| Pin::new(&mut self.0).poll_next(context)).await
    }
}

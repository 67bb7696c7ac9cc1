//! Two small things that futures are waited for with: the first of two, and one after the other.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::{poll_fn, Future};
use core::pin::Pin;
use core::task::Poll;

use futures_channel::oneshot;

pub enum Either<A, B> {
    First(A),
    Second(B),
}

/// Whichever is done first; the other is dropped.
pub async fn race<A, B>(
    mut one: Pin<impl core::ops::DerefMut<Target = impl Future<Output = A>>>,
    mut other: Pin<impl core::ops::DerefMut<Target = impl Future<Output = B>>>,
) -> Either<A, B> {
    poll_fn(move |context| {
        if let Poll::Ready(done) = one.as_mut().poll(context) {
            return Poll::Ready(Either::First(done));
        }
        other.as_mut().poll(context).map(Either::Second)
    })
    .await
}

/// A line in which one is served at a time.
#[derive(Clone, Default)]
pub struct Line(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    busy: bool,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// Whose turn it is. Dropped, it is the next one's.
pub struct Turn(Line);

impl Line {
    /// Stands in line. Dropping the future leaves it.
    pub async fn enter(&self) -> Turn {
        let (called, call) = oneshot::channel();
        if core::mem::replace(&mut self.0.borrow_mut().busy, true) {
            self.0.borrow_mut().waiting.push_back(called);
        } else {
            return Turn(self.clone());
        }
        match call.await {
            Ok(turn) => turn,
            // only its owner drops a place in the queue
            Err(oneshot::Canceled) => Turn(self.clone()),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.0 .0.borrow_mut().waiting.pop_front();
        match next {
            // a receiver that is gone drops the turn, which calls the next one
            Some(next) => drop(next.send(Turn(self.0.clone()))),
            None => self.0 .0.borrow_mut().busy = false,
        }
    }
}

//! One timer for whatever is due next. It is a hint: the machine decides by the clock what is really due.

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::pin;

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;

use super::clock::monotonic_ms;
use super::turn::{race, Either};
use crate::core::time::UnixTime;

/// Beyond this a platform's timer fires at once. A deadline further away is armed again when this is over.
const LONGEST_MS: u64 = (1 << 31) - 1;

/// A timer that is late by this much belongs to a context that was blocked or suspended.
const STALLED_MS: f64 = 1000.0;

#[derive(Default)]
pub struct Timer {
    running: RefCell<Option<Timeout>>,
    due: Cell<Option<UnixTime>>,
}

impl Timer {
    /// `None`: nothing is due.
    pub fn arm(&self, at: Option<UnixTime>, now: UnixTime, woke: impl FnOnce() + 'static) {
        if at.is_some() && at == self.due.get() {
            return;
        }
        self.due.set(at);
        let timeout = at.map(|at| Timeout::new(clamped(at.since(now).as_millis()), woke));
        drop(self.running.replace(timeout));
    }

    /// It fired: whatever is due then is armed anew.
    pub fn fired(&self) {
        self.due.set(None);
    }
}

/// For that long.
pub async fn wait(millis: f64) {
    TimeoutFuture::new(clamped(if millis > 0.0 { millis as u64 } else { 0 })).await;
}

/// The result of the work, or `None` after a time limit. After a stall, timers fire before sockets are read, and the result may be waiting
/// there.
pub async fn bounded<T>(work: impl Future<Output = T>, millis: f64) -> Option<T> {
    let over = async {
        let mut left = millis;
        loop {
            let stalled_at = monotonic_ms() + left + STALLED_MS;
            wait(left).await;
            if monotonic_ms() < stalled_at {
                return;
            }
            left = STALLED_MS;
        }
    };
    match race(pin!(work), pin!(over)).await {
        Either::First(done) => Some(done),
        Either::Second(()) => None,
    }
}

fn clamped(millis: u64) -> u32 {
    millis.min(LONGEST_MS) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_no_negative_number_of_milliseconds() {
        assert_eq!(clamped(30 * 24 * 3_600_000) as i32, i32::MAX);
        assert_eq!(clamped(1500), 1500);
    }
}

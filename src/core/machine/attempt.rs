//! The current attempt: its lock, its mark, and what they say about the refresh token.

use alloc::string::String;

use super::input::{EffectId, Reach};
use crate::core::policy::MARGIN;
use crate::core::time::{Duration, UnixTime};

/// Maximum number of refused marks in a row. A storage whose reads lag would refuse without end.
const MARK_TRIES: u32 = 10;

#[derive(Debug, Default)]
pub struct Attempt {
    /// The lock that is held.
    pub lock: Option<(EffectId, Reach)>,
    /// Number of refused marks in a row.
    mark_refusals: u32,
    /// When the last mark was ordered.
    marked_at: UnixTime,
    /// Whether the refresh token was sent before this attempt, with an unknown outcome.
    pub was_in_doubt: bool,
    /// The name of the last mark, unless the outcome was unknown before it.
    own_mark: Option<String>,
    /// The name of a mark that was or may be written, and whose request was not sent.
    pub unsent: Option<String>,
    /// The mark that was found when the lock passed on after silence, and the time of that. Its writer may only be suspended.
    suspended: Option<(String, UnixTime)>,
    /// When this context continued after a stall.
    pub ran_again_at: UnixTime,
    /// Whether the last refresh brought a token that expired before it was stored.
    pub came_late: bool,
}

impl Attempt {
    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        self.marked_at = self.marked_at - by;
        self.ran_again_at = self.ran_again_at - by;
        if let Some((_, since)) = &mut self.suspended {
            *since = *since - by;
        }
    }

    /// This context continues after a stall of that length, or its clock was set forward by it. The missed time does not count as time
    /// that a suspended writer had.
    pub fn ran_again(&mut self, now: UnixTime, missed: Duration) {
        self.ran_again_at = now;
        if let Some((_, since)) = &mut self.suspended {
            *since = *since + missed;
        }
    }

    /// A mark of that name is being written.
    pub fn marks(&mut self, name: &str, is_in_doubt: bool, now: UnixTime) {
        self.was_in_doubt = is_in_doubt;
        self.own_mark = (!is_in_doubt).then(|| String::from(name));
        self.unsent = self.own_mark.clone();
        self.marked_at = now;
    }

    /// The request is sent.
    pub fn sends(&mut self) {
        self.unsent = None;
        self.mark_refusals = 0;
    }

    /// The request was not sent after all.
    pub fn did_not_send(&mut self) {
        self.unsent = self.own_mark.clone();
    }

    /// Another context refreshed.
    pub fn forget_refusals(&mut self) {
        self.mark_refusals = 0;
    }

    /// Whether the mark is so old that other contexts may take it for abandoned.
    pub fn is_mark_old(&self, now: UnixTime) -> bool {
        now.since(self.marked_at) > MARGIN
    }

    /// Counts a refused mark. True if there were too many in a row.
    pub fn refused_mark(&mut self) -> bool {
        self.mark_refusals = self.mark_refusals.saturating_add(1);
        let too_many = self.mark_refusals > MARK_TRIES;
        if too_many {
            self.mark_refusals = 0;
        }
        too_many
    }

    /// Since when it is known that the writer of this mark may only be suspended. Getting the lock again does not change this time.
    pub fn suspended_since(&mut self, mark: &str, now: UnixTime) -> Option<UnixTime> {
        let since = self.suspended.as_ref().filter(|(name, _)| name == mark).map(|(_, since)| *since);
        if since.is_none() && matches!(self.lock, Some((_, Reach::AllContextsAfterSilence))) {
            self.suspended = Some((String::from(mark), now));
            return Some(now);
        }
        since
    }

    /// Whether other contexts respect the held lock: they share the session.
    pub fn is_lock_shared(&self) -> bool {
        matches!(self.lock, Some((_, Reach::AllContexts | Reach::AllContextsAfterSilence)))
    }

    /// Whether every context that shares the storage respects the held lock, and no earlier holder may still act under it.
    pub fn excludes_all(&self) -> bool {
        matches!(self.lock, Some((_, Reach::AllContexts)))
    }

    /// The same, and no other context wrote under the lock. A mark that is refused under the lock shows that the lock was stolen.
    pub fn is_alone(&self) -> bool {
        self.excludes_all() && self.mark_refusals == 0
    }
}

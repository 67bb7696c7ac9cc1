//! The session as this context knows it, and how a read of the storage changes it. The stored record wins, with one exception: an unsaved
//! result wins over the generation that it replaces (tests/GUARANTEES.md, G5).

use alloc::boxed::Box;
use alloc::string::String;

use super::effect::Holding;
use super::failure::Code;
use super::input::Demand;
use crate::core::json::{cut, whole};
use crate::core::oauth::response::RefreshTokenState;
use crate::core::record::{fingerprint, Record, Stored, Tokens, CLOCK_TOLERANCE, LAST_GENERATION, MIN_VALIDITY};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Maximum number of stale reads in a row that count as a replica's lag. After that the storage counts as set back.
pub const PATIENT_RESAVES: u32 = 6;
/// Maximum number of backoff doublings (8 s) before a result that is in memory only is saved again.
pub const MOST_BACKOFFS: u32 = 4;

/// The session as this context knows it.
#[derive(Debug)]
pub struct Session {
    /// Whether the storage was read.
    pub looked: bool,
    /// Whether the record may be stale, because the device slept or its clock was set. The storage is read before a token is granted.
    pub unread: bool,
    /// Whether a read is due, after a hint that the storage changed.
    pub look_due: bool,
    /// The tokens of the options, for a storage that is empty at the first read.
    pub initial: Option<Tokens>,
    /// The newest record.
    pub record: Option<Box<Record>>,
    /// The last known stored generation, which a conditional write names. 0 if nothing is stored.
    pub stored: u64,
    /// Set while the record (or its deletion) is not stored.
    pub unsaved: Option<Unsaved>,
    /// Why there is no session.
    pub absence: Code,
    /// Whether the storage holds a session of another issuer or client.
    pub is_foreign: bool,
    /// Whether the server ended the session. Its access token may still be valid.
    pub ended: bool,
    /// The state of the refresh token that the server refused last.
    pub refresh_token_left: RefreshTokenState,
    /// A generation whose expiry is not trusted, because the clock was set back; or 0.
    pub distrusted: u64,
    /// A generation without a refresh token whose access token has expired; or 0.
    over: u64,
    /// Whether a write was refused. The next read is then trusted, even with an older generation.
    pub refuted: bool,
    /// Whether another context's write is the reason for the first read.
    pub hinted: bool,
    /// The highest generation that this context has read or written.
    highest: u64,
}

/// A change that is not stored yet.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// Fingerprint of the refresh token that it replaces; `None` for a login or a sign-out.
    pub replaces: Option<String>,
    /// The name of the unsaved login or sign-out, if it is or follows one. That wins over earlier sessions.
    pub decides: Option<String>,
    /// When to write again.
    pub retry_at: UnixTime,
    /// Number of failed writes.
    pub failures: u32,
}

/// What a read of the storage changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Nothing that a caller could see.
    Same,
    /// Other tokens, or none.
    Changed,
    /// The stored value is no record.
    Unreadable,
}

impl Session {
    /// A session that was not read yet.
    pub fn new(initial: Option<Tokens>) -> Self {
        Self {
            looked: false,
            unread: false,
            look_due: false,
            initial,
            record: None,
            stored: 0,
            unsaved: None,
            absence: Code::SignedOut,
            is_foreign: false,
            ended: false,
            refresh_token_left: RefreshTokenState::Spent,
            distrusted: 0,
            over: 0,
            refuted: false,
            hinted: false,
            highest: 0,
        }
    }

    /// Whether the storage was read, and the record is not known to be stale.
    pub fn is_current(&self) -> bool {
        self.looked && !self.unread
    }

    /// When an unsaved change is written again.
    pub fn deadline(&self) -> UnixTime {
        self.unsaved.as_ref().map_or(UnixTime::NEVER, |unsaved| unsaved.retry_at)
    }

    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.retry_at = unsaved.retry_at - by;
        }
    }

    /// The wall clock was set back: the record's expiry is not trusted.
    pub fn distrust(&mut self) {
        self.distrusted = generation_of(self.record.as_deref());
    }

    /// The state of the refresh token according to the mark.
    pub fn refresh_token_state(&self) -> RefreshTokenState {
        if self.record.as_deref().and_then(Record::in_doubt).is_some() {
            RefreshTokenState::Unknown
        } else {
            RefreshTokenState::Unspent
        }
    }

    /// The generation for the next write.
    pub fn next_generation(&self) -> u64 {
        let highest = self.highest.max(self.stored);
        // No count reaches the last generation: it was written by hand, and the count begins anew.
        let last = if highest < LAST_GENERATION { highest } else { self.stored % LAST_GENERATION };
        last.saturating_add(1)
    }

    /// The generation of a write. If nothing is stored, it begins at the current Unix time. A sign-out deletes the generation too, and a
    /// repeated one would let a refresh of the old session overwrite the new session.
    pub fn generation_to_write(&self, now: UnixTime) -> u64 {
        let next = self.next_generation();
        if self.stored > 0 {
            return next;
        }
        // Above the marks of the old session too, if this clock is behind the one that numbered them.
        next.saturating_add(1000).max(now.as_millis())
    }

    /// Adopts the result of a read.
    pub fn reconcile(&mut self, stored: Stored) -> Reconciled {
        self.unread = false;
        let first = !core::mem::replace(&mut self.looked, true);
        let refuted = core::mem::take(&mut self.refuted);
        let hinted = core::mem::take(&mut self.hinted);
        match &self.unsaved {
            Some(unsaved) if self.outlives(unsaved, &stored) => {
                if !self.is_stale_read(&stored) {
                    self.stored = stored.generation().unwrap_or(0);
                }
                return Reconciled::Same;
            }
            None if !refuted && self.is_stale_read(&stored) => return Reconciled::Same,
            Some(_) | None => {}
        }
        let before = self.access_token();
        match stored {
            Stored::Unreadable(generation) => {
                self.stored = generation.unwrap_or(0);
                if self.record.is_none() {
                    self.absence = Code::StorageFailed;
                }
                return Reconciled::Unreadable;
            }
            Stored::Nothing => {
                if self.record.is_some() || self.absence == Code::StorageFailed {
                    self.absence = Code::SignedOut;
                }
                self.put(None, 0);
            }
            Stored::Foreign(generation) => {
                self.absence = Code::SignedOut;
                self.put(None, generation);
                self.is_foreign = true;
            }
            Stored::Record(record) => {
                let generation = record.generation;
                self.ended &= record.tokens.refresh_token().is_none();
                self.put(Some(record), generation);
            }
        }
        // The first read emits no event, unless its reason is another context's write that was more than a mark.
        let marked = self.record.as_deref().is_some_and(|record| record.pending.is_some());
        if if first { !hinted || marked } else { before == self.access_token() } {
            return Reconciled::Same;
        }
        Reconciled::Changed
    }

    /// Adopts a record that this context has stored.
    pub fn wrote(&mut self, record: Option<Box<Record>>) {
        let generation = generation_of(record.as_deref());
        self.put(record, generation);
    }

    /// Keeps an unsaved change in memory. A change after an unsaved login or sign-out belongs to that.
    pub fn keep_unsaved(&mut self, record: Option<Box<Record>>, mut unsaved: Unsaved) {
        let stored = self.stored;
        unsaved.decides = unsaved.decides.or_else(|| self.unsaved.take()?.decides);
        self.put(record, stored);
        self.unsaved = Some(unsaved);
    }

    /// Notes only the stored generation.
    pub fn saw_generation(&mut self, stored: &Stored) {
        self.looked = true;
        self.stored = stored.generation().unwrap_or(0);
        self.highest = self.highest.max(self.stored);
    }

    /// Deletes the session in memory, before the storage is written.
    pub fn forget(&mut self) {
        let (stored, is_foreign) = (self.stored, self.is_foreign);
        self.put(None, stored);
        self.is_foreign = is_foreign;
        self.absence = Code::SignedOut;
        self.ended = false;
    }

    /// A login or a sign-out is complete.
    pub fn decided(&mut self) {
        self.looked = true;
        self.absence = Code::SignedOut;
        self.ended = false;
    }

    /// The generation of the record, or the next one if there is none.
    pub fn generation(&self) -> u64 {
        self.record.as_deref().map_or(self.next_generation(), |record| record.generation)
    }

    /// The access token expired, and there is no refresh token.
    pub fn run_out(&mut self) {
        self.over = generation_of(self.record.as_deref());
        self.ended = true;
    }

    /// Whether `run_out` was called for this record.
    pub fn is_over(&self) -> bool {
        self.over > 0 && self.over == generation_of(self.record.as_deref())
    }

    /// The tokens that the driver may hand out.
    pub fn holding(&self) -> Option<Box<Holding>> {
        let record = self.record.as_deref().filter(|_| self.access_token().is_some())?;
        let believed = !self.unread && self.distrusted != record.generation;
        let (fresh_from, fresh_until) = record.window();
        Some(Box::new(Holding {
            tokens: Secret::new(record.token_set()),
            generation: record.generation,
            session: record.session.clone(),
            fresh_from,
            fresh_until: if believed { fresh_until } else { UnixTime::EPOCH }.known(),
        }))
    }

    /// Whether the access token fulfils the demand.
    pub fn serves(&self, demand: &Demand, now: UnixTime) -> bool {
        let Some(record) = &self.record else {
            return false;
        };
        self.still_good(demand, now)
            && self.distrusted != record.generation
            && now + CLOCK_TOLERANCE >= record.obtained_at
            && now + record.spare(demand.min_validity.unwrap_or(MIN_VALIDITY)) < record.end()
    }

    /// Whether the access token is usable: not refused, and not expired.
    pub fn still_good(&self, demand: &Demand, now: UnixTime) -> bool {
        let Some(record) = self.record.as_deref().filter(|_| !self.is_over()) else {
            return false;
        };
        record.tokens.access_token.is_some()
            && (demand.rejected.is_none() || demand.rejected != record.tokens.access_token)
            && now < record.end()
    }

    /// The current access token.
    pub fn access_token(&self) -> Option<Secret> {
        self.record.as_deref().filter(|_| !self.is_over())?.tokens.access_token.clone()
    }

    /// The refresh token's fingerprint.
    pub fn fingerprint(&self) -> Option<String> {
        refresh_token_of(self.record.as_deref())
    }

    /// Whether there is a refresh token.
    pub fn can_refresh(&self) -> bool {
        self.record.as_deref().is_some_and(|record| record.tokens.refresh_token().is_some())
    }

    /// Whether the unsaved record wins over the stored one.
    fn outlives(&self, unsaved: &Unsaved, stored: &Stored) -> bool {
        let theirs = match stored {
            Stored::Record(record) => Some(record.as_ref()),
            Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_) => None,
        };
        stored.generation().unwrap_or(0) == self.stored
            || self.is_stale_read(stored) && unsaved.failures < PATIENT_RESAVES
            || self.overrules(self.record.as_deref(), theirs)
            || unsaved.replaces.is_some() && theirs.is_some() && refresh_token_of(theirs) == unsaved.replaces
    }

    /// Whether an unsaved login or sign-out wins over the stored record: if that is of another session and not of a later login. A record of
    /// the same session is this login, stored although its write seemed to fail, or a refresh of it.
    pub fn overrules(&self, ours: Option<&Record>, theirs: Option<&Record>) -> bool {
        let Some(change) = self.unsaved.as_ref().and_then(|unsaved| unsaved.decides.as_ref()) else {
            return false;
        };
        let since = |session: &str| cut(session, b'-').and_then(|(time, _)| whole(time));
        let later = theirs.is_some_and(|theirs| since(&theirs.session) > since(change));
        !later && (theirs.is_none() || theirs.map(|theirs| &theirs.session) != ours.map(|ours| &ours.session))
    }

    /// Whether it is an older generation of the same session, as an eventually consistent storage may return.
    pub fn is_stale_read(&self, stored: &Stored) -> bool {
        match (stored, &self.record) {
            (Stored::Record(theirs), Some(ours)) => {
                // An unsaved record has a generation that is not stored.
                let newest = if self.unsaved.is_some() { self.stored } else { ours.generation };
                theirs.generation < newest && theirs.session == ours.session
            }
            (Stored::Record(_) | Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_), _) => false,
        }
    }

    fn put(&mut self, mut record: Option<Box<Record>>, stored: u64) {
        // Shares the text of an equal token, because ten thousand callers compare theirs with it.
        if let (Some(new), Some(old)) = (&mut record, &self.record) {
            if new.tokens.access_token == old.tokens.access_token {
                new.tokens.access_token = old.tokens.access_token.clone();
            }
        }
        let generation = generation_of(record.as_deref());
        self.highest = self.highest.max(generation).max(stored);
        if generation > self.distrusted {
            self.distrusted = 0;
        }
        self.record = record;
        self.stored = stored;
        self.unsaved = None;
        self.refuted = false;
        self.is_foreign = false;
    }
}

/// 0 for no record.
fn generation_of(record: Option<&Record>) -> u64 {
    record.map_or(0, |record| record.generation)
}

/// The fingerprint of a record's refresh token.
pub fn refresh_token_of(record: Option<&Record>) -> Option<String> {
    record?.tokens.refresh_token.as_ref().map(fingerprint)
}

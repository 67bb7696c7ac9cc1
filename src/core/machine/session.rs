//! What this context knows of the session, and what becomes of it when the storage says something else.
//! The storage wins, with one exception: what could not be saved yet outlives the generation it replaces
//! (rotation safety: save before publishing, memory outranks a storage that fails).

use alloc::boxed::Box;
use alloc::string::String;

use super::protocol::{Code, Demand, Holding};
use crate::core::json::{cut, whole};
use crate::core::policy::MIN_VALIDITY;
use crate::core::record::{fingerprint, Record, Stored};
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

/// Machines that share a storage differ by about this much; a record from further in the future was written before the
/// clock was set back.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Reads that lag behind this context's own writes are taken for a replica's this often; after that the storage was set back.
pub const PATIENT_RESAVES: u32 = 6;
/// So often the pause before what is in memory only is tried again doubles: to eight seconds.
pub const MOST_BACKOFFS: u32 = 4;

/// The session as this context knows it.
#[derive(Debug)]
pub struct Session {
    /// Whether the storage was read at all.
    pub looked: bool,
    /// The newest record.
    pub record: Option<Record>,
    /// The generation that the storage held when it was last seen: what a conditional write names.
    pub stored: Option<u64>,
    /// Set while the record, or its absence, is not in the storage.
    pub unsaved: Option<Unsaved>,
    /// Why there is no session.
    pub absence: Code,
    /// The server ended the session; its access token may outlive that.
    pub ended: bool,
    /// A generation whose expiry cannot be believed, because the clock was set back under it.
    pub distrusted: Option<u64>,
    /// The generation whose access token was all there was, and has run out.
    over: Option<u64>,
    /// A write was refused: what is read next is believed, however old it looks.
    pub refuted: bool,
    /// Somebody else's write is why the storage is read for the first time.
    pub hinted: bool,
    /// The highest generation ever seen or written here.
    highest: u64,
}

/// A change that the storage did not take.
#[derive(Clone, Debug)]
pub struct Unsaved {
    /// The refresh token it replaces, by fingerprint; `None` for a login or a sign-out.
    pub replaces: Option<String>,
    /// It is a login or a sign-out, or follows one that the storage did not take, by its name: it wins over earlier sessions.
    pub decides: Option<String>,
    /// When to try again.
    pub retry_at: UnixTime,
    /// How often it failed.
    pub failures: u32,
}

/// What reading the storage changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Nothing that a caller could see.
    Same,
    /// Other tokens, or none.
    Changed,
    /// The storage holds something that is no record.
    Unreadable,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            looked: false,
            record: None,
            stored: None,
            unsaved: None,
            absence: Code::SignedOut,
            ended: false,
            distrusted: None,
            over: None,
            refuted: false,
            hinted: false,
            highest: 0,
        }
    }
}

impl Session {
    /// The generation for the next write.
    pub fn next_generation(&self) -> u64 {
        self.highest.max(self.stored.unwrap_or(0)).saturating_add(1)
    }

    /// The generation of a write. Over nothing it begins at the time of day: to forget a session forgets its numbers too, and
    /// one that came again would let a refresh of the old session write over the new one.
    pub fn generation_to_write(&self, now: UnixTime) -> u64 {
        let next = self.next_generation();
        if self.stored.is_some() {
            return next;
        }
        // Past any mark of the old session too, where the clock is behind the one that numbered it.
        next.saturating_add(1000).max(now.as_millis())
    }

    /// Takes over what the storage holds.
    pub fn reconcile(&mut self, stored: Stored) -> Reconciled {
        let first = !core::mem::replace(&mut self.looked, true);
        let refuted = core::mem::take(&mut self.refuted);
        let hinted = core::mem::take(&mut self.hinted);
        match &self.unsaved {
            Some(unsaved) if self.outlives(unsaved, &stored) => {
                if !self.is_stale_read(&stored) {
                    self.stored = stored.generation();
                }
                return Reconciled::Same;
            }
            None if !refuted && self.is_stale_read(&stored) => return Reconciled::Same,
            Some(_) | None => {}
        }
        let before = self.access_token();
        match stored {
            Stored::Unreadable(generation) => {
                self.stored = generation;
                if self.record.is_none() {
                    self.absence = Code::StorageFailed;
                }
                return Reconciled::Unreadable;
            }
            Stored::Nothing => {
                if self.record.is_some() || self.absence == Code::StorageFailed {
                    self.absence = Code::SignedOut;
                }
                self.put(None, None);
            }
            Stored::Record(record) => {
                let generation = record.generation;
                self.ended &= record.tokens.refresh_token().is_none();
                self.put(Some(*record), Some(generation));
            }
        }
        // A first look is news to nobody, unless a write was the reason for it, and that was no mark.
        let marked = self.record.as_ref().is_some_and(|record| record.pending.is_some());
        if if first { !hinted || marked } else { before == self.access_token() } {
            return Reconciled::Same;
        }
        Reconciled::Changed
    }

    /// Takes over what the storage now holds because this context wrote it.
    pub fn wrote(&mut self, record: Option<Record>) {
        let generation = record.as_ref().map(|record| record.generation);
        self.put(record, generation);
    }

    /// Keeps in memory what the storage did not take. What follows a change that it did not take is part of it.
    pub fn keep_unsaved(&mut self, record: Option<Record>, mut unsaved: Unsaved) {
        let stored = self.stored;
        unsaved.decides = unsaved.decides.or_else(|| self.unsaved.take()?.decides);
        self.put(record, stored);
        self.unsaved = Some(unsaved);
    }

    /// Notes what generation the storage holds, and nothing else of it.
    pub fn saw_generation(&mut self, stored: &Stored) {
        self.looked = true;
        self.stored = stored.generation();
        self.highest = self.highest.max(self.stored.unwrap_or(0));
    }

    /// Forgets the session at once; the storage follows.
    pub fn forget(&mut self) {
        let stored = self.stored;
        self.put(None, stored);
        self.absence = Code::SignedOut;
        self.ended = false;
    }

    /// A login or a sign-out settled what there is.
    pub fn decided(&mut self) {
        self.looked = true;
        self.absence = Code::SignedOut;
        self.ended = false;
    }

    /// The generation of the record, or the one that came after it.
    pub fn generation(&self) -> u64 {
        self.record.as_ref().map_or(self.next_generation(), |record| record.generation)
    }

    /// The access token was all there was, and it has run out.
    pub fn run_out(&mut self) {
        self.over = self.record.as_ref().map(|record| record.generation);
        self.ended = true;
    }

    /// Whether that was noticed.
    pub fn is_over(&self) -> bool {
        self.over.is_some() && self.over == self.record.as_ref().map(|record| record.generation)
    }

    /// What may be handed out without another look, if it may.
    pub fn holding(&self, may: bool) -> Option<Box<Holding>> {
        let record = self.record.as_ref().filter(|_| self.access_token().is_some())?;
        let believed = may && self.distrusted != Some(record.generation);
        let fresh_until = record.expires_at().map(|end| end - spare(record, MIN_VALIDITY));
        Some(Box::new(Holding {
            tokens: Secret::new(record.token_set()),
            generation: record.generation,
            fresh_from: record.obtained_at - CLOCK_TOLERANCE,
            fresh_until: if believed { fresh_until } else { Some(UnixTime::EPOCH) },
        }))
    }

    /// Whether the access token fulfils the demand.
    pub fn serves(&self, demand: &Demand, now: UnixTime) -> bool {
        let Some(record) = &self.record else {
            return false;
        };
        self.still_good(demand, now)
            && self.distrusted != Some(record.generation)
            && now + CLOCK_TOLERANCE >= record.obtained_at
            && record
                .expires_at()
                .is_none_or(|end| now + spare(record, demand.min_validity.unwrap_or(MIN_VALIDITY)) < end)
    }

    /// Whether the access token is better than none: not refused, and not at its end.
    pub fn still_good(&self, demand: &Demand, now: UnixTime) -> bool {
        let Some(record) = self.record.as_ref().filter(|_| !self.is_over()) else {
            return false;
        };
        let refused = |token: &str| demand.rejected.as_ref().is_some_and(|rejected| rejected.reveal() == token);
        record.tokens.access_token().is_some_and(|token| !refused(&token))
            && record.expires_at().is_none_or(|end| now < end)
    }

    /// The access token, to compare with.
    pub fn access_token(&self) -> Option<Secret> {
        self.record.as_ref().filter(|_| !self.is_over())?.tokens.access_token().map(Secret::new)
    }

    /// The refresh token's fingerprint.
    pub fn fingerprint(&self) -> Option<String> {
        refresh_token_of(self.record.as_ref())
    }

    /// Whether there is a refresh token that the server has not refused.
    pub fn can_refresh(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.tokens.refresh_token().is_some())
    }

    /// Whether what is in memory is newer than what the storage holds.
    fn outlives(&self, unsaved: &Unsaved, stored: &Stored) -> bool {
        let theirs = match stored {
            Stored::Record(record) => Some(record.as_ref()),
            Stored::Nothing | Stored::Unreadable(_) => None,
        };
        stored.generation() == self.stored
            || self.is_stale_read(stored) && unsaved.failures < PATIENT_RESAVES
            || self.overrules(self.record.as_ref(), theirs)
            || unsaved.replaces.is_some() && theirs.is_some() && refresh_token_of(theirs) == unsaved.replaces
    }

    /// Whether a change that is not stored yet wins over what stands there: another session, and no later login. One of
    /// the same session is the change itself, which landed though it seemed to fail, or descends from it.
    pub fn overrules(&self, ours: Option<&Record>, theirs: Option<&Record>) -> bool {
        let Some(change) = self.unsaved.as_ref().and_then(|unsaved| unsaved.decides.as_ref()) else {
            return false;
        };
        let since = |session: &str| cut(session, b'-').and_then(|(time, _)| whole(time));
        let later = theirs.is_some_and(|theirs| since(&theirs.session) > since(change));
        !later && (theirs.is_none() || theirs.map(|theirs| &theirs.session) != ours.map(|ours| &ours.session))
    }

    /// A storage that is only eventually consistent shows an older generation of the same session now and then.
    pub fn is_stale_read(&self, stored: &Stored) -> bool {
        match (stored, &self.record) {
            (Stored::Record(theirs), Some(ours)) => {
                // What is in memory only has a number of its own.
                let newest = if self.unsaved.is_some() { self.stored } else { Some(ours.generation) };
                Some(theirs.generation) < newest && theirs.session == ours.session
            }
            (Stored::Record(_) | Stored::Nothing | Stored::Unreadable(_), _) => false,
        }
    }

    fn put(&mut self, record: Option<Record>, stored: Option<u64>) {
        let generation = record.as_ref().map_or(0, |record| record.generation);
        self.highest = self.highest.max(generation).max(stored.unwrap_or(0));
        if record.as_ref().is_some_and(|record| self.distrusted.is_some_and(|old| record.generation > old)) {
            self.distrusted = None;
        }
        self.record = record;
        self.stored = stored;
        self.unsaved = None;
        self.refuted = false;
    }
}

/// The fingerprint of a record's refresh token.
pub fn refresh_token_of(record: Option<&Record>) -> Option<String> {
    record?.tokens.refresh_token().map(|token| fingerprint(&token))
}

/// The validity that a caller asks for, capped at a quarter of the lifetime.
fn spare(record: &Record, wanted: Duration) -> Duration {
    record.lifetime().map_or(wanted, |lifetime| wanted.min(lifetime.part(4)))
}

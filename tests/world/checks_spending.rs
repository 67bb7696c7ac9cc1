//! The invariants of refresh tokens: what was perhaps spent is sent only as `reuse` allows or as the alternative to a new
//! login, and no session is lost that could have been saved.

use oauth_refresher::core::policy::REQUESTS_PER_MINUTE;
use oauth_refresher::core::record::Record;

use crate::checks::MINUTE;
use crate::context::{Mark, Wants};
use crate::network::Request;
use crate::script::RequestFate;
use crate::server::{name, End, Refused, Rotation, Token};
use crate::setup::Reuse;
use crate::storage::{access_token, refresh_token};
use crate::world::{Past, World};

impl World {
    /// Remembers what a mark was written for, at the moment that decides.
    pub fn note_mark(&mut self, context: usize, record: Option<&Record>) {
        let Some((record, pending)) = record.and_then(|record| Some((record, record.pending.as_ref()?))) else {
            return;
        };
        let Some(token) = refresh_token(Some(record)) else { return };
        let wall = self.wall(context);
        let access = access_token(Some(record));
        let ran_out = record.expires_at().is_some_and(|end| end.as_millis() <= wall);
        let needed = self.contexts[context].waiting.iter().any(|waiting| {
            waiting.wants == Wants::Tokens && (ran_out || access.is_none() || waiting.rejected == access)
        });
        // A write that failed is tried again: what was decided when the mark was named is decided, though its caller left since.
        let before = self.contexts[context].observed.mark.take().filter(|mark| mark.attempt == pending.attempt);
        let needed = needed || before.is_some_and(|mark| mark.needed);
        self.contexts[context].observed.mark =
            Some(Mark { token, attempt: pending.attempt.clone(), needed, ordered_at: self.now, sent: 0 });
    }

    /// A refresh token is about to be sent.
    pub fn check_send(&mut self, context: usize, token: Token) {
        let shown = format!("c{context} sends {}", name("rt", token));
        let now = self.now;
        let observed = &mut self.contexts[context].observed;
        observed.requests.retain(|at| now - at < MINUTE);
        observed.requests.push_back(now);
        let fruitless = observed.requests.len();
        if fruitless > REQUESTS_PER_MINUTE + 2 && !self.past.clock_moved {
            self.breaks("requests that bring nothing are limited", format!("{shown}: {fruitless} in a minute"));
        }
        let observed = &self.contexts[context].observed;
        let decides = self.compares() && self.reads_are_current() && !self.past.storage_trouble;
        if decides && observed.signed_out_of.contains(&token.family) {
            return self.breaks("nothing is sent after a sign-out", shown);
        }
        let Some(mark) = observed.mark.clone().filter(|mark| mark.token == token) else {
            return self.breaks("a mark is written before a refresh token is sent", shown);
        };
        let asked_for_nonce = self.requests.iter().rev().find(|request| request.context == context);
        let asked_for_nonce = asked_for_nonce.is_some_and(|request| request.fate == Some(RequestFate::WantsNonce));
        if mark.sent > 1 || mark.sent == 1 && !asked_for_nonce {
            return self.breaks("a mark is for one request, and one more with a nonce", shown);
        }
        if let Some(mark) = &mut self.contexts[context].observed.mark {
            mark.sent += 1;
        }
        let observed = &self.contexts[context].observed;
        if !self.past.marks.contains_key(&mark.attempt) && !observed.storage_trouble {
            return self.breaks("a mark is stored before a refresh token is sent", shown);
        }
        // Others that get the lock next would not know of it, and send it again.
        let is_known = !self.past.landed_unheard.contains(&token);
        let can_be_read = refresh_token(self.storage.content()) == Some(token) && self.is_lock_shared() && is_known;
        let is_dangerous = self.history.setup.reuse == Reuse::Never;
        if can_be_read && is_dangerous && !self.past.marks.contains_key(&mark.attempt) && !self.past.stolen {
            return self.breaks("a refresh token that others can read is not sent without its mark", shown);
        }
        // Where comparison and write are two, and no lock holds, a mark that was compared before the end is written after it.
        let ends_stand = self.compares() || self.is_lock_shared() && !self.past.stolen;
        let believed = ends_stand && !observed.storage_trouble && self.reads_are_current();
        if observed.ended_tokens.contains(&token) && believed {
            return self.breaks("what the server refused is not sent again", shown);
        }
        // A login that was given up elsewhere may be restored while a storage fails: the context that stored it cannot know.
        let given_up = self.past.given_up.contains(&token.family);
        if observed.replaced.contains(&token) && self.compares() && !given_up {
            return self.breaks("a context that was given a successor never sends what it replaces", shown);
        }
        let out_elsewhere = self.requests.iter().any(|other| {
            let there = &self.contexts[other.context];
            let same = other.token.family == token.family && other.context != context;
            same && !there.troubled_since(other.sent_at) && self.is_open(other)
        });
        if out_elsewhere && self.is_lock_shared() && !self.past.stolen && !given_up {
            return self.breaks("one token request at a time while locks work", shown);
        }
        // Where no mark could be written, the token was spent rather than a caller turned away: others cannot know of it.
        if !self.past.marks.contains_key(&mark.attempt) {
            self.past.unmarked.insert(token.family);
        }
        if self.is_excused(token.family) {
            return;
        }
        let mut others: Vec<&Request> = Vec::new();
        for request in self.requests.iter().filter(|request| request.token == token) {
            if request.left_it_unspent() {
                // What came before does not matter any more, if the server answered this one with tokens.
                others.retain(|_| request.issued.is_none());
            } else {
                others.push(request);
            }
        }
        // A context that stored a login again, because its first write seemed to fail, could not know what others did with it.
        let brought_back = self.past.brought_back.get(&token).copied();
        others.retain(|request| brought_back.is_none_or(|at| request.sent_at > at));
        if others.is_empty() {
            return;
        }
        // Where others do not respect a lock, a result may be stored between a mark and its request, which no context can see.
        // One of the same millisecond may have landed after the mark too.
        let marked_at = self.past.marks.get(&mark.attempt).copied();
        let until = if self.is_lock_shared() { now } else { marked_at.map_or(now, |at| at.saturating_sub(1)) };
        let stored = |request: &Request| {
            let child = request.issued.and_then(|issued| issued.refresh).filter(|child| *child != token);
            child.and_then(|child| self.past.stored.get(&(true, child))).is_some_and(|at| *at <= until)
        };
        let landed = others.iter().copied().any(stored);
        // The second request of an exchange of nonces goes under the mark of the first, within seconds: nothing is read between.
        if landed && mark.sent == 0 && !self.contexts[context].observed.storage_trouble {
            return self.breaks("a refresh token whose successor is stored is not sent", shown);
        }
        let may = match self.history.setup.reuse {
            Reuse::Never => false,
            Reuse::Always | Reuse::UntilSuccessorUsed => true,
            Reuse::Grace(window) => {
                self.past.clock_moved
                    || others.iter().all(|other| mark.ordered_at - other.sent_at.min(mark.ordered_at) <= window)
            }
        };
        if !may && !mark.needed {
            self.breaks("a spent refresh token is sent only as reuse allows or as the alternative to a login", shown);
        }
    }

    /// The server refused a refresh token: the client must have had no way to know better.
    pub fn check_refusal(&mut self, index: usize, refused: Refused) {
        let request = self.requests[index].clone();
        let token = request.token;
        if refused.0 != End::Reuse || self.is_excused(token.family) {
            return;
        }
        // It killed the family only now if it is the first that was refused.
        if self.requests[..index].iter().any(|other| other.token.family == token.family && other.refused.is_some()) {
            return;
        }
        let excused = |other: &Request| {
            let context = &self.contexts[other.context];
            // Without a lock others give a request up by the age of its mark, which is older than the request: what comes in
            // between was in time for its sender only.
            let late = matches!(other.fate, Some(RequestFate::LateRequest(_) | RequestFate::LateReply(_)));
            let given_up = late && !self.is_lock_shared();
            given_up || other.hides_its_outcome() || context.life != other.life || context.troubled_since(other.sent_at)
        };
        let earlier = self.requests.iter().filter(|other| other.token == token && other.issued.is_some());
        let excusable = match (self.server.rotation, self.history.setup.reuse) {
            (Rotation::OneTime { .. }, _) => true,
            (Rotation::Grace { .. }, Reuse::Never) => true,
            (Rotation::Grace { window, .. }, _) => {
                let first = self.server.first_used(token).unwrap_or(self.now);
                self.past.clock_moved || self.now - first > window * 9 / 10
            }
            // The same, where the successor was used at once.
            (Rotation::UntilSuccessorUsed, _) if !self.is_lock_shared() => return,
            (Rotation::UntilSuccessorUsed, _) => false,
            (Rotation::Static { .. } | Rotation::OldStayValid, _) => false,
        };
        if excused(&request) || (excusable && earlier.into_iter().any(excused)) {
            return;
        }
        let detail = format!("c{} sent {}", request.context, name("rt", token));
        self.breaks("no session is lost without cause", detail);
    }

    fn is_excused(&self, family: usize) -> bool {
        self.past.given_up.contains(&family) || self.past.unmarked.contains(&family) || !self.is_strict()
    }

    /// Whether what happens to a refresh token is in this library's hands: others respect the lock, or the storage
    /// compares and clocks agree about how long ago a request was sent.
    fn is_strict(&self) -> bool {
        let Past { decided, storage_trouble, stolen, clock_moved, .. } = self.past;
        let undisturbed = !decided && !storage_trouble && self.reads_are_current();
        match (self.is_lock_shared(), self.compares()) {
            (true, compares) => !stolen && (compares || undisturbed),
            (false, compares) => compares && !clock_moved,
        }
    }
}

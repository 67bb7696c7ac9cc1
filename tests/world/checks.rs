//! The invariants: what must be true after every step of every history. Each has a claim for a name.
//! Where the promise itself has a condition (a lock that works, a storage that compares, a clock that was not moved),
//! the check has it too, and no other.

use oauth_refresher::core::machine::{Code, Event, Failure, Source};
use oauth_refresher::core::oauth::response::RefreshTokenState;
use oauth_refresher::core::record::Record;

use crate::context::{Answer, Condition, Held, Waiting, Wants};
use crate::network::Request;
use crate::queue::Moment;
use crate::script::RequestFate;
use crate::server::{name, Token};
use crate::storage::{access_token, family, refresh_token};
use crate::world::{Happening, World};

/// More steps of one context in one minute than this are a loop.
const STEPS_PER_MINUTE: u32 = 3_000;
/// The longest patience that the server asks for.
const LONGEST_RETRY_AFTER: Moment = 3_600_000;
pub const MINUTE: Moment = 60_000;

impl World {
    /// After every fact.
    pub fn check_step(&mut self, context: usize, woke: bool) {
        let wall = self.wall(context);
        let there = &mut self.contexts[context];
        let minute = self.now / MINUTE;
        if there.observed.minute != minute {
            (there.observed.minute, there.observed.steps) = (minute, 0);
        }
        there.observed.steps += 1;
        let steps = there.observed.steps;
        let late = there.waiting.iter().find(|waiting| waiting.deadline <= wall).map(|waiting| waiting.id);
        let deadline = if woke { there.machine.deadline() } else { None };
        self.most_steps = self.most_steps.max(steps);
        if let Some(id) = late {
            self.breaks("every demand settles by its deadline", format!("c{context} #{id}"));
        }
        if let Some(at) = deadline.filter(|at| at.as_millis() <= wall) {
            let detail = format!("c{context}: {} at {wall}", at.as_millis());
            self.breaks("after Woke the deadline is in the future", detail);
        }
        if steps > STEPS_PER_MINUTE {
            self.breaks("nothing runs in a loop", format!("c{context}: {steps} steps in a minute"));
        }
    }

    /// A caller got its answer.
    pub fn answer(&mut self, context: usize, id: u32, answer: Answer) {
        let Some(index) = self.contexts[context].waiting.iter().position(|waiting| waiting.id == id) else {
            if !self
                .answers
                .iter()
                .any(|(at, waiting, gone)| *at == context && waiting.id == id && *gone == Answer::Gone)
            {
                self.breaks("every demand settles once", format!("c{context} #{id}: {answer:?}"));
            }
            return;
        };
        let waiting = self.contexts[context].waiting.remove(index);
        self.settled.push((context, waiting.id, self.now - waiting.asked_at));
        match &answer {
            Answer::Granted(access) => self.check_grant(context, &waiting, *access),
            Answer::Refused(failure) => self.check_failure(context, &waiting, failure),
            Answer::Done => {
                if waiting.wants != Wants::SignOut {
                    self.breaks("only a sign-out is done", format!("c{context} #{id}"));
                }
            }
            Answer::Gone => {}
        }
        if let (Some((round, refusals)), Answer::Granted(access)) = (waiting.round, &answer) {
            if refusals < 4 && self.lasts_long_enough() && !self.server.accepts(*access, self.now) {
                let life = self.contexts[context].life;
                self.queue.plan(self.now, Happening::Insists(context, life, (round, refusals + 1), *access));
            }
        }
        self.answers.push((context, waiting, answer));
    }

    /// What the driver holds is handed out: it must be in the storage already.
    pub fn check_held(&mut self, context: usize, held: Option<&Held>) {
        let compares = self.compares();
        let observed = &mut self.contexts[context].observed;
        // What was never stored, because every write of it was refused, has a number that others may give again.
        let is_stored = |held: &Held| self.past.stored.contains_key(&(false, held.access));
        let now_held = held.map(|held| (held.access.family, if is_stored(held) { held.generation } else { 0 }));
        let before = std::mem::replace(&mut observed.last_held, now_held);
        let refuted = observed.refuted;
        let Some(held) = held else {
            // A record without an access token shows nothing of the login it belongs to.
            observed.known = before.and(observed.known);
            return;
        };
        observed.known = Some(held.access.family);
        let back =
            before.is_some_and(|(family, generation)| family == held.access.family && held.generation < generation);
        // A replica that is behind is not believed, unless it said that another context wrote in between. What a storage that fails
        // did not take has a number that others may give again.
        if back && compares && !refuted && !observed.storage_trouble {
            let detail = format!("c{context}: generation {} after {before:?}", held.generation);
            self.breaks("what is held never goes back a generation", detail);
        }
        let saves = self.reads_are_current() && !self.contexts[context].observed.storage_trouble;
        if saves && !self.past.stored.contains_key(&(false, held.access)) {
            let detail = format!("c{context} holds {}", name("at", held.access));
            self.breaks("tokens are stored before a caller sees them", detail);
        }
    }

    /// The lock is claimed: a caller must want what is not there.
    pub fn check_lock(&mut self, context: usize) {
        let wall = self.wall(context);
        let there = &self.contexts[context];
        let Some(held) = there.at_hand(wall) else { return };
        let wanting = |waiting: &Waiting| waiting.wants != Wants::Tokens || !waiting.plain;
        let errand = there.observed.watching || self.history.setup.keep_alive.is_some();
        let marked = self.storage.content().is_some_and(|record| record.pending.is_some());
        // A token that comes from tomorrow becomes a good one by waiting.
        let waits = !there.waiting.is_empty() && !there.waiting.iter().any(wanting);
        if waits && !errand && !marked && !self.past.clock_moved {
            self.breaks(
                "no context takes the lock for a good access token",
                format!("c{context} has {}", name("at", held)),
            );
        }
    }

    fn check_grant(&mut self, context: usize, waiting: &Waiting, access: Token) {
        let shown = || format!("c{context} #{} got {}", waiting.id, name("at", access));
        if self.past.strangers.contains(&access.family) {
            self.breaks("no caller gets tokens of another person", shown());
        }
        if waiting.rejected == Some(access) {
            self.breaks("a refused access token is not granted to whom it was refused", shown());
        }
        let tells = self.history.setup.says_lifetime && !self.past.clock_moved && self.reads_are_current();
        let settled = self.compares() && self.reads_are_current() && !self.past.storage_trouble;
        if settled && self.contexts[context].observed.signed_out_of.contains(&access.family) {
            self.breaks("after a sign-out no caller here gets that account's tokens", shown());
        }
        let newest = self.newest_brought_to(context, access.family);
        if tells && newest > Some(access) && self.server.has_run_out(access, self.now) {
            self.breaks("an access token that has run out is not granted", shown());
        }
        let observed = &self.contexts[context].observed;
        if let Some(own) = observed.own_login.filter(|_| self.compares() && !self.past.storage_trouble) {
            let place = |login| self.past.logins_stored.iter().position(|stored| *stored == login);
            if place(access.family) < place(own) && self.history.setup.storage.stale == 0 {
                let detail = format!("{}, and had stored login {own}", shown());
                self.breaks("after a login no caller here gets an older account's tokens", detail);
            }
        }
        self.contexts[context].observed.granted.push(access);
    }

    fn check_failure(&mut self, context: usize, waiting: &Waiting, failure: &Failure) {
        let shown = format!("c{context} #{}: {:?}", waiting.id, failure.code);
        let fated = |wanted: &[fn(&RequestFate) -> bool]| {
            self.requests
                .iter()
                .filter_map(|request| request.fate.as_ref())
                .any(|fate| wanted.iter().any(|is| is(fate)))
        };
        let excused = match failure.code {
            Code::SessionEnded => self.was_refused(context),
            Code::IdentityMismatch => self.was_refused(context) && !self.past.strangers.is_empty(),
            Code::SignedOut => {
                // A read may be answered with what was there when it began.
                let slack = 2 * self.history.setup.latency.storage;
                self.past.empty_until.is_some_and(|until| until.saturating_add(slack) >= waiting.asked_at)
                    || self.storage.content().is_none()
                    || self.contexts[context].observed.decided_at.is_some()
                    || self.past.storage_trouble
                    || self.history.setup.storage.stale > 0
            }
            Code::ClientRejected => fated(&[|fate| {
                matches!(fate, RequestFate::InvalidClient | RequestFate::InvalidTarget | RequestFate::WantsNonce)
            }]),
            Code::BadResponse => {
                fated(&[|fate| matches!(fate, RequestFate::Html | RequestFate::Truncated | RequestFate::UnknownType)])
            }
            // A replica that is behind is one more way for a storage to fail.
            // the context's own: a lock that failed is none of the past of others
            Code::StorageFailed => {
                self.past.storage_trouble
                    || self.contexts[context].observed.storage_trouble
                    || !self.reads_are_current()
            }
            // A login or a sign-out leaves a mark behind whose request gets no completion; and without a lock (or
            // one that was stolen) a caller's time may be over while another context's request is out.
            Code::OutcomeUnknown => {
                let cannot_tell = !self.reads_are_current() || !self.is_lock_shared() || self.past.stolen;
                self.past.decided || cannot_tell || self.was_in_doubt()
            }
            Code::Unavailable | Code::LockTimeout | Code::Timeout => true,
            // Drivers give these; a machine does not.
            Code::Closed | Code::EngineFailed => false,
        };
        if !excused {
            self.breaks("every failure has a cause", shown.clone());
        }
        self.check_truth(context, failure, shown);
    }

    /// What an error says of the refresh token.
    fn check_truth(&mut self, context: usize, failure: &Failure, shown: String) {
        if failure.refresh_token != RefreshTokenState::Unspent || self.past.storage_trouble || self.past.decided {
            return;
        }
        let Some(token) = refresh_token(self.storage.content()) else { return };
        let life = self.contexts[context].life;
        let spent = self.requests.iter().rev().filter(|request| request.token == token).any(|request| {
            let own = request.context == context && request.life == life;
            let rotated = request.issued.is_some_and(|issued| issued.refresh.is_some_and(|child| child != token));
            own && rotated && request.reported && request.hides_its_outcome()
        });
        // What is stored is what this context left there, if no write came between its comparison and its own.
        if spent && self.reads_are_current() && self.compares() {
            self.breaks("no error says unspent of a refresh token that may be spent", shown);
        }
    }

    pub fn check_event(&mut self, context: usize, event: &Event) {
        let told = match event {
            Event::TokenChanged(source, generation) => {
                let orderly =
                    self.compares() && self.reads_are_current() && !self.past.clock_moved && !self.past.storage_trouble;
                let held = self.contexts[context].held.as_ref().map(|held| held.access.family);
                let observed = &mut self.contexts[context].observed;
                let before = std::mem::replace(&mut observed.last_generation, *generation);
                if *source == Source::Login {
                    observed.own_login = held;
                }
                // What forgets a session forgets its generation too.
                if held.is_none() {
                    observed.last_generation = 0;
                } else if *generation < before && orderly {
                    let detail = format!("c{context}: {generation} after {before}");
                    self.breaks("token-changed comes in the order of generations", detail);
                }
                format!("token-changed {source:?}")
            }
            Event::RefreshFailed(failure, _) => format!("refresh-failed {}", failure.code.as_str()),
            Event::SessionEnded(failure) => {
                if !self.was_refused(context) {
                    self.breaks("only the server ends a session", format!("c{context}"));
                }
                format!("session-ended {}", failure.code.as_str())
            }
            Event::StorageFailed(operation) => {
                self.contexts[context].observed.storage_trouble = true;
                format!("storage-failed {operation:?}")
            }
        };
        self.events.push((context, told));
    }

    /// The storage is about to hold something else.
    pub fn check_write(&mut self, by: Option<usize>, record: Option<&Record>) {
        let Some(context) = by else { return };
        let old = self.storage.content();
        let shown = || format!("c{context} writes {}", crate::trace::described(record));
        let forgotten = refresh_token(old).filter(|token| self.server.would_take(*token, self.now));
        // Where comparison and write are two, others come between, unless a lock keeps them away.
        let alone = self.compares() || self.is_lock_shared() && !self.past.stolen && !self.past.decided;
        let nobody_decided = alone && self.contexts[context].observed.decided_at.is_none();
        if refresh_token(record).is_none() && forgotten.is_some() && nobody_decided {
            return self.breaks("no context forgets a refresh token that the server would take", shown());
        }
        let Some(record) = record else { return };
        if family(Some(record)).is_some_and(|family| self.past.strangers.contains(&family)) {
            return self.breaks("nothing of another person's reply is stored", shown());
        }
        let ends = (access_token(Some(record)), refresh_token(Some(record)));
        if let (Some(access), Some(refresh)) = ends {
            if access.family != refresh.family {
                return self.breaks("a record never mixes two logins", shown());
            }
        }
        let obtained_at = record.obtained_at.as_millis();
        if let Some(sent_at) = self.sent_for(access_token(Some(record))).filter(|sent_at| *sent_at != obtained_at) {
            let detail = format!("{}: obtained at {obtained_at}, sent at {sent_at}", shown());
            return self.breaks("a lifetime counts from before the request", detail);
        }
        if !self.storage.conditional {
            return;
        }
        if old.is_some_and(|old| old.generation >= record.generation) {
            return self.breaks("the store never goes back a generation", shown());
        }
        let new = family(Some(record));
        let known = new.is_some_and(|new| self.past.logins_stored.contains(&new));
        if family(old) != new && known && !self.past.storage_trouble {
            self.breaks("a login or sign-out is never undone by a refresh", shown());
        }
    }

    /// The trouble ended minutes ago: everybody is answered, and the session is back or known to be over.
    pub fn check_end(&mut self) {
        for context in 0..self.contexts.len() {
            if self.contexts[context].condition != Condition::Awake {
                continue;
            }
            self.check_knowledge(context);
            if let Some(waiting) = self.contexts[context].waiting.first() {
                return self.breaks("everything settles once the trouble is over", format!("c{context} {waiting:?}"));
            }
            let last = self.answers.iter().rev().find(|(at, waiting, _)| *at == context && waiting.round.is_some());
            let Some((_, waiting, answer)) = last.cloned() else { continue };
            let content = self.storage.content();
            let lives = refresh_token(content).is_some_and(|token| {
                let family = &self.server.families[token.family];
                family.ended.is_none()
            });
            let fine = match &answer {
                Answer::Granted(access) => {
                    !lives || !self.lasts_long_enough() || self.server.accepts(*access, waiting.asked_at)
                }
                Answer::Refused(failure) => match failure.code {
                    Code::SessionEnded | Code::SignedOut | Code::IdentityMismatch => refresh_token(content).is_none(),
                    // It said so itself, and not longer than it said.
                    Code::Unavailable => failure.retry_at.is_some_and(|at| {
                        let asked_at = self.wall(context) - (self.now - waiting.asked_at);
                        let wait = at.as_millis().saturating_sub(asked_at);
                        0 < wait && wait <= LONGEST_RETRY_AFTER
                    }),
                    // Tokens that end before they arrive are refreshed all the time, and by everybody.
                    Code::LockTimeout => !self.lasts_long_enough(),
                    _ => false,
                },
                Answer::Done | Answer::Gone => false,
            };
            if !fine {
                let detail = format!("c{context} got {answer:?}; stored: {}", crate::trace::described(content));
                return self.breaks("once the trouble is over the session is back, or known to be over", detail);
            }
        }
    }

    /// The server refused a refresh token of the login that this context knew last.
    fn was_refused(&self, context: usize) -> bool {
        let known = self.contexts[context].observed.known;
        self.requests.iter().filter(|request| request.refused.is_some()).any(|request| {
            // A replica that is behind shows a login that was given up, with its end.
            known.is_none_or(|known| known == request.token.family) || !self.reads_are_current()
        })
    }

    /// A context cannot know, or could not at some time, what became of a refresh token.
    fn was_in_doubt(&self) -> bool {
        use RequestFate::*;
        let unknown = |request: &Request| {
            // A clock that was set past a request's time: it is given up, and others find its mark before its reply is read.
            let there = &self.contexts[request.context].observed;
            let overtaken = there.clock_set_at.is_some_and(|at| at >= request.sent_at);
            let failed = matches!(request.fate, Some(LostBefore | SilentBefore | ErrorBefore(_) | Html));
            failed || overtaken || request.hides_its_outcome() || !request.reported
        };
        // A mark without a request: its writer died or slept, or heard that the write had failed.
        self.past.interrupted || self.past.storage_trouble || self.requests.iter().any(unknown)
    }

    /// When the request was sent that brought it, by the clock of its sender, if that clock was not set.
    fn sent_for(&self, access: Option<Token>) -> Option<Moment> {
        let brought = |request: &&Request| request.issued.map(|issued| issued.access) == access;
        let request = self.requests.iter().rev().find(brought)?;
        let ahead = self.clocks[self.contexts[request.context].device];
        (access.is_some() && !self.past.clock_moved).then(|| request.sent_at.saturating_add_signed(ahead))
    }

    /// The newest access token that a request of this context's brought it.
    fn newest_brought_to(&self, context: usize, family: usize) -> Option<Token> {
        let life = self.contexts[context].life;
        let heard = |request: &&Request| {
            let arrived = request.reported && !request.hides_its_outcome();
            request.context == context && request.life == life && request.token.family == family && arrived
        };
        self.requests.iter().filter(heard).filter_map(|request| Some(request.issued?.access)).max()
    }

    /// An access token reaches a resource server before its end.
    fn lasts_long_enough(&self) -> bool {
        self.history.setup.lifetime >= 20_000
    }

    pub fn reads_are_current(&self) -> bool {
        self.history.setup.storage.stale == 0
    }

    /// No context keeps what is not in the storage any more, if hints get through.
    fn check_knowledge(&mut self, context: usize) {
        let Some(held) = self.contexts[context].held.as_ref().map(|held| held.access) else { return };
        // Tokens that end before they arrive are refreshed all the time: a caller always waits.
        let hinted = self.lasts_long_enough()
            && self.history.setup.latency.lost_hints == 0
            && self.compares()
            && self.reads_are_current();
        // A context that waits for the lock hears the hint, and reads when it has the lock.
        let latency = self.history.setup.latency;
        let all_read = 2 * latency.hint + 2 * latency.storage * (self.contexts.len() as Moment + 1);
        let stored = access_token(self.storage.content());
        let stored_at = stored.and_then(|access| self.past.stored.get(&(false, access)));
        let in_line = stored_at.is_some_and(|at| self.now - at < all_read);
        if hinted && !in_line && !self.past.storage_trouble && stored != Some(held) {
            let stored = crate::trace::described(self.storage.content());
            let detail = format!("c{context} holds {}; stored: {stored}", name("at", held));
            self.breaks("a hint that the storage changed is never lost", detail);
        }
    }

    /// The storage compares by itself.
    pub fn compares(&self) -> bool {
        self.storage.conditional
    }
}

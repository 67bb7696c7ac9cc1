//! The invariants: what must be true after every step of every history. Each has a claim for a name.
//! Where the promise itself has a condition (a lock that works, a storage that compares, a clock that was not moved),
//! the check has it too, and no other.

use oauth_refresher::core::machine::{Code, Event, Failure, Source};
use oauth_refresher::core::policy::REQUESTS_PER_MINUTE;
use oauth_refresher::core::record::Record;

use crate::context::{Answer, Condition, Held, Mark, Waiting, Wants};
use crate::network::Request;
use crate::queue::Moment;
use crate::script::RequestFate;
use crate::server::{name, End, Refused, Rotation, Token};
use crate::setup::Reuse;
use crate::storage::{access_token, family, refresh_token};
use crate::world::{Happening, World};

/// More steps of one context in one minute than this are a loop.
const STEPS_PER_MINUTE: u32 = 3_000;
/// The longest patience that the server asks for.
const LONGEST_RETRY_AFTER: Moment = 3_600_000;
const MINUTE: Moment = 60_000;

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
        let deadline = there.machine.deadline();
        self.most_steps = self.most_steps.max(steps);
        if let Some(id) = late {
            self.breaks("every demand settles by its deadline", format!("c{context} #{id}"));
        }
        if let Some(at) = deadline.filter(|at| woke && at.as_millis() <= wall) {
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
        let Some(held) = held else { return };
        let saves = self.reads_are_current() && !self.contexts[context].observed.storage_trouble;
        if saves && !self.past.stored.contains(&(false, held.access)) {
            let detail = format!("c{context} holds {}", name("at", held.access));
            self.breaks("tokens are stored before anybody sees them", detail);
        }
    }

    fn check_grant(&mut self, context: usize, waiting: &Waiting, access: Token) {
        let shown = || format!("c{context} #{} got {}", waiting.id, name("at", access));
        if waiting.rejected == Some(access) {
            self.breaks("a refused access token is not granted to whom it was refused", shown());
        }
        let observed = &self.contexts[context].observed;
        if let Some(own) = observed.own_login.filter(|_| self.compares() && !self.past.storage_trouble) {
            let place = |login| self.past.logins_stored.iter().position(|stored| *stored == login);
            if place(access.family) < place(own) && self.history.setup.storage.stale == 0 {
                let detail = format!("{}, and had stored login {own}", shown());
                self.breaks("after a login nobody here gets an older account's tokens", detail);
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
            Code::SessionEnded => self.past.refused,
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
            Code::StorageFailed => self.past.storage_trouble || !self.reads_are_current(),
            Code::OutcomeUnknown => self.past.trouble || !self.is_lock_shared() || !self.reads_are_current(),
            Code::Unavailable | Code::LockTimeout | Code::Timeout => true,
        };
        if !excused {
            self.breaks("every failure has a cause", shown);
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
                if !self.past.refused {
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
        let clock = self.clocks[self.contexts[context].device];
        self.contexts[context].observed.mark = Some(Mark {
            token,
            attempt: pending.attempt.clone(),
            needed,
            started_at: pending.started_at.as_millis().saturating_add_signed(-clock),
            ordered_at: self.now,
        });
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
        if !self.past.marks.contains(&mark.attempt) && !observed.storage_trouble {
            return self.breaks("a mark is stored before a refresh token is sent", shown);
        }
        if observed.ended_tokens.contains(&token) && !observed.storage_trouble && self.reads_are_current() {
            return self.breaks("what the server refused is not sent again", shown);
        }
        if self.past.given_up.contains(&token.family) || !self.is_strict() {
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
        if others.is_empty() {
            return;
        }
        if self.is_lock_shared()
            && !self.past.stolen
            && others.iter().any(|other| other.context != context && self.is_open(other))
        {
            let awake = |other: &&Request| !self.contexts[other.context].troubled_since(other.sent_at);
            if others.iter().any(awake) {
                return self.breaks("one token request at a time while locks work", shown);
            }
        }
        let stored = |request: &Request| {
            request
                .issued
                .and_then(|issued| issued.refresh)
                .is_some_and(|child| child != token && self.past.stored.contains(&(true, child)))
        };
        let landed = others.iter().any(|other| stored(other));
        if landed && !self.contexts[context].observed.storage_trouble {
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
        if refused.0 != End::Reuse || self.past.given_up.contains(&token.family) || !self.is_strict() {
            return;
        }
        // It killed the family only now if it is the first that was refused.
        if self.requests[..index].iter().any(|other| other.token.family == token.family && other.refused.is_some()) {
            return;
        }
        let excused = |other: &Request| {
            let context = &self.contexts[other.context];
            other.hides_its_outcome() || context.life != other.life || context.troubled_since(other.sent_at)
        };
        let earlier = self.requests.iter().filter(|other| other.token == token && other.issued.is_some());
        let excusable = match (self.server.rotation, self.history.setup.reuse) {
            (Rotation::OneTime { .. }, _) => true,
            (Rotation::Grace { .. }, Reuse::Never) => true,
            (Rotation::Grace { window, .. }, _) => {
                let first = self.server.first_used(token).unwrap_or(self.now);
                self.past.clock_moved || self.now - first > window * 9 / 10
            }
            (Rotation::UntilSuccessorUsed, _) => false,
            (Rotation::Static { .. } | Rotation::OldStayValid, _) => false,
        };
        if excused(&request) || (excusable && earlier.into_iter().any(excused)) {
            return;
        }
        let detail = format!("c{} sent {}", request.context, name("rt", token));
        self.breaks("no session is lost without cause", detail);
    }

    /// The storage is about to hold something else.
    pub fn check_write(&mut self, by: Option<usize>, record: Option<&Record>) {
        let (Some(context), Some(record)) = (by, record) else { return };
        let old = self.storage.content();
        let shown = format!("c{context} writes {}", crate::trace::described(Some(record)));
        let ends = (access_token(Some(record)), refresh_token(Some(record)));
        if let (Some(access), Some(refresh)) = ends {
            if access.family != refresh.family {
                return self.breaks("a record never mixes two logins", shown);
            }
        }
        if !self.storage.conditional {
            return;
        }
        if old.is_some_and(|old| old.generation >= record.generation) {
            return self.breaks("the store never goes back a generation", shown);
        }
        let new = family(Some(record));
        let known = new.is_some_and(|new| self.past.logins_stored.contains(&new));
        if family(old) != new && known && !self.past.storage_trouble {
            self.breaks("a login or sign-out is never undone by a refresh", shown);
        }
    }

    /// The trouble ended minutes ago: everybody is answered, and the session is back or known to be over.
    pub fn check_end(&mut self) {
        for context in 0..self.contexts.len() {
            if self.contexts[context].condition != Condition::Awake {
                continue;
            }
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
                    Code::SessionEnded | Code::SignedOut => refresh_token(content).is_none(),
                    // It said so itself, and not longer than it said.
                    Code::Unavailable => failure.retry_at.is_some_and(|at| {
                        let wait = at.as_millis().saturating_sub(self.wall(context));
                        0 < wait && wait <= LONGEST_RETRY_AFTER
                    }),
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

    /// An access token reaches a resource server before its end.
    fn lasts_long_enough(&self) -> bool {
        self.history.setup.lifetime >= 20_000
    }

    fn reads_are_current(&self) -> bool {
        self.history.setup.storage.stale == 0
    }

    /// The storage compares by itself.
    fn compares(&self) -> bool {
        self.storage.conditional
    }

    /// Whether what happens to a refresh token is in this library's hands: others respect the lock, or the storage
    /// compares and clocks agree about how long ago a request was sent.
    fn is_strict(&self) -> bool {
        let undisturbed = !self.past.decided && !self.past.storage_trouble && self.reads_are_current();
        match (self.is_lock_shared(), self.compares()) {
            (true, compares) => !self.past.stolen && (compares || undisturbed),
            (false, compares) => compares && !self.past.clock_moved,
        }
    }
}

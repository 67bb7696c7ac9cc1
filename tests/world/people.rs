//! What the script says: callers, logins, sign-outs, crashes, sleep and clocks; and the calm after it.

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Demand, Input, Revoke};
use oauth_refresher::core::policy::AFTER_STALL;
use oauth_refresher::core::record::{Stored, Tokens};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::UnixTime;

use crate::context::{Answer, Arrival, Before, Condition, Context, Held, Observed, Waiting, Wants};
use crate::queue::Moment;
use crate::script::{Ask, What};
use crate::server::{name, End, Token};
use crate::storage::{access_token, family};
use crate::world::{span, Calm, Happening, World};

/// After the script, every context is asked this often, to see whether the session came back.
pub const ROUNDS: u32 = 3;
const BETWEEN_ROUNDS: Moment = 200_000;
/// A driver waits for a page to be idle for this long at most.
const LONGEST_IDLE: Moment = 2_000;

impl World {
    pub fn play(&mut self, what: What) {
        self.say(|_| format!("-- {what:?}"));
        self.past.trouble |= !matches!(
            what,
            What::Demand(..)
                | What::Everyone(..)
                | What::Withdraw(_)
                | What::PageGoes(_)
                | What::SignOut(..)
                | What::Login(_)
                | What::Watch(..)
                | What::Resume(_)
                | What::Hint(_)
                | What::Nothing
        );
        self.past.interrupted |= matches!(what, What::Crash(..) | What::Sleep(..));
        match what {
            What::Demand(context, ask, timeout) => {
                self.demand(context, ask, timeout, None);
            }
            What::Everyone(ask, timeout) => {
                for context in 0..self.contexts.len() {
                    self.demand(context, ask, timeout, None);
                }
            }
            What::Withdraw(context) => {
                self.withdraw(context);
            }
            What::PageGoes(context) => while self.withdraw(context) {},
            What::SignOut(context, revoke) => self.sign_out(context, revoke),
            What::Login(context) => self.login(context),
            What::Crash(context, span, lands) => self.crash(context, span, lands),
            What::Sleep(context, span) => {
                if self.contexts[context].condition == Condition::Awake {
                    self.contexts[context].condition = Condition::Asleep;
                    self.contexts[context].asleep_since = self.now;
                    self.contexts[context].timer = None;
                    self.goes_silent(context);
                    let life = self.contexts[context].life;
                    self.queue.plan(self.now + span, Happening::WakesUp(context, life));
                }
            }
            What::Watch(context, on) => {
                self.contexts[context].observed.watching = on;
                self.tell(context, Arrival::of(Input::Watching(on)));
            }
            What::Resume(context) => self.tell(context, Arrival::of(Input::Resumed)),
            What::Hint(context) => self.tell(context, Arrival::of(Input::PeerChanged)),
            What::Clock(device, by) => {
                self.past.clock_moved = true;
                self.clocks[device] += by;
                if by > 0 {
                    for context in (0..self.contexts.len())
                        .filter(|context| self.contexts[*context].device == device)
                        .collect::<Vec<_>>()
                    {
                        self.did_not_run(context, by as Moment);
                    }
                }
                for context in self.contexts.iter_mut().filter(|context| context.device == device) {
                    context.observed.trouble_at = context.observed.trouble_at.max(Some(self.now));
                    context.observed.clock_set_at = Some(self.now);
                }
            }
            What::AdministratorRevokes => {
                if let Some(family) = family(self.storage.content()) {
                    self.server.end(family, End::Administrator);
                }
            }
            What::Requests(count, fate) => self.fates.requests = Some((count, fate)),
            What::Operations(count, fate) => self.fates.operations = Some((count, fate)),
            What::Locks(count, fate) => self.fates.locks = Some((count, fate)),
            What::Nothing => {}
            What::StealLock => {
                self.past.stolen = true;
                let next = self.lock.steal();
                self.grant_lock(next);
            }
        }
    }

    /// A caller asks; in a round after the calm perhaps to replace a token that a resource server refused.
    pub fn demand(&mut self, context: usize, ask: Ask, timeout: Moment, round: Option<((u32, u32), Option<Token>)>) {
        if self.contexts[context].condition != Condition::Awake {
            return;
        }
        self.notice_jump(context);
        let wall = self.wall(context);
        let held = self.contexts[context].held.as_ref().map(|held| held.access);
        let rejected = match ask {
            Ask::Rejected => round.map_or(held, |(_, refused)| refused),
            Ask::RejectedLong => self.contexts[context].observed.granted.first().copied(),
            Ask::Plain | Ask::Valid(_) | Ask::Force => None,
        };
        let id = self.fresh_caller();
        let deadline = wall + timeout;
        let asked_at = self.now;
        let round = round.map(|(round, _)| round);
        let wants = Wants::Tokens;
        self.contexts[context].waiting.push(Waiting {
            id,
            wants,
            asked_at,
            deadline,
            rejected,
            plain: ask == Ask::Plain,
            round,
        });
        if ask == Ask::Plain && self.history.setup.lazy {
            self.look_without_machine(context);
        }
        if let (Ask::Plain, true, Some(access)) =
            (ask, self.history.setup.fast_path, self.contexts[context].at_hand(wall))
        {
            self.answer(context, id, Answer::Granted(access));
            // What the jump of a clock made it do, if there was one.
            self.work(context);
            return self.set_timer(context);
        }
        let wish = Demand {
            min_validity: if let Ask::Valid(validity) = ask { Some(span(validity)) } else { None },
            rejected: rejected.map(|token| Secret::new(name("at", token))),
            force: ask == Ask::Force,
            deadline: UnixTime::from_millis(deadline),
        };
        self.tell(context, Arrival::of(Input::Demanded(id, wish)));
    }

    /// A driver that has no machine yet reads the storage, once, and may hand out what it finds. The machine follows when all is idle.
    fn look_without_machine(&mut self, context: usize) {
        if !matches!(self.contexts[context].before, Before::Unread) {
            return;
        }
        let behind = self.behind();
        let stored = self.storage.read(self.now - behind);
        let Stored::Record(record) = &stored else { return };
        if let (Some((from, until)), Some(access)) = (record.fresh(), access_token(Some(record))) {
            let held = Held {
                access,
                generation: record.generation,
                fresh_from: from.as_millis(),
                fresh_until: until.known().map(|until| until.as_millis()),
            };
            self.say(|_| format!("c{context} has no machine, and may hand out {}", name("at", access)));
            self.check_held(context, Some(&held));
            self.contexts[context].held = Some(held);
        }
        self.contexts[context].before = Before::Read(stored);
        let (life, watching) = (self.contexts[context].life, self.contexts[context].observed.watching);
        let at = self.now + self.delay(LONGEST_IDLE);
        self.queue.plan(at, Happening::Arrival(context, life, Arrival::of(Input::Watching(watching))));
    }

    /// Whether there was a caller that could.
    fn withdraw(&mut self, context: usize) -> bool {
        let there = &mut self.contexts[context];
        let is_caller = |waiting: &Waiting| waiting.wants == Wants::Tokens && waiting.round.is_none();
        let Some(index) = there.waiting.iter().position(is_caller).filter(|_| there.condition == Condition::Awake)
        else {
            return false;
        };
        let waiting = there.waiting.remove(index);
        let id = waiting.id;
        self.answers.push((context, waiting, Answer::Gone));
        self.tell(context, Arrival::of(Input::Withdrawn(id)));
        true
    }

    fn sign_out(&mut self, context: usize, revoke: bool) {
        if self.contexts[context].condition != Condition::Awake {
            return;
        }
        self.notice_jump(context);
        self.decides(context);
        let known =
            [family(self.storage.content()), self.contexts[context].held.as_ref().map(|held| held.access.family)];
        self.contexts[context].observed.signed_out_of.extend(known.into_iter().flatten());
        let id = self.caller(context, Wants::SignOut);
        let revoke = if revoke { Revoke::Yes } else { Revoke::No };
        self.tell(context, Arrival::of(Input::SignedOut(id, revoke)));
    }

    fn login(&mut self, context: usize) {
        if self.contexts[context].condition != Condition::Awake {
            return;
        }
        self.notice_jump(context);
        self.decides(context);
        let issued = self.server.login(self.now);
        let reply = self.server.reply(issued);
        let tokens = Json::parse(&reply).map(Tokens::from_json).unwrap_or_default();
        let id = self.caller(context, Wants::Adoption(issued.access.family));
        self.tell(context, Arrival::of(Input::Adopted(id, tokens)));
    }

    /// Every session there was is given up.
    fn decides(&mut self, context: usize) {
        self.past.decided = true;
        self.past.given_up.extend(0..self.server.families.len());
        self.contexts[context].observed.decided_at = Some(self.now);
    }

    fn caller(&mut self, context: usize, wants: Wants) -> u32 {
        let id = self.fresh_caller();
        let (asked_at, deadline) = (self.now, Moment::MAX);
        let waiting = Waiting { id, wants, asked_at, deadline, rejected: None, plain: false, round: None };
        self.contexts[context].waiting.push(waiting);
        id
    }

    fn crash(&mut self, context: usize, span: Moment, lands: bool) {
        if self.contexts[context].condition == Condition::Dead {
            return;
        }
        let life = self.contexts[context].life;
        for waiting in std::mem::take(&mut self.contexts[context].waiting) {
            self.answers.push((context, waiting, Answer::Gone));
        }
        for index in 0..self.requests.len() {
            let request = &self.requests[index];
            if request.context == context && request.life == life && request.issued.is_none() && self.dice.percent(50) {
                self.requests[index].dropped = true;
            }
        }
        let now = self.now;
        let silent = self.lock.holder.filter(|holder| holder.context == context && holder.life == life);
        if let (Some(lease), Some(holder)) = (self.lease(), silent) {
            self.queue.plan(now + lease * 3 / 4, Happening::LeaseEnds(holder, now));
        }
        let there = &mut self.contexts[context];
        there.condition = Condition::Dead;
        there.asleep_since = now;
        there.locked = None;
        there.operations.clear();
        there.mailbox.clear();
        there.timer = None;
        // What is under way at the storage is the storage's now; a life that is over hears of nothing.
        there.late_writes_land = lands;
        there.life += 1;
        let life = there.life;
        if self.lease().is_some() {
            self.lock.leave_the_line(context);
        } else {
            let next = self.lock.release_all_of(context);
            self.grant_lock(next);
        }
        self.queue.plan(self.now + span, Happening::Restarts(context, life));
    }

    pub fn restart(&mut self, context: usize, life: u32) {
        if self.contexts[context].life == life && self.contexts[context].condition == Condition::Dead {
            self.say(|_| format!("c{context} starts again"));
            let machine = self.machine(context, life, None);
            let device = self.contexts[context].device;
            let before = &self.contexts[context];
            let (late_writes_land, decided_at) = (before.late_writes_land, before.observed.decided_at);
            let observed = Observed { decided_at, ..Observed::default() };
            let reborn = Context::new(machine, life, device, self.clocks[device]);
            self.contexts[context] = Context { late_writes_land, observed, ..reborn };
        }
    }

    /// Everything that arrived meanwhile, in order; then the context reports that it woke.
    pub fn wake_up(&mut self, context: usize, life: u32) {
        if self.contexts[context].life != life || self.contexts[context].condition != Condition::Asleep {
            return;
        }
        self.say(|_| format!("c{context} wakes up"));
        self.contexts[context].condition = Condition::Awake;
        let asleep = self.now - self.contexts[context].asleep_since;
        self.did_not_run(context, asleep);
        self.contexts[context].observed.trouble_at = self.contexts[context].observed.trouble_at.max(Some(self.now));
        if self.dice.percent(50) {
            // The order of an overdue timer and of events from the network is not defined.
            self.tell(context, Arrival::of(Input::Woke));
        }
        for arrival in std::mem::take(&mut self.contexts[context].mailbox) {
            self.tell(context, arrival);
        }
        self.tell(context, Arrival::of(Input::Resumed));
    }

    /// Time during which a context did not run, or by which its clock was set forward, does not count for its callers; and after it they
    /// wait while what is ready is read.
    fn did_not_run(&mut self, context: usize, span: Moment) {
        for waiting in &mut self.contexts[context].waiting {
            waiting.deadline = waiting.deadline.saturating_add(span + AFTER_STALL.as_millis());
        }
    }

    /// The end of all trouble.
    pub fn calm_down(&mut self) {
        self.say(|_| "-- calm".to_owned());
        self.calm = true;
        self.at_calm = Some(Calm {
            content: self.storage.content().cloned(),
            events: self.events.len(),
            lines: self.trace.as_ref().map_or(0, Vec::len),
        });
        self.fates = Default::default();
        for context in 0..self.contexts.len() {
            let life = self.contexts[context].life;
            self.wake_up(context, life);
            self.restart(context, life);
            self.tell(context, Arrival::of(Input::Watching(false)));
        }
        // Every context is asked as `refresher.fetch` would; a token that the resource server refuses is named.
        for round in 0..ROUNDS {
            let begin = self.now + 60_000 + BETWEEN_ROUNDS * Moment::from(round);
            for context in 0..self.contexts.len() {
                self.queue.plan(begin + 10_000 * context as Moment, Happening::Round(context, round));
            }
        }
        self.queue.plan(self.now + 60_000 + BETWEEN_ROUNDS * Moment::from(ROUNDS), Happening::End);
    }
}

//! The run of one history: virtual time goes from one happening to the next, and every fact is followed by a look at
//! the invariants. The first that breaks ends the run.

use std::collections::{HashMap, HashSet};

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{EffectId, Input, Machine};
use oauth_refresher::core::record::{Record, Tokens};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};

use crate::context::{Answer, Arrival, Before, Condition, Context, Ends, Waiting};
use crate::dice::Dice;
use crate::lock::{Claim, Lock};
use crate::network::Request;
use crate::queue::{Moment, Queue};
use crate::script::{Ask, History, LockFate, OperationFate, RequestFate};
use crate::server::{name, Server, Token};
use crate::setup::{LockReach, Start};
use crate::storage::Storage;

/// True time begins here; clocks show it plus their own error.
pub const BEGINNING: Moment = 1_700_000_000_000;
/// A smaller jump of the clock is not noticed.
const NOTICED_JUMP: u64 = 5_000;
/// Refused writes in a row, after which the machine keeps a result in memory.
const PATIENT_WRITES: u32 = 8;
/// A history that takes more steps than this is cut off, and counts as one that ran.
const LONGEST: u32 = 20_000;

#[derive(Debug)]
pub enum Happening {
    Scripted(usize),
    Read(usize, u32, EffectId, Moment),
    Write(usize, u32, Writing),
    Arrival(usize, u32, Arrival),
    Timer(usize, u32, Moment),
    AtServer(usize),
    Revocation(Token),
    WakesUp(usize, u32),
    /// The holder of a lease was silent since then.
    LeaseEnds(Claim, Moment),
    Restarts(usize, u32),
    Calm,
    Round(usize, u32),
    /// A resource server refused what was granted in that round.
    Insists(usize, u32, (u32, u32), Token),
    End,
}

#[derive(Debug)]
pub struct Writing {
    pub order: EffectId,
    pub record: Option<Box<Record>>,
    pub expected: Option<u64>,
    pub fails_after: bool,
    /// The comparison was made before, not in one go.
    pub compared: bool,
    pub lasts: Moment,
}

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    pub claim: &'static str,
    pub detail: String,
}

pub struct World {
    pub history: History,
    pub now: Moment,
    pub queue: Queue<Happening>,
    pub dice: Dice,
    pub storage: Storage,
    pub lock: Lock,
    pub server: Server,
    pub contexts: Vec<Context>,
    /// How far the clock of each device is ahead.
    pub clocks: [i64; 2],
    pub requests: Vec<Request>,
    pub fates: Fates,
    pub past: Past,
    pub answers: Vec<(usize, Waiting, Answer)>,
    pub events: Vec<(usize, String)>,
    /// What was stored and told when the script ended.
    pub at_calm: Option<Calm>,
    /// The context, the caller, and how long it waited.
    pub settled: Vec<(usize, u32, Moment)>,
    pub broken: Option<Broken>,
    pub trace: Option<Vec<String>>,
    pub steps: u32,
    pub most_steps: u32,
    pub calm: bool,
    next_caller: u32,
}

/// How things stood at the end of the script.
#[derive(Debug)]
pub struct Calm {
    pub content: Option<Record>,
    pub events: usize,
    pub lines: usize,
}

/// What is to befall the next of each kind.
#[derive(Debug, Default)]
pub struct Fates {
    pub requests: Option<(u32, RequestFate)>,
    pub operations: Option<(u32, OperationFate)>,
    pub locks: Option<(u32, LockFate)>,
}

/// What happened so far, as far as invariants ask.
#[derive(Debug, Default)]
pub struct Past {
    /// Tokens that the storage held at some time, and since when.
    pub stored: HashMap<(bool, Token), Moment>,
    /// When marks were stored.
    pub marks: HashMap<String, Moment>,
    /// The order in which logins were first stored.
    pub logins_stored: Vec<usize>,
    /// Until when the storage was last empty.
    pub empty_until: Option<Moment>,
    /// Logins that were given up, by a sign-out or another login.
    pub given_up: HashSet<usize>,
    /// Logins whose refresh token was sent once without a mark that others could read, because the storage failed.
    pub unmarked: HashSet<usize>,
    /// Refresh tokens that a write brought back which had seemed to fail, and when.
    pub brought_back: HashMap<Token, Moment>,
    /// Refresh tokens whose write landed although it reported a failure: the writer cannot know that others can read them.
    pub landed_unheard: HashSet<Token>,
    pub refused: bool,
    /// Logins of another person: a server answered with their tokens.
    pub strangers: HashSet<usize>,
    pub stolen: bool,
    /// A context was killed or slept.
    pub interrupted: bool,
    pub decided: bool,
    pub storage_trouble: bool,
    pub clock_moved: bool,
    pub trouble: bool,
}

impl World {
    pub fn new(history: History, traced: bool) -> Self {
        let setup = &history.setup;
        let mut world = Self {
            now: BEGINNING,
            queue: Queue::new(),
            dice: Dice::new(history.seed ^ 0x5eed),
            storage: Storage::new(setup.storage.conditional, setup.storage.as_text),
            lock: Lock::default(),
            server: Server::new(setup.rotation, setup.lifetime, setup.says_lifetime),
            contexts: Vec::new(),
            clocks: [0, setup.skew],
            requests: Vec::new(),
            fates: Fates::default(),
            past: Past { clock_moved: setup.skew != 0, ..Past::default() },
            answers: Vec::new(),
            events: Vec::new(),
            at_calm: None,
            settled: Vec::new(),
            broken: None,
            trace: traced.then(Vec::new),
            steps: 0,
            most_steps: 0,
            calm: false,
            next_caller: 0,
            history,
        };
        world.begin();
        world
    }

    pub fn run(mut self) -> Self {
        while self.broken.is_none() {
            let Some((at, happening)) = self.queue.next() else { break };
            self.now = at;
            if matches!(happening, Happening::End) {
                self.check_end();
                break;
            }
            self.happen(happening);
            if self.steps > LONGEST {
                break;
            }
        }
        self
    }

    pub fn say(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = format!("{:>12.3}  {}", (self.now - BEGINNING) as f64 / 1000.0, line(self));
            self.trace.get_or_insert_with(Vec::new).push(line);
        }
    }

    pub fn breaks(&mut self, claim: &'static str, detail: String) {
        self.say(|_| format!("BROKEN {claim}: {detail}"));
        self.broken.get_or_insert(Broken { claim, detail });
    }

    /// When the script and all trouble end.
    pub fn calm_at(&self) -> Moment {
        BEGINNING + self.history.calm_from()
    }

    /// What the clock of that context shows.
    pub fn wall(&self, context: usize) -> Moment {
        self.now.saturating_add_signed(self.clocks[self.contexts[context].device])
    }

    pub fn fresh_caller(&mut self) -> u32 {
        self.next_caller += 1;
        self.next_caller
    }

    /// Something tells the machine a fact, now or when it can hear.
    pub fn tell(&mut self, context: usize, arrival: Arrival) {
        match self.contexts[context].condition {
            Condition::Dead => return,
            Condition::Asleep => return self.contexts[context].mailbox.push(arrival),
            Condition::Awake => {}
        }
        match arrival.ends {
            Ends::Nothing => {}
            Ends::Operation => self.contexts[context].busy = false,
            Ends::Request(index) => {
                if std::mem::replace(&mut self.requests[index].reported, true) {
                    return;
                }
                self.request_ends(index, &arrival.input);
            }
        }
        if let Input::Locked(order, _) = arrival.input {
            self.contexts[context].locked = Some(order);
        }
        self.begin_machine(context);
        self.notice_jump(context);
        self.step(context, arrival.input);
        self.work(context);
        self.set_timer(context);
    }

    /// A driver that finds wall and monotonic clock apart says so before whatever asked for the time.
    pub fn notice_jump(&mut self, context: usize) {
        let clock = self.clocks[self.contexts[context].device];
        let jump = clock - std::mem::replace(&mut self.contexts[context].clock_seen, clock);
        // A driver that has handed out nothing has nothing to doubt.
        let is_untouched = self.history.setup.lazy && matches!(self.contexts[context].before, Before::Unread);
        if jump.unsigned_abs() >= NOTICED_JUMP && !is_untouched {
            self.begin_machine(context);
            self.step(context, if jump < 0 { Input::ClockSetBack } else { Input::Resumed });
        }
    }

    /// A driver without a machine hears something: the machine is told what was read before it, and looks again if that was handed out.
    fn begin_machine(&mut self, context: usize) {
        let before = std::mem::replace(&mut self.contexts[context].before, Before::Over);
        if let Before::Read(stored) = before {
            // The machine has not heard of its callers yet.
            let waiting = std::mem::take(&mut self.contexts[context].waiting);
            let is_handed_out = self.contexts[context].held.is_some();
            self.step(context, Input::Loaded(0, stored));
            if is_handed_out {
                self.step(context, Input::Resumed);
            }
            self.contexts[context].waiting = waiting;
        }
    }

    fn step(&mut self, context: usize, input: Input) {
        let wall = self.wall(context);
        self.steps += 1;
        self.say(|_| format!("c{context} <- {}", crate::trace::fact(&input)));
        let woke = matches!(input, Input::Woke);
        self.contexts[context].observed.refuted |= matches!(input, Input::SaveRefused(_));
        self.note_refused_write(context, &input);
        let settles_what_stands = matches!(input, Input::Loaded(..) | Input::Saved(_));
        let orders = self.contexts[context].machine.step(UnixTime::from_millis(wall), input);
        for order in orders {
            self.perform(context, order);
        }
        self.contexts[context].observed.refuted &= !settles_what_stands;
        self.check_step(context, woke);
    }

    /// A result that others are quicker than so often counts as one that cannot be stored, and stays in memory.
    fn note_refused_write(&mut self, context: usize, input: &Input) {
        let observed = &mut self.contexts[context].observed;
        match input {
            Input::SaveRefused(_) => observed.refused_writes += 1,
            Input::Saved(_) => observed.refused_writes = 0,
            _ => {}
        }
        observed.storage_trouble |= observed.refused_writes >= PATIENT_WRITES;
    }

    /// Timers run by true time, whatever the clock shows, and a little late.
    pub fn set_timer(&mut self, context: usize) {
        let wall = self.wall(context);
        let due = self.contexts[context].machine.deadline().map(|at| self.now + at.as_millis().saturating_sub(wall));
        if due != self.contexts[context].timer {
            self.contexts[context].timer = due;
            if let Some(due) = due {
                let life = self.contexts[context].life;
                self.queue.plan(due, Happening::Timer(context, life, due));
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Scripted(index) => self.play(self.history.script[index].what.clone()),
            Happening::Read(context, life, order, lasts) => self.read(context, life, order, lasts),
            Happening::Write(context, life, writing) => self.write(context, life, writing),
            Happening::Arrival(context, life, arrival) => {
                if self.contexts[context].life == life {
                    self.tell(context, arrival);
                }
            }
            Happening::Timer(context, life, due) => {
                let there = &mut self.contexts[context];
                if there.life == life && there.timer == Some(due) && there.condition == Condition::Awake {
                    there.timer = None;
                    self.tell(context, Arrival::of(Input::Woke));
                }
            }
            Happening::AtServer(index) => self.arrive(index),
            Happening::Revocation(token) => {
                self.say(|_| format!("server: {} is revoked by a client", name("rt", token)));
                self.server.end(token.family, crate::server::End::Client);
            }
            Happening::WakesUp(context, life) => self.wake_up(context, life),
            Happening::LeaseEnds(claim, silent_since) => self.lease_ends(claim, silent_since),
            Happening::Restarts(context, life) => self.restart(context, life),
            Happening::Calm => self.calm_down(),
            Happening::Round(context, round) => self.demand(context, Ask::Plain, 100_000, Some(((round, 0), None))),
            Happening::Insists(context, life, round, access) => {
                if self.contexts[context].life == life {
                    self.demand(context, Ask::Rejected, 100_000, Some((round, Some(access))));
                }
            }
            Happening::End => {}
        }
    }

    fn begin(&mut self) {
        let first = match self.history.setup.start {
            Start::Empty => {
                self.past.empty_until = Some(Moment::MAX);
                None
            }
            Start::Options => {
                self.past.empty_until = Some(Moment::MAX);
                self.server.login(self.now).refresh.map(|token| name("rt", token))
            }
            Start::Stored(age) => {
                let issued = self.server.login(self.now - age);
                let reply = self.server.reply(issued);
                let tokens = Json::parse(&reply).map(Tokens::from_json).unwrap_or_default();
                let obtained_at = UnixTime::from_millis(self.now - age);
                self.landed(None, Some(Record::new(tokens, obtained_at, 1)));
                None
            }
        };
        for (context, device) in self.history.setup.devices.clone().into_iter().enumerate() {
            let tokens = first.as_deref().filter(|_| context == 0);
            let machine = self.machine(context, 0, tokens);
            self.contexts.push(Context::new(machine, 0, device, self.clocks[device]));
        }
        for (index, step) in self.history.script.iter().enumerate() {
            self.queue.plan(BEGINNING + step.at, Happening::Scripted(index));
        }
        self.queue.plan(self.calm_at(), Happening::Calm);
    }

    pub fn machine(&self, context: usize, life: u32, tokens: Option<&str>) -> Machine {
        let options = self.history.setup.options(tokens);
        let seed = self.history.seed.wrapping_mul(64) + context as u64 + (u64::from(life) << 32);
        Machine::new(Json::parse(&options).unwrap_or_default(), seed)
    }

    /// A delay of up to so long.
    pub fn delay(&mut self, longest: Moment) -> Moment {
        self.dice.below(longest + 1)
    }

    pub fn claim(&self, context: usize, order: EffectId) -> Claim {
        Claim { context, life: self.contexts[context].life, order }
    }

    pub fn is_lock_shared(&self) -> bool {
        self.history.setup.lock != LockReach::ThisRealm
    }

    /// How long a lease is, if the lock is one.
    pub fn lease(&self) -> Option<Moment> {
        match self.history.setup.lock {
            LockReach::Lease(lasts) => Some(lasts),
            LockReach::AllContexts | LockReach::ThisRealm => None,
        }
    }
}

/// A secret's text as a token's name.
pub fn token_of(secret: &Secret) -> Option<Token> {
    crate::server::token(secret.reveal())
}

pub fn span(millis: Moment) -> Duration {
    Duration::from_millis(millis)
}

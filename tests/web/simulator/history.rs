//! The simulator's histories, those of tests/traces and random ones, through a driver: the same script, server, setup and faults as
//! in tests/world, with real refreshers as contexts, in virtual time. What people are promised is checked here; what only the machine
//! can know, the simulator checks. A context that crashes is one that is closed here, and all devices have one clock.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::future::TimeoutFuture;
use oauth_refresher::core::record::{Record, Tokens};
use oauth_refresher::core::time::UnixTime;
use wasm_bindgen_futures::spawn_local;

use super::storage::{Line, Own};
use super::virtual_time::{now, VirtualTime};
use crate::dice::Dice;
use crate::script::{Ask, History, LockFate, OperationFate, RequestFate, What};
use crate::server::{name, token, End, Server, Token};
use crate::setup::{LockReach, Setup, Start};
use crate::subject::Subject;

/// What came of a history.
#[derive(Default)]
pub struct Played {
    /// What is broken, if anything is.
    pub broken: Vec<String>,
    pub requests: usize,
    pub granted: usize,
}

pub async fn play(history: History) -> Played {
    let time = VirtualTime::begin(history.seed);
    let world = World::new(history);
    time.pass_until(0).await;
    spawn_local(Rc::clone(&world).people());
    let calm = world.history.calm_from() + world.longest_absence() + 2 * world.setup().timeout + 60_000;
    time.pass_until(calm).await;
    world.calm.set(true);
    world.fates.take();
    // What is in doubt is asked for again by and by: after that, every context has come to the same end.
    let patience = 2 * world.setup().timeout + 100_000;
    // A server that asked for an hour's patience gets it.
    let is_busy = world.history.script.iter().any(|step| matches!(step.what, What::Requests(_, RequestFate::Busy(..))));
    let rest = patience + if is_busy { 3_700_000 } else { 100_000 };
    for round in 1..=3 {
        world.rounds.take();
        for context in 0..world.setup().devices.len() {
            world.ask(context, Ask::Plain, patience);
        }
        time.pass_until(calm + round * rest).await;
    }
    world.judge();
    drop(world.contexts.take());
    time.pass_until(calm + 4 * rest).await;
    world.judge_what_is_left();
    let requests = world.sent.borrow().len();
    Played { broken: world.broken.take(), requests, granted: world.granted.get() }
}

pub struct World {
    history: History,
    pub dice: RefCell<Dice>,
    pub server: RefCell<Server>,
    pub stored: RefCell<Option<Record>>,
    pub contexts: RefCell<Vec<Context>>,
    pub fates: RefCell<Fates>,
    pub lock: Line,
    calm: Cell<bool>,
    /// Callers that wait.
    waiting: Cell<usize>,
    /// What the last round of callers got.
    rounds: RefCell<Vec<Result<Token, String>>>,
    /// A fault, a login, a sign-out or a page that was left: two uses of a refresh token may be no fault of the client.
    pub troubled: Cell<bool>,
    pub sent: RefCell<Vec<Token>>,
    granted: Cell<usize>,
    broken: RefCell<Vec<String>>,
}

pub type Listener = Rc<dyn Fn()>;

#[derive(Default)]
pub struct Context {
    refresher: Option<Subject>,
    /// Callers that may still be withdrawn.
    callers: Vec<oneshot::Sender<()>>,
    pub changed: Rc<RefCell<Vec<Listener>>>,
}

#[derive(Default)]
pub struct Fates {
    pub requests: VecDeque<RequestFate>,
    pub operations: VecDeque<OperationFate>,
    pub locks: VecDeque<LockFate>,
}

impl World {
    fn new(history: History) -> Rc<Self> {
        let Setup { rotation, lifetime, says_lifetime, .. } = history.setup;
        let world = Rc::new(Self {
            dice: RefCell::new(Dice::new(history.seed)),
            server: RefCell::new(Server::new(rotation, lifetime, says_lifetime)),
            stored: RefCell::default(),
            contexts: RefCell::default(),
            fates: RefCell::default(),
            lock: Line::default(),
            calm: Cell::new(false),
            waiting: Cell::new(0),
            rounds: RefCell::default(),
            troubled: Cell::new(false),
            sent: RefCell::default(),
            granted: Cell::new(0),
            broken: RefCell::default(),
            history,
        });
        let mut first = None;
        match world.setup().start {
            Start::Empty => {}
            Start::Options => first = world.server.borrow_mut().login(now()).refresh.map(|refresh| name("rt", refresh)),
            Start::Stored(age) => {
                // true time begins now: what is older has run out
                let issued = world.server.borrow_mut().login(0);
                let reply = world.server.borrow().reply(issued);
                let obtained_at = UnixTime::from_millis((js_sys::Date::now() as u64).saturating_sub(age));
                let tokens = Tokens::parse(&reply).expect("the server replies in JSON");
                world.stored.replace(Some(Record::new(tokens, obtained_at, 1)));
            }
        }
        for context in 0..world.setup().devices.len() {
            world.contexts.borrow_mut().push(Context::default());
            world.open(context, first.as_deref().filter(|_| context == 0));
        }
        world
    }

    pub fn setup(&self) -> &Setup {
        &self.history.setup
    }

    pub fn breaks(&self, what: String) {
        self.broken.borrow_mut().push(format!("{} ms: {what}", now()));
    }

    pub fn delay(&self, longest: u64) -> u64 {
        self.dice.borrow_mut().below(longest + 1)
    }

    fn open(self: &Rc<Self>, context: usize, tokens: Option<&str>) {
        let endpoints =
            r#"{"token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke","#;
        let options = self.setup().options(tokens).replacen('{', endpoints, 1);
        let is_shared = self.setup().lock == LockReach::AllContexts;
        let storage = Own::new(Rc::clone(self), context);
        let refresher = Subject::open(&options, self.refreshes_ahead(), is_shared, storage, self.fetch());
        self.contexts.borrow_mut()[context].refresher = Some(refresher);
    }

    fn longest_absence(&self) -> u64 {
        let absences = self.history.script.iter().filter_map(|step| match step.what {
            What::Crash(_, after, _) => Some(after),
            _ => None,
        });
        absences.max().unwrap_or(0)
    }

    /// Not where that would be a thousand requests.
    fn refreshes_ahead(&self) -> bool {
        self.history.seed % 2 == 0 && self.setup().lifetime >= 300_000
    }

    async fn people(self: Rc<Self>) {
        for step in self.history.script.clone() {
            wait((step.at).saturating_sub(now())).await;
            self.happen(step.what).await;
        }
    }

    async fn happen(self: &Rc<Self>, what: What) {
        let calm = matches!(
            what,
            What::Demand(..)
                | What::Everyone(..)
                | What::Withdraw(_)
                | What::PageGoes(_)
                | What::Nothing
                | What::Hint(_)
        );
        if !calm {
            self.troubled.set(true);
        }
        match what {
            What::Demand(context, ask, patience) => self.ask(context, ask, patience),
            What::Everyone(ask, patience) => {
                for context in 0..self.setup().devices.len() {
                    self.ask(context, ask, patience);
                }
            }
            What::Withdraw(context) => {
                if let Some(caller) = self.context(context, |context| context.callers.pop()) {
                    let _ = caller.send(());
                }
            }
            What::PageGoes(context) => {
                for caller in self.context(context, |context| std::mem::take(&mut context.callers)) {
                    let _ = caller.send(());
                }
            }
            What::SignOut(context, revoke) => {
                self.decide(context, move |refresher| async move { refresher.sign_out(revoke).await });
            }
            What::Login(context) => {
                let reply = {
                    let mut server = self.server.borrow_mut();
                    let issued = server.login(now());
                    server.reply(issued)
                };
                self.decide(context, move |refresher| async move { refresher.set_tokens(&reply).await });
            }
            What::Crash(context, after, _) => {
                self.context(context, |context| context.refresher.take());
                let world = Rc::clone(self);
                spawn_local(async move {
                    wait(after).await;
                    world.open(context, None);
                });
            }
            What::Hint(context) => self.hint(context),
            What::AdministratorRevokes => {
                let mut server = self.server.borrow_mut();
                for family in 0..server.families.len() {
                    server.end(family, End::Administrator);
                }
            }
            What::Requests(count, fate) => {
                self.fates.borrow_mut().requests.extend((0..count).map(|_| fate));
            }
            What::Operations(count, fate) => {
                self.fates.borrow_mut().operations.extend((0..count).map(|_| fate));
            }
            What::Locks(count, fate) => self.fates.borrow_mut().locks.extend((0..count).map(|_| fate)),
            What::Sleep(..) | What::Watch(..) | What::Resume(_) | What::Clock(..) | What::StealLock | What::Nothing => {
            }
        }
    }

    pub fn context<T>(&self, context: usize, of: impl FnOnce(&mut Context) -> T) -> T {
        of(&mut self.contexts.borrow_mut()[context])
    }

    pub fn hint(&self, context: usize) {
        let changed = self.context(context, |context| Rc::clone(&context.changed));
        let listeners = changed.borrow().clone();
        listeners.iter().for_each(|listener| listener());
    }

    /// A login or a sign-out: it is answered, sooner or later.
    fn decide<F>(self: &Rc<Self>, context: usize, work: impl FnOnce(Subject) -> F + 'static)
    where
        F: std::future::Future<Output = ()> + 'static,
    {
        let Some(refresher) = self.context(context, |context| context.refresher.clone()) else { return };
        self.waiting.set(self.waiting.get() + 1);
        let world = Rc::clone(self);
        spawn_local(async move {
            work(refresher).await;
            world.waiting.set(world.waiting.get() - 1);
        });
    }

    fn ask(self: &Rc<Self>, context: usize, ask: Ask, patience: u64) {
        let Some(refresher) = self.context(context, |context| context.refresher.clone()) else { return };
        let (gone, leave) = oneshot::channel();
        self.context(context, |context| context.callers.push(gone));
        self.waiting.set(self.waiting.get() + 1);
        let (world, begun) = (Rc::clone(self), now());
        spawn_local(async move {
            let (answer, withdrawn) = (std::pin::pin!(refresher.ask(ask, patience)), std::pin::pin!(leave));
            let outcome = first(answer, withdrawn).await;
            world.waiting.set(world.waiting.get() - 1);
            let Some(answer) = outcome else { return };
            let patience = if ask == Ask::Force { 2 * world.setup().timeout + 10_000 } else { patience };
            if now() > begun + patience + 1 {
                world.breaks(format!("c{context} waited {} ms of {patience}", now() - begun));
            }
            let answer = answer.map(|access| token(&access).expect("a token of this server"));
            if let Ok(access) = answer {
                world.check_granted(context, access);
            }
            world.rounds.borrow_mut().push(answer);
        });
    }

    fn check_granted(&self, context: usize, access: Token) {
        self.granted.set(self.granted.get() + 1);
        let Setup { lifetime, says_lifetime, .. } = *self.setup();
        // a token that lives for seconds may run out on its way here, and there is nothing better
        if says_lifetime && lifetime >= 60_000 && self.server.borrow().has_run_out(access, now()) {
            self.breaks(format!("c{context} was granted {access:?}, which has run out"));
        }
    }

    /// Asked in the calm, all contexts have one answer, and it is a token or a reason to log in.
    fn judge(&self) {
        if self.waiting.get() > 0 {
            self.breaks(format!("{} callers got no answer", self.waiting.get()));
        }
        let rounds = self.rounds.borrow();
        let refused = |answer: &Result<Token, String>| {
            answer.as_ref().is_err_and(|code| ["session_ended", "signed_out", "identity_mismatch"].contains(&&**code))
        };
        let is_one = rounds.iter().all(|answer| answer.is_ok()) || rounds.iter().all(refused);
        let Setup { latency, lifetime, .. } = *self.setup();
        let ends = |what: &What| matches!(what, What::SignOut(..) | What::AdministratorRevokes);
        // Who heard of no end goes on with a token that has not run out.
        let has_ended = self.server.borrow().families.iter().any(|family| family.ended.is_some())
            || self.history.script.iter().any(|step| ends(&step.what));
        let unheard = latency.lost_hints > 0 && has_ended;
        let is_safe = self.is_safe();
        // Where tokens run out on their way, each context needs a refresh of its own, and the lock's queue is long.
        let lasts = lifetime >= 20_000;
        let together = is_one || unheard || !is_safe || !lasts;
        if !together || rounds.len() != self.setup().devices.len() {
            self.breaks(format!("in the calm the contexts got {rounds:?}"));
        }
        let reused = self.server.borrow().families.iter().any(|family| family.ended == Some(End::Reuse));
        if reused && is_safe && !self.troubled.get() {
            self.breaks("a refresh token was sent twice although nothing went wrong".to_owned());
        }
    }

    /// Contexts cannot overwrite each other's marks. A lease counts as no lock here: drivers get one for all contexts, or none.
    pub fn is_safe(&self) -> bool {
        self.setup().storage.conditional || self.setup().lock == LockReach::AllContexts
    }

    /// The page is gone.
    fn judge_what_is_left(&self) {
        if self.lock.held.get() {
            self.breaks("a lock is held for ever".to_owned());
        }
    }
}

pub async fn wait(mut millis: u64) {
    const LONGEST: u64 = (1 << 31) - 1;
    while millis > LONGEST {
        TimeoutFuture::new(LONGEST as u32).await;
        millis -= LONGEST;
    }
    TimeoutFuture::new(millis as u32).await;
}

/// The first one's outcome, or nothing if the second one is done before.
pub async fn first<A, B>(
    mut one: std::pin::Pin<&mut impl std::future::Future<Output = A>>,
    mut other: std::pin::Pin<&mut impl std::future::Future<Output = Result<B, oneshot::Canceled>>>,
) -> Option<A> {
    use std::task::Poll;
    std::future::poll_fn(|context| match (one.as_mut().poll(context), other.as_mut().poll(context)) {
        (Poll::Ready(done), _) => Poll::Ready(Some(done)),
        (Poll::Pending, Poll::Ready(Ok(_))) => Poll::Ready(None),
        (Poll::Pending, _) => Poll::Pending,
    })
    .await
}

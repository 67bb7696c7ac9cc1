//! Performs the machine's orders and tells it what came of them: one order, one thing awaited, one fact. It decides nothing.
//! The only caller of the machine; no borrow of it crosses an `await`.

mod effects;
mod exchange;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_channel::oneshot;
use wasm_bindgen_futures::spawn_local;

use super::cause::Fault;
use super::error::{RefreshError, StorageError};
use super::events::Listeners;
use super::options::{Background, Options};
use super::ports::clock::Clock;
use super::ports::lock::{session_of, LockPort};
use super::ports::storage::StoragePort;
use super::ports::timer::Timer;
use super::ports::wake::{has_document, is_visible, is_workerd, Wakes};
use super::scrub::Scrubber;
use super::storage::{LockGuard, Subscription};
use crate::core::machine::{CallerId, Demand, EffectId, Failure, Input, Machine, Revoke, State};
use crate::core::record::Tokens;
use crate::core::time::{Duration as Span, UnixTime};
use crate::core::token_set::TokenSet;

pub struct Driver {
    me: Weak<Driver>,
    options: Options,
    endpoint: String,
    machine: RefCell<Machine>,
    clock: Clock,
    timer: Timer,
    storage: StoragePort,
    lock: LockPort,
    scrubber: RefCell<Scrubber>,
    pub listeners: Listeners,
    /// The tokens, and from and until when they go to callers without special wishes.
    held: RefCell<Option<(TokenSet, UnixTime, Option<UnixTime>)>>,
    /// Callers that wait.
    callers: RefCell<BTreeMap<CallerId, oneshot::Sender<Answered>>>,
    last_caller: Cell<CallerId>,
    /// Locks that are held or waited for; dropped, they are let go of, or not waited for any more.
    locks: RefCell<BTreeMap<EffectId, Lease>>,
    revocations: RefCell<Vec<oneshot::Receiver<()>>>,
    ears: RefCell<Option<Ears>>,
    closed: Cell<bool>,
    /// What the storage or its lock failed with last; nothing once it was read again.
    storage_error: RefCell<Option<StorageError>>,
    /// Until the storage is read next.
    has_lock_failed: Cell<bool>,
    /// Why the last request brought no reply.
    fault: RefCell<Fault>,
    /// The error of the last refused caller: all callers of one failure get the same.
    refused: RefCell<Option<(Failure, RefreshError)>>,
}

/// What a caller gets: tokens, or nothing where nothing was to be had but the end of the work.
type Answered = Result<Option<TokenSet>, RefreshError>;

enum Lease {
    Waiting(#[allow(dead_code, reason = "dropped, the wait is over")] oneshot::Sender<()>),
    Held(LockGuard),
}

/// What is listened to.
struct Ears {
    _page: Option<Wakes>,
    _storage: Option<Subscription>,
}

impl Driver {
    pub fn new(options: Options) -> Rc<Self> {
        let endpoint = options.word("token_endpoint");
        let session = session_of(&endpoint, &options.word("client_id"), &options.storage);
        let machine = Machine::new(options.data.json(), seed());
        let lease_seconds = machine.lease().as_millis() as f64 / 1000.0;
        let driver = Rc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            machine: RefCell::new(machine),
            clock: Clock::default(),
            timer: Timer::default(),
            storage: StoragePort::new(Rc::clone(&options.storage)),
            lock: LockPort::new(options.lock_kind(), &options.storage, &session, lease_seconds),
            scrubber: RefCell::default(),
            listeners: Listeners::default(),
            held: RefCell::default(),
            callers: RefCell::default(),
            last_caller: Cell::new(0),
            locks: RefCell::default(),
            revocations: RefCell::default(),
            ears: RefCell::default(),
            closed: Cell::new(false),
            storage_error: RefCell::default(),
            has_lock_failed: Cell::default(),
            fault: RefCell::default(),
            refused: RefCell::default(),
            options,
            endpoint,
        });
        if let Some(tokens) = driver.options.data.json().member("tokens") {
            driver.scrubber.borrow_mut().learn_tokens(&Tokens::from_json(tokens));
        }
        // A page that shows a session, or will, keeps it fresh without being asked; elsewhere the first call begins everything,
        // or the first listener.
        if driver.may_watch() || (driver.options.background_kind() == Background::Auto && has_document()) {
            driver.listen();
        }
        driver
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn state(&self) -> State {
        self.machine.borrow().state()
    }

    pub fn tokens(&self) -> Option<TokenSet> {
        self.held.borrow().as_ref().map(|(tokens, _, _)| tokens.clone())
    }

    pub fn lock_reaches_everywhere(&self) -> bool {
        self.lock.reaches_everywhere()
    }

    pub fn storage_compares(&self) -> bool {
        self.storage.compares()
    }

    /// The tokens, if a caller without special wishes may have them: no machine, no lock, no storage.
    pub fn fresh(&self) -> Option<TokenSet> {
        let now = self.now();
        let held = self.held.borrow();
        let (tokens, from, until) = held.as_ref()?;
        let good = now >= *from && until.is_none_or(|until| now < until) && !self.closed.get();
        good.then(|| tokens.clone())
    }

    /// Waits for tokens. Dropping the future withdraws the demand, and nothing else.
    pub async fn demand(&self, demand: Demand, patience: Option<Duration>) -> Result<TokenSet, RefreshError> {
        let patience = match patience {
            Some(patience) => Span::from_millis(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX)),
            None => self.machine.borrow().patience(),
        };
        let deadline = self.now() + patience;
        let tokens = self.call(move |id| Input::Demanded(id, Demand { deadline, ..demand })).await?;
        tokens.ok_or_else(RefreshError::closed)
    }

    pub async fn adopt(&self, tokens: Tokens) -> Result<TokenSet, RefreshError> {
        self.scrubber.borrow_mut().learn_tokens(&tokens);
        self.call(move |id| Input::Adopted(id, tokens)).await?.ok_or_else(RefreshError::closed)
    }

    pub async fn forget(&self, revoke: Revoke) -> Result<(), RefreshError> {
        self.call(move |id| Input::SignedOut(id, revoke)).await?;
        if revoke == Revoke::Yes && self.options.word("revocation_endpoint").is_empty() {
            return Err(RefreshError::misuse("revocation_endpoint is missing: write its URL. Signed out here only"));
        }
        Ok(())
    }

    /// Hears from now on what other contexts do. A Worker's global scope may not begin anything.
    pub fn listen(&self) {
        if !is_workerd() {
            self.spawn(|driver| async move { driver.start() });
        }
    }

    pub fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        drop(self.ears.take());
        self.listeners.close();
        let callers = self.callers.take();
        for caller in callers.into_values() {
            drop(caller.send(Err(RefreshError::closed())));
        }
        // a request that is out is still answered and stored; nothing new begins
        self.tell(Input::Watching(false));
    }

    async fn call(&self, input: impl FnOnce(CallerId) -> Input) -> Answered {
        if self.closed.get() {
            return Err(RefreshError::closed());
        }
        let id = self.last_caller.get().wrapping_add(1);
        self.last_caller.set(id);
        let (answer, answered) = oneshot::channel();
        self.callers.borrow_mut().insert(id, answer);
        let waiting = Waiting { driver: self, id, answered };
        self.start();
        self.tell(input(id));
        waiting.await
    }

    /// Begins to listen to other contexts and, in a page, to its visibility.
    fn start(&self) {
        if self.closed.get() || self.ears.borrow().is_some() {
            return;
        }
        let (resumed, watch, changed) = (self.me.clone(), self.me.clone(), self.me.clone());
        let page = has_document().then(|| {
            Wakes::new(move || told(&resumed, Driver::resumed), move || told(&watch, |driver| driver.watch()))
        });
        let storage =
            self.options.storage.subscribe(Box::new(move || told(&changed, |driver| driver.tell(Input::PeerChanged))));
        self.ears.replace(Some(Ears { _page: page, _storage: storage }));
        if self.may_watch() {
            self.watch();
        }
    }

    /// What was never asked for need not be looked at again.
    fn resumed(&self) {
        if self.last_caller.get() > 0 || self.may_watch() {
            self.watch();
            self.tell(Input::Resumed);
        }
    }

    fn watch(&self) {
        self.tell(Input::Watching(self.may_watch()));
    }

    fn may_watch(&self) -> bool {
        !self.closed.get()
            && !is_workerd()
            && match self.options.background_kind() {
                Background::Always => true,
                Background::Auto => is_visible(),
                Background::Never => false,
            }
    }

    /// What time it is. A clock that jumped is told of first: nothing is handed out on its word.
    fn now(&self) -> UnixTime {
        let (now, jump) = self.clock.read();
        if let Some(jump) = jump {
            self.tell(jump);
        }
        now
    }

    /// Tells the machine something, and does what it says.
    fn tell(&self, input: Input) {
        let now = self.now();
        let orders = self.machine.borrow_mut().step(now, input);
        for order in orders {
            self.perform(order);
        }
        self.refused.take();
        self.rest();
    }

    fn rest(&self) {
        let deadline = self.machine.borrow().deadline();
        let busy = !self.locks.borrow().is_empty();
        let awaited = !self.callers.borrow().is_empty();
        // Workers: a timer belongs to a request, and would die with it
        let rests = if self.closed.get() { !busy } else { is_workerd() && !busy && !awaited };
        let me = self.me.clone();
        let woke = move || {
            told(&me, |driver| {
                driver.timer.fired();
                driver.tell(Input::Woke);
            });
        };
        let now = UnixTime::from_millis_f64(js_sys::Date::now());
        self.timer.arm(deadline.filter(|_| !rests), now, woke);
    }

    /// Goes on with the driver for as long as the work takes.
    fn spawn<F: core::future::Future<Output = ()> + 'static>(&self, work: impl FnOnce(Rc<Self>) -> F) {
        if let Some(driver) = self.me.upgrade() {
            spawn_local(work(driver));
        }
    }
}

/// A caller that waits for its answer.
struct Waiting<'a> {
    driver: &'a Driver,
    id: CallerId,
    answered: oneshot::Receiver<Answered>,
}

impl core::future::Future for Waiting<'_> {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answered> {
        Pin::new(&mut self.answered)
            .poll(context)
            .map(|answered| answered.unwrap_or_else(|oneshot::Canceled| Err(RefreshError::closed())))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = self.driver.callers.borrow_mut().remove(&self.id);
        if waited.is_some() {
            self.driver.tell(Input::Withdrawn(self.id));
        }
    }
}

fn told(driver: &Weak<Driver>, what: impl FnOnce(&Driver)) {
    if let Some(driver) = driver.upgrade() {
        what(&driver);
    }
}

/// All the randomness there is: it tells this context's marks from others', and spreads pauses.
fn seed() -> u64 {
    let half = || (js_sys::Math::random() * f64::from(u32::MAX)) as u64;
    half() << 32 | half()
}

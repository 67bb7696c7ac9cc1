//! One context: a machine and what its driver keeps beside it. Facts reach it one at a time, and not while it sleeps.

use std::collections::VecDeque;

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{EffectId, Failure, Input, Machine};
use oauth_refresher::core::record::{Record, Stored};

use crate::queue::Moment;
use crate::server::{token, Token};

#[derive(Debug)]
pub struct Context {
    pub machine: Machine,
    /// Counts restarts: completions of an earlier life are dropped.
    pub life: u32,
    pub condition: Condition,
    pub asleep_since: Moment,
    /// The lock that its driver takes for its own.
    pub locked: Option<EffectId>,
    pub device: usize,
    pub operations: VecDeque<Operation>,
    pub busy: bool,
    pub mailbox: Vec<Arrival>,
    pub waiting: Vec<Waiting>,
    pub held: Option<Held>,
    pub timer: Option<Moment>,
    /// What a driver knows of the storage that has no machine yet.
    pub before: Before,
    /// How far its clock was ahead when it last looked.
    pub clock_seen: i64,
    /// What its last life had begun to write reaches the storage.
    pub late_writes_land: bool,
    pub observed: Observed,
}

/// What the invariants remember of a context, beyond what its driver would.
#[derive(Debug, Default)]
pub struct Observed {
    /// The access tokens that callers were given, in order.
    pub granted: Vec<Token>,
    pub mark: Option<Mark>,
    /// When its clock, its sleep or its storage last failed it.
    pub trouble_at: Option<Moment>,
    /// When its clock was last set.
    pub clock_set_at: Option<Moment>,
    pub storage_trouble: bool,
    /// Writes that other contexts were quicker than, in a row.
    pub refused_writes: u32,
    /// The logins it signed out of.
    pub signed_out_of: Vec<usize>,
    /// The last login that it stored.
    pub own_login: Option<usize>,
    pub ended_tokens: Vec<Token>,
    pub last_generation: u64,
    pub watching: bool,
    /// The login that was last held, also after it was given up.
    pub known: Option<usize>,
    /// The login and the generation that were last held.
    pub last_held: Option<(usize, u64)>,
    /// A write of its was refused, and the next read is to be believed.
    pub refuted: bool,
    /// Refresh tokens whose successor it was given.
    pub replaced: Vec<Token>,
    pub requests: VecDeque<Moment>,
    pub minute: Moment,
    pub steps: u32,
    /// The last login or sign-out here.
    pub decided_at: Option<Moment>,
}

/// What it wrote before it sent a refresh token.
#[derive(Clone, Debug)]
pub struct Mark {
    pub token: Token,
    pub attempt: String,
    /// A caller waits whose access token has expired or was refused.
    pub needed: bool,
    pub ordered_at: Moment,
    /// How often something was sent under it.
    pub sent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Awake,
    Asleep,
    Dead,
}

#[derive(Debug)]
pub enum Before {
    /// Nothing was asked yet.
    Unread,
    /// The machine is to be told what was read.
    Read(Stored),
    /// There is a machine.
    Over,
}

#[derive(Debug)]
pub enum Operation {
    Load(EffectId),
    Save(EffectId, Option<Box<Record>>, Option<u64>),
}

/// A fact on its way, and what it ends.
#[derive(Debug)]
pub struct Arrival {
    pub input: Input,
    pub ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Nothing,
    Operation,
    Request(usize),
}

/// A caller.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: u32,
    pub wants: Wants,
    pub asked_at: Moment,
    /// By the clock of the device.
    pub deadline: Moment,
    pub rejected: Option<Token>,
    /// Without wishes: any good access token will do.
    pub plain: bool,
    /// Asked by the world itself after all trouble: the round, and how often a resource server refused in it.
    pub round: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Tokens,
    /// To have the tokens of this login stored.
    Adoption(usize),
    SignOut,
}

/// How it ended for a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Granted(Token),
    Refused(Failure),
    Done,
    /// It withdrew, or its context died.
    Gone,
}

/// What the driver may hand out.
#[derive(Clone, Debug)]
pub struct Held {
    pub access: Token,
    pub generation: u64,
    pub fresh_from: Moment,
    pub fresh_until: Option<Moment>,
}

impl Context {
    pub fn new(machine: Machine, life: u32, device: usize, clock_seen: i64) -> Self {
        Self {
            machine,
            life,
            condition: Condition::Awake,
            asleep_since: 0,
            locked: None,
            device,
            operations: VecDeque::new(),
            busy: false,
            mailbox: Vec::new(),
            waiting: Vec::new(),
            held: None,
            timer: None,
            before: Before::Unread,
            clock_seen,
            late_writes_land: false,
            observed: Observed::default(),
        }
    }

    pub fn is_alive(&self, life: u32) -> bool {
        self.life == life && self.condition != Condition::Dead
    }

    /// What a driver gives without asking the machine.
    pub fn at_hand(&self, wall: Moment) -> Option<Token> {
        let held = self.held.as_ref()?;
        (held.fresh_from <= wall && held.fresh_until.is_none_or(|until| wall < until)).then_some(held.access)
    }

    pub fn troubled_since(&self, moment: Moment) -> bool {
        self.condition != Condition::Awake || self.observed.trouble_at.is_some_and(|at| at >= moment)
    }
}

impl Arrival {
    pub fn of(input: Input) -> Self {
        Self { input, ends: Ends::Nothing }
    }
}

/// The access token in a token set.
pub fn access_in(tokens: &str) -> Option<Token> {
    token(&Json::parse(tokens)?.member("access_token")?.string()?)
}

//! What happens in a history: what people do, what devices do, and what goes wrong.

use crate::dice::Dice;
use crate::queue::Moment;
use crate::setup::{random_jump, LockReach, Setup};

#[derive(Clone, Debug)]
pub struct History {
    pub seed: u64,
    pub setup: Setup,
    pub script: Vec<Step>,
}

/// Something that happens, so long after the beginning.
#[derive(Clone, Debug)]
pub struct Step {
    pub at: Moment,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Demand(usize, Ask, Moment),
    /// Every context asks at the same moment: windows that become visible together.
    Everyone(Ask, Moment),
    Withdraw(usize),
    /// A page goes with all its calls, and the host that it had in a worker goes on.
    PageGoes(usize),
    SignOut(usize, bool),
    Login(usize),
    /// A context dies and comes back; a write that was under way lands or not.
    Crash(usize, Moment, bool),
    /// A frozen page, a sleeping device: inputs arrive and are not processed yet.
    Sleep(usize, Moment),
    Watch(usize, bool),
    Resume(usize),
    Hint(usize),
    Clock(usize, i64),
    AdministratorRevokes,
    /// The next so many token requests fare like this.
    Requests(u32, RequestFate),
    /// The next so many calls of the storage, by whomever, fare like this.
    Operations(u32, OperationFate),
    /// The next so many claims of the lock fare like this.
    Locks(u32, LockFate),
    StealLock,
    /// Time passes.
    Nothing,
}

/// What a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Plain,
    Valid(Moment),
    /// A resource server refused the access token that is held.
    Rejected,
    /// A late 401: the access token it names was replaced long ago.
    RejectedLong,
    Force,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFate {
    Unsent,
    LostBefore,
    LostAfter,
    /// No answer at all, and nothing arrives.
    SilentBefore,
    /// No answer at all, though the server did its work.
    SilentAfter,
    /// The reply comes so long after the client's patience.
    LateReply(Moment),
    /// The request arrives so long after the client's patience.
    LateRequest(Moment),
    ErrorBefore(u16),
    ErrorAfter(u16),
    Busy(u16, u64),
    /// A captive portal.
    Html,
    /// The reply broke off.
    Truncated,
    InvalidClient,
    /// The refresh token is spent, and the reply is another error.
    InvalidTarget,
    WantsNonce,
    UnknownType,
    /// The reply contains another person's tokens.
    SomebodyElse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationFate {
    Fails,
    /// A write lands and reports a failure.
    LandsAndFails,
    Hangs(Moment),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFate {
    Fails,
    NeverGranted,
}

impl History {
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setup = Setup::random(&mut dice);
        let rough = dice.pick(&[0, 15, 40]);
        let length = dice.pick(&[3, 6, 10, 16, 30]);
        let mut script = Vec::new();
        let mut at = 0;
        for _ in 0..length {
            at += random_gap(&mut dice, &setup);
            let what = if dice.percent(rough) { trouble(&mut dice, &setup) } else { routine(&mut dice, &setup) };
            script.push(Step { at, what });
        }
        Self { seed, setup, script }
    }

    /// The end of the script and of all trouble.
    pub fn calm_from(&self) -> Moment {
        self.script.iter().map(|step| step.at).max().unwrap_or(0) + 1
    }
}

fn random_gap(dice: &mut Dice, setup: &Setup) -> Moment {
    let long = setup.lifetime.min(4_000_000);
    match dice.below(10) {
        0..=2 => dice.below(3),
        3 | 4 => dice.below(200),
        5 | 6 => dice.below(3_000),
        7 => dice.below(45_000).min(long * 20),
        _ => dice.below(long * 3 / 2).min(long * 20),
    }
}

fn routine(dice: &mut Dice, setup: &Setup) -> What {
    let context = dice.index(setup.devices.len());
    match dice.below(100) {
        0..=59 => What::Demand(context, random_ask(dice), dice.pick(&[1_000, 5_000, 30_000, 80_000])),
        60..=62 => What::Withdraw(context),
        63 | 64 => What::PageGoes(context),
        65..=69 => What::Watch(context, dice.percent(70)),
        70..=73 => What::Resume(context),
        74..=76 => What::Hint(context),
        77..=80 => What::SignOut(context, dice.percent(50)),
        81..=88 => What::Login(context),
        89..=95 => What::Everyone(random_ask(dice), 40_000),
        _ => What::Demand(context, Ask::Plain, 60_000),
    }
}

fn random_ask(dice: &mut Dice) -> Ask {
    match dice.below(20) {
        0..=10 => Ask::Plain,
        11 | 12 => Ask::Valid(dice.pick(&[0, 30_000, 600_000])),
        13..=15 => Ask::Rejected,
        16 => Ask::RejectedLong,
        _ => Ask::Force,
    }
}

fn trouble(dice: &mut Dice, setup: &Setup) -> What {
    let context = dice.index(setup.devices.len());
    let nap = dice.pick(&[1, 50, 2_000, 40_000, 3_600_000]);
    match dice.below(100) {
        0..=39 => What::Requests(dice.pick(&[1, 1, 1, 2, 5]), random_request(dice)),
        40..=54 => What::Operations(dice.pick(&[1, 1, 2, 3, 8]), random_operation(dice)),
        55..=69 => What::Crash(context, nap, dice.percent(50)),
        70..=79 => What::Sleep(context, nap),
        80..=84 => What::Clock(dice.index(2), random_jump(dice)),
        85..=87 => What::AdministratorRevokes,
        88..=94 if setup.lock == LockReach::AllContexts => {
            What::Locks(dice.pick(&[1, 2, 6]), dice.pick(&[LockFate::Fails, LockFate::NeverGranted]))
        }
        95..=97 => What::StealLock,
        _ => What::Demand(context, Ask::Rejected, 30_000),
    }
}

fn random_request(dice: &mut Dice) -> RequestFate {
    use RequestFate::*;
    match dice.below(16) {
        0 => Unsent,
        1 => LostBefore,
        2 | 3 => LostAfter,
        4 => SilentBefore,
        5 => SilentAfter,
        6 => LateReply(dice.pick(&[10, 3_000, 20_000])),
        7 => LateRequest(dice.pick(&[10, 3_000, 20_000])),
        8 => ErrorBefore(dice.pick(&[500, 502, 503, 504, 408])),
        9 => ErrorAfter(dice.pick(&[500, 502, 504])),
        10 => Busy(dice.pick(&[429, 503]), dice.pick(&[0, 1, 5, 60, 3_600])),
        11 => Html,
        12 => Truncated,
        13 => InvalidClient,
        14 => dice.pick(&[InvalidTarget, UnknownType, SomebodyElse]),
        _ => WantsNonce,
    }
}

fn random_operation(dice: &mut Dice) -> OperationFate {
    match dice.below(4) {
        0 | 1 => OperationFate::Fails,
        2 => OperationFate::LandsAndFails,
        _ => OperationFate::Hangs(dice.pick(&[100, 3_000, 20_000])),
    }
}

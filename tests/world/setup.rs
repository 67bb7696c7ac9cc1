//! What a history takes place in: how many contexts, which storage, lock and server, how slow everything is.

use crate::dice::Dice;
use crate::queue::Moment;
use crate::server::{id_token, Rotation};

#[derive(Clone, Debug)]
pub struct Setup {
    /// The device of each context; contexts on one device share a clock.
    pub devices: Vec<usize>,
    /// How far the clock of the second device is ahead.
    pub skew: i64,
    pub lock: LockReach,
    pub storage: StorageKind,
    pub latency: Latency,
    pub rotation: Rotation,
    pub lifetime: Moment,
    pub says_lifetime: bool,
    pub start: Start,
    pub reuse: Reuse,
    pub timeout: Moment,
    pub retries: u32,
    pub keep_alive: Option<Moment>,
    pub refresh_ahead: Moment,
    /// A driver answers from what it holds without asking the machine.
    pub fast_path: bool,
    /// A driver that hands out a stored token before it has a machine.
    pub lazy: bool,
    /// A driver that never gives up on a request by itself.
    pub patient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockReach {
    AllContexts,
    /// The same by a lease, which ends so long after its holder was last heard. A driver verifies it before it sends or saves.
    Lease(Moment),
    /// Each context has one of its own: there is none that others respect.
    ThisRealm,
}

#[derive(Clone, Copy, Debug)]
pub struct StorageKind {
    pub conditional: bool,
    /// A read may show what was there so long ago.
    pub stale: Moment,
    pub as_text: bool,
}

/// The longest delays.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    pub storage: Moment,
    pub network: Moment,
    pub hint: Moment,
    /// How many in a hundred hints get lost.
    pub lost_hints: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Empty,
    /// A session that was stored so long ago.
    Stored(Moment),
    /// A refresh token in the options of the first context.
    Options,
}

/// What the options say of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    Never,
    Always,
    UntilSuccessorUsed,
    Grace(Moment),
}

impl Setup {
    /// Contexts on one device with everything in order: a strict server, tokens of a minute that just ran out.
    pub fn calm(contexts: usize) -> Self {
        Self {
            devices: vec![0; contexts],
            skew: 0,
            lock: LockReach::AllContexts,
            storage: StorageKind { conditional: true, stale: 0, as_text: false },
            latency: Latency { storage: 2, network: 100, hint: 5, lost_hints: 0 },
            rotation: Rotation::OneTime { revokes_family: true },
            lifetime: 60_000,
            says_lifetime: true,
            start: Start::Stored(61_000),
            reuse: Reuse::Never,
            timeout: 30_000,
            retries: 3,
            keep_alive: None,
            refresh_ahead: 60_000,
            fast_path: true,
            lazy: false,
            patient: false,
        }
    }

    pub fn random(dice: &mut Dice) -> Self {
        let contexts = dice.pick(&[1, 1, 2, 2, 2, 3, 3, 4, 5, 8]);
        let devices = (0..contexts).map(|_| usize::from(dice.percent(20))).collect();
        let rotation = random_rotation(dice);
        let timeout = dice.pick(&[2_000, 10_000, 30_000]);
        let lifetime = dice.pick(&[1_000, 5_000, 20_000, 60_000, 300_000, 3_600_000, 43_200_000, 259_200_000]);
        Self {
            devices,
            skew: if dice.percent(30) { random_jump(dice) } else { 0 },
            lock: match dice.below(100) {
                0..=49 => LockReach::AllContexts,
                50..=69 => LockReach::Lease(2 * timeout + 60_000),
                _ => LockReach::ThisRealm,
            },
            storage: StorageKind {
                conditional: dice.percent(75),
                stale: if dice.percent(15) { dice.between(1, 4_000) } else { 0 },
                as_text: dice.percent(10),
            },
            latency: Latency {
                storage: dice.pick(&[0, 1, 5, 40, 400]),
                network: dice.pick(&[0, 20, 300, 3_000]).min(timeout / 3),
                hint: dice.pick(&[0, 10, 1_000]),
                lost_hints: dice.pick(&[0, 30, 100]),
            },
            rotation,
            lifetime,
            says_lifetime: dice.percent(90),
            start: match dice.below(10) {
                0 => Start::Empty,
                1 => Start::Options,
                _ => Start::Stored(if dice.percent(60) { lifetime + 1_000 } else { dice.below(lifetime) }),
            },
            reuse: truthful(dice, rotation),
            timeout,
            retries: dice.pick(&[0, 1, 3]),
            keep_alive: dice.percent(10).then(|| lifetime.max(60_000) * 2),
            refresh_ahead: dice.pick(&[0, 60_000, 60_000, 600_000]),
            fast_path: dice.percent(70),
            patient: dice.percent(15),
            lazy: dice.percent(50),
        }
    }

    pub fn options(&self, with_tokens: Option<&str>) -> String {
        let seconds = |millis: Moment| millis as f64 / 1000.0;
        let reuse = match self.reuse {
            Reuse::Never => r#""never""#.to_owned(),
            Reuse::Always => r#""always""#.to_owned(),
            Reuse::UntilSuccessorUsed => r#""until-successor-used""#.to_owned(),
            Reuse::Grace(window) => format!(r#"{{"graceSeconds":{}}}"#, seconds(window)),
        };
        let mut options = format!(
            r#"{{"client_id":"world","reuse":{reuse},"timeoutSeconds":{},"retries":{},"refreshAheadSeconds":{}"#,
            seconds(self.timeout),
            self.retries,
            seconds(self.refresh_ahead)
        );
        if let Some(every) = self.keep_alive {
            options.push_str(&format!(r#","keepAliveSeconds":{}"#, seconds(every)));
        }
        if let Some(token) = with_tokens {
            options.push_str(&format!(r#","tokens":{{"refresh_token":"{token}","id_token":"{}"}}"#, id_token(0)));
        }
        options.push('}');
        options
    }
}

/// Up to a day, either way.
pub fn random_jump(dice: &mut Dice) -> i64 {
    let far = dice.pick(&[2_000, 60_000, 3_600_000, 86_400_000]);
    if dice.percent(50) {
        far
    } else {
        -far
    }
}

fn random_rotation(dice: &mut Dice) -> Rotation {
    match dice.below(10) {
        0..=3 => Rotation::OneTime { revokes_family: true },
        4 => Rotation::OneTime { revokes_family: false },
        5 => Rotation::Static { echoes: dice.percent(50) },
        6 => Rotation::OldStayValid,
        7 => Rotation::UntilSuccessorUsed,
        _ => Rotation::Grace { window: dice.pick(&[10_000, 30_000, 120_000]), same_successor: dice.percent(50) },
    }
}

/// The option of a user who read the server's documentation; sometimes stricter than needed.
fn truthful(dice: &mut Dice, rotation: Rotation) -> Reuse {
    if dice.percent(10) {
        return Reuse::Never;
    }
    match rotation {
        Rotation::OneTime { .. } => Reuse::Never,
        Rotation::Static { .. } | Rotation::OldStayValid => Reuse::Always,
        Rotation::UntilSuccessorUsed => Reuse::UntilSuccessorUsed,
        Rotation::Grace { window, .. } => Reuse::Grace(window),
    }
}

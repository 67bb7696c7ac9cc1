//! A failing history, made small: whatever can be left out or made simpler is, while the same invariant fails.

use crate::script::{History, Step, What};
use crate::setup::{Latency, LockReach, Setup, StorageKind};
use crate::world::{Broken, World};

/// The smallest history that was found, and how it breaks.
pub fn shrink(history: &History, broken: &Broken) -> (History, Broken) {
    let mut best = (history.clone(), broken.clone());
    // Every candidate is smaller than what it was made of; the limit is for the day when one is not.
    for _ in 0..1_000 {
        let Some(smaller) = candidates(&best.0).into_iter().find_map(|candidate| fails(candidate, broken.claim)) else {
            break;
        };
        best = smaller;
    }
    best
}

fn fails(history: History, claim: &str) -> Option<(History, Broken)> {
    let broken = World::new(history.clone(), false).run().broken?;
    (broken.claim == claim).then_some((history, broken))
}

fn candidates(history: &History) -> Vec<History> {
    let mut found = Vec::new();
    let length = history.script.len();
    let mut chunk = length / 2;
    while chunk > 0 {
        for start in (0..length).step_by(chunk) {
            let mut script = history.script.clone();
            script.drain(start..(start + chunk).min(length));
            found.push(History { script, ..history.clone() });
        }
        chunk /= 2;
    }
    if let Some(last) = history.setup.devices.len().checked_sub(1).filter(|last| *last > 0) {
        for gone in 0..=last {
            found.push(without(history, gone));
        }
    }
    for setup in simpler(&history.setup) {
        found.push(History { setup, ..history.clone() });
    }
    for index in 0..length {
        let before = index.checked_sub(1).map_or(0, |before| history.script[before].at);
        let gap = history.script[index].at - before;
        for shorter in [0, 1_000, 30_000, 60_000].into_iter().filter(|shorter| *shorter < gap) {
            let mut script = history.script.clone();
            for step in &mut script[index..] {
                step.at -= gap - shorter;
            }
            found.push(History { script, ..history.clone() });
        }
    }
    for (index, step) in history.script.iter().enumerate() {
        for what in milder(&step.what).into_iter().filter(|what| context_of(what) < Some(history.setup.devices.len())) {
            let mut script = history.script.clone();
            script[index] = Step { at: step.at, what };
            found.push(History { script, ..history.clone() });
        }
    }
    found
}

/// Without one context; those after it move up.
fn without(history: &History, gone: usize) -> History {
    let mut smaller = history.clone();
    smaller.setup.devices.remove(gone);
    smaller.script.retain(|step| context_of(&step.what) != Some(gone));
    for step in &mut smaller.script {
        if let Some(context) = context_in(&mut step.what).filter(|context| **context > gone) {
            *context -= 1;
        }
    }
    smaller
}

fn context_of(what: &What) -> Option<usize> {
    context_in(&mut what.clone()).copied()
}

fn context_in(what: &mut What) -> Option<&mut usize> {
    match what {
        What::Demand(context, ..)
        | What::Withdraw(context)
        | What::PageGoes(context)
        | What::SignOut(context, _)
        | What::Login(context)
        | What::Crash(context, ..)
        | What::Sleep(context, _)
        | What::Watch(context, _)
        | What::Resume(context)
        | What::Hint(context) => Some(context),
        What::Clock(..)
        | What::AdministratorRevokes
        | What::Requests(..)
        | What::Operations(..)
        | What::Locks(..)
        | What::StealLock
        | What::Nothing
        | What::Everyone(..) => None,
    }
}

fn simpler(setup: &Setup) -> Vec<Setup> {
    let quick = Latency { storage: 1, network: 20, hint: 1, lost_hints: 0 };
    let plain = StorageKind { conditional: true, stale: 0, as_text: false };
    let mut found = Vec::new();
    if setup.skew != 0 {
        found.push(Setup { skew: 0, ..setup.clone() });
    }
    if setup.devices.iter().any(|device| *device != 0) {
        found.push(Setup { devices: vec![0; setup.devices.len()], ..setup.clone() });
    }
    if setup.storage.as_text || setup.storage.stale > 0 || !setup.storage.conditional {
        found.push(Setup { storage: plain, ..setup.clone() });
    }
    if setup.storage.stale > 0 {
        found.push(Setup { storage: StorageKind { stale: 0, ..setup.storage }, ..setup.clone() });
    }
    if (setup.latency.storage, setup.latency.network, setup.latency.hint) != (1, 20, 1) {
        found.push(Setup { latency: quick, ..setup.clone() });
    }
    if setup.keep_alive.is_some() {
        found.push(Setup { keep_alive: None, ..setup.clone() });
    }
    if setup.lazy {
        found.push(Setup { lazy: false, ..setup.clone() });
    }
    if setup.patient {
        found.push(Setup { patient: false, ..setup.clone() });
    }
    if setup.lock != LockReach::AllContexts {
        found.push(Setup { lock: LockReach::AllContexts, ..setup.clone() });
    }
    found
}

fn milder(what: &What) -> Vec<What> {
    match what {
        What::Requests(count, fate) if *count > 1 => vec![What::Requests(1, *fate), What::Requests(count - 1, *fate)],
        What::Operations(count, fate) if *count > 1 => {
            vec![What::Operations(1, *fate), What::Operations(count - 1, *fate)]
        }
        What::Locks(count, fate) if *count > 1 => vec![What::Locks(1, *fate)],
        What::Everyone(ask, timeout) => (0..2).map(|context| What::Demand(context, *ask, *timeout)).collect(),
        What::Crash(context, span, lands) if *span > 50 => vec![What::Crash(*context, 50, *lands)],
        _ => Vec::new(),
    }
}

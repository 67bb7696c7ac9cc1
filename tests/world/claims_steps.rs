//! One refresh that two contexts want, and one thing that happens to it: at every moment at which anything happened when
//! nothing did. What chance would find late, or never, is looked for in order.

use crate::queue::Moment;
use crate::scenarios::{ask, at};
use crate::script::{History, LockFate, OperationFate, RequestFate, What};
use crate::server::Rotation;
use crate::setup::{LockReach, Reuse, Setup, StorageKind};
use crate::world::World;

const DAY: i64 = 86_400_000;

/// The behaviour of servers, and the options of a user who read their documentation.
pub const FORGIVING: [(Rotation, Reuse); 5] = [
    (Rotation::Static { echoes: true }, Reuse::Always),
    (Rotation::Static { echoes: false }, Reuse::Always),
    (Rotation::OldStayValid, Reuse::Always),
    (Rotation::UntilSuccessorUsed, Reuse::UntilSuccessorUsed),
    (Rotation::Grace { window: 120_000, same_successor: false }, Reuse::Grace(120_000)),
];
pub const STRICT: (Rotation, Reuse) = (Rotation::OneTime { revokes_family: true }, Reuse::Never);

#[test]
fn where_a_refresh_token_may_be_sent_again_no_crash_and_no_sleep_loses_a_session() {
    for what in [What::Crash(0, 50, true), What::Crash(0, 50, false), What::Sleep(0, 2_000), What::Sleep(0, 50_000)] {
        for policy in FORGIVING {
            at_every_moment(policy, &what, keeps_the_session);
        }
    }
}

#[test]
fn where_a_refresh_token_may_be_sent_again_no_lost_request_and_no_lost_reply_loses_a_session() {
    use RequestFate::*;
    for fate in [LostBefore, LostAfter, SilentBefore, SilentAfter, ErrorBefore(502), ErrorAfter(502), Truncated, Html] {
        for policy in FORGIVING {
            at_every_moment(policy, &What::Requests(1, fate), keeps_the_session);
        }
    }
}

#[test]
fn under_one_time_use_a_session_is_lost_only_with_a_request_that_was_out() {
    for what in [What::Crash(0, 50, true), What::Crash(0, 50, false)] {
        let mut lost = 0;
        at_every_moment(STRICT, &what, |world, moment| {
            let asked = |request: &&crate::network::Request| request.context == 0 && request.life == 0;
            let was_out =
                world.requests.iter().find(asked).is_some_and(|request| {
                    request.sent_at <= crate::world::BEGINNING + moment && request.issued.is_some()
                });
            if !was_out {
                keeps_the_session(world, moment);
            }
            lost += usize::from(world.storage.content().is_none());
        });
        assert!(lost > 0, "{what:?}: there are moments at which nothing can save a session");
    }
}

#[test]
fn no_failure_of_a_storage_or_of_a_lock_loses_a_session() {
    let mut troubles: Vec<What> = [1, 2].map(|count| What::Operations(count, OperationFate::Fails)).into();
    troubles.extend([1, 2].map(|count| What::Operations(count, OperationFate::LandsAndFails)));
    troubles.extend([What::Operations(1, OperationFate::Hangs(20_000)), What::Locks(1, LockFate::Fails)]);
    troubles.extend([What::Locks(1, LockFate::NeverGranted), What::Hint(0), What::Withdraw(0), What::Resume(0)]);
    for what in troubles {
        for policy in FORGIVING.into_iter().chain([STRICT]) {
            at_every_moment(policy, &what, keeps_the_session);
        }
    }
}

/// A storage that refuses the result more often than it is tried under the lock leaves a mark that others find: where a
/// refresh token can be used once, their probe is the end.
#[test]
fn where_a_refresh_token_may_be_sent_again_no_storage_that_keeps_failing_loses_a_session() {
    for fate in [OperationFate::Fails, OperationFate::LandsAndFails] {
        for what in [3, 8].map(|count| What::Operations(count, fate)) {
            for policy in FORGIVING {
                at_every_moment(policy, &what, keeps_the_session);
            }
        }
    }
}

#[test]
fn no_clock_that_is_set_loses_a_session() {
    for what in [DAY, -DAY, 3_600_000, -3_600_000, 20_000, -20_000].map(|by| What::Clock(0, by)) {
        for policy in FORGIVING.into_iter().chain([STRICT]) {
            at_every_moment(policy, &what, keeps_the_session);
        }
    }
}

/// A context that gets a lock and finds a mark treats it as abandoned; no context is told that its lock was stolen.
#[test]
fn where_a_refresh_token_may_be_sent_again_no_stolen_lock_loses_a_session() {
    for policy in FORGIVING {
        at_every_moment(policy, &What::StealLock, keeps_the_session);
    }
}

#[test]
fn a_sign_out_wins_whenever_it_comes() {
    for context in [0, 1] {
        for policy in FORGIVING.into_iter().chain([STRICT]) {
            at_every_moment(policy, &What::SignOut(context, true), |world, moment| {
                // Where comparison and write are separate, another context's write may come between.
                let compares = world.history.setup.storage.conditional;
                assert!(!compares || world.storage.content().is_none(), "{policy:?} at {moment}");
            });
        }
    }
}

#[test]
fn a_login_wins_whenever_it_comes() {
    for context in [0, 1] {
        for policy in FORGIVING.into_iter().chain([STRICT]) {
            at_every_moment(policy, &What::Login(context), |world, moment| {
                let compares = world.history.setup.storage.conditional;
                let stored = crate::storage::family(world.storage.content());
                assert!(!compares || stored == Some(1), "{policy:?} at {moment}");
            });
        }
    }
}

pub fn keeps_the_session(world: &World, moment: Moment) {
    let kept = crate::storage::refresh_token(world.storage.content());
    let lives = kept.is_some_and(|token| world.server.families[token.family].ended.is_none());
    assert!(lives, "at {moment}: {:?} {:?}", world.history.setup, world.history.script);
}

fn at_every_moment((rotation, reuse): (Rotation, Reuse), what: &What, mut holds: impl FnMut(&World, Moment)) {
    for storage in [true, false].map(|conditional| StorageKind { conditional, stale: 0, as_text: false }) {
        for lock in [LockReach::AllContexts, LockReach::ThisRealm] {
            // With neither, two contexts may send one token (`the_loser_never_clears_the_winners_tokens`).
            if storage.conditional || lock == LockReach::AllContexts {
                let setup = Setup { rotation, reuse, storage, lock, ..Setup::calm(2) };
                for moment in moments_of(&played(&setup, None, true)) {
                    let world = played(&setup, Some((moment, what.clone())), false);
                    assert!(world.broken.is_none(), "{setup:?}\n{moment}: {what:?}: {:?}", world.broken);
                    holds(&world, moment);
                }
            }
        }
    }
}

/// When anything happens in the first seconds, and just after that.
pub fn moments_of(traced: &World) -> Vec<Moment> {
    let trace = traced.trace.as_deref().unwrap_or_default();
    let seconds = trace.iter().filter_map(|line| line.get(..12)?.trim().parse::<f64>().ok());
    let mut found: Vec<Moment> =
        seconds.map(|seconds| (seconds * 1000.0) as Moment).flat_map(|moment| [moment, moment + 1]).collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|moment| *moment < 9_000);
    found
}

fn played(setup: &Setup, trouble: Option<(Moment, What)>, traced: bool) -> World {
    let mut script = vec![at(0, ask(0)), at(1, ask(1)), at(10_000, What::Nothing)];
    // Before what else happens at its moment.
    script.splice(0..0, trouble.map(|(moment, what)| at(moment, what)));
    World::new(History { seed: 7, setup: setup.clone(), script }, traced).run()
}

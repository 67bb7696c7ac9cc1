//! Locks that are leases: they pass on when their holder is silent. Here the holder is suspended at every moment of a refresh, for less
//! than a lease, for a little less than other contexts wait, and for much longer; with clocks that agree and clocks that do not.

use crate::claims_steps::{keeps_the_session, moments_of, FORGIVING, STRICT};
use crate::queue::Moment;
use crate::scenarios::{ask, at};
use crate::script::{Ask, History, Step, What};
use crate::server::Rotation;
use crate::setup::{LockReach, Reuse, Setup};
use crate::world::{World, BEGINNING};

/// 2 x `timeoutSeconds` + 60 s.
const LEASE: Moment = 120_000;
const SKEWS: [i64; 3] = [0, 3_600_000, -3_600_000];

#[test]
fn a_holder_that_is_suspended_for_less_than_a_lease_loses_no_session() {
    for span in [2_000, 50_000, 80_000] {
        for policy in FORGIVING.into_iter().chain([STRICT]) {
            suspended_at_every_moment(policy, span, keeps_the_session);
        }
    }
}

/// The lease may count from a sign of life long before the suspension, so it ends before the mark is a lease old.
#[test]
fn a_holder_that_comes_back_before_its_mark_is_a_lease_old_loses_no_session() {
    for policy in FORGIVING.into_iter().chain([STRICT]) {
        suspended_at_every_moment(policy, LEASE * 7 / 8, keeps_the_session);
    }
}

#[test]
fn under_one_time_use_a_suspended_holder_loses_a_session_only_with_a_request_that_was_in_flight() {
    let mut lost = 0;
    suspended_at_every_moment(STRICT, 300_000, |world, moment| {
        let mut requests = world.requests.iter().filter(|request| request.context == 0);
        let was_in_flight =
            requests.next().is_some_and(|request| request.sent_at <= BEGINNING + moment && request.issued.is_some());
        if !was_in_flight {
            keeps_the_session(world, moment);
        }
        lost += usize::from(world.storage.content().is_none());
    });
    assert!(lost > 0, "there are moments at which no client can save the session");
}

#[test]
fn where_a_refresh_token_may_be_sent_again_no_suspension_of_a_holder_loses_a_session() {
    for policy in FORGIVING {
        suspended_at_every_moment(policy, 300_000, keeps_the_session);
    }
}

/// The rest of a lease is waited for by the time that passes, and not by the clock, which an administrator may set meanwhile.
#[test]
fn a_clock_that_is_set_while_a_suspended_holder_is_waited_for_loses_no_session() {
    let setup = Setup { lock: LockReach::Lease(LEASE), devices: vec![0, 1], ..Setup::calm(2) };
    for (rotation, reuse) in FORGIVING.into_iter().chain([STRICT]) {
        // What a server still takes again is not waited for.
        let setup = Setup { rotation, reuse, ..setup.clone() };
        for moment in moments_of(&played(&setup, &[], true)) {
            // The lock passes on 90 s after the last sign of life, and its holder is back 15 s later.
            let asleep = at(moment, What::Sleep(0, LEASE * 7 / 8));
            for by in [20_000, 3_600_000, -3_600_000] {
                let world = played(&setup, &[asleep.clone(), at(moment + 93_000, What::Clock(1, by))], false);
                assert!(world.broken.is_none(), "{setup:?}\n{moment}: {:?}", world.broken);
                if !matches!(reuse, Reuse::Grace(_)) {
                    keeps_the_session(&world, moment);
                }
            }
        }
    }
}

fn suspended_at_every_moment(
    (rotation, reuse): (Rotation, Reuse),
    span: Moment,
    mut holds: impl FnMut(&World, Moment),
) {
    // Clocks that are an hour apart do not tell how long ago a refresh token was first used.
    let ends = matches!(reuse, Reuse::Grace(_)) && span > LEASE;
    for skew in SKEWS.into_iter().filter(|skew| *skew == 0 || !ends) {
        let lock = LockReach::Lease(LEASE);
        let setup = Setup { rotation, reuse, lock, devices: vec![0, 1], skew, ..Setup::calm(2) };
        for moment in moments_of(&played(&setup, &[], true)) {
            let world = played(&setup, &[at(moment, What::Sleep(0, span))], false);
            assert!(world.broken.is_none(), "{setup:?}\n{moment}: {:?}", world.broken);
            holds(&world, moment);
        }
    }
}

/// Two contexts want one refresh; the second one asks again and again.
fn played(setup: &Setup, trouble: &[Step], traced: bool) -> World {
    let mut script: Vec<Step> = trouble.iter().cloned().chain([at(0, ask(0))]).collect();
    script.extend((0..12).map(|round| at(1 + round * 30_000, What::Demand(1, Ask::Plain, 60_000))));
    script.push(at(500_000, What::Nothing));
    World::new(History { seed: 7, setup: setup.clone(), script }, traced).run()
}

//! One refresh for everybody: callers, contexts, locks, and tokens that need none.

use crate::scenarios::{ask, ask_with, at, good_for, play, slow, until};
use crate::script::{Ask, History, LockFate, What};
use crate::server::Rotation;
use crate::setup::{Latency, LockReach, Setup, Start, StorageKind};
use crate::world::World;

#[test]
fn two_contexts_that_ask_at_once_send_one_request() {
    let played = play(Setup::calm(2), [at(0, ask(0)), at(0, ask(1)), until(5_000)]);
    assert_eq!(played.sent(), ["rt-0-0"]);
    assert_eq!((played.told(0), played.told(1)), (vec!["at-0-1".to_owned()], vec!["at-0-1".to_owned()]));
}

#[test]
fn a_peers_refresh_is_adopted_under_the_lock() {
    let played = play(slow(Setup::calm(2)), [at(0, ask(0)), at(50, ask(1)), until(5_000)]);
    assert_eq!(played.sent(), ["rt-0-0"]);
    assert_eq!(played.events(0), ["token-changed Refresh"]);
    assert_eq!(played.events(1), ["token-changed Peer"]);
    assert_eq!(played.told(1), ["at-0-1"]);
}

#[test]
fn eight_contexts_send_one_request() {
    let script = [0, 1, 2, 3, 4, 5, 6, 7, 0].map(|context| at(0, ask(context)));
    let played = play(Setup::calm(8), script);
    assert_eq!(played.sent_in_all()[0], "rt-0-0");
    assert!((0..8).all(|context| played.told(context)[0] == "at-0-1"), "{}", played.trace());
}

#[test]
fn a_storage_that_compares_is_enough_where_no_lock_is() {
    let setup = Setup { lock: LockReach::ThisRealm, ..slow(Setup::calm(3)) };
    let played = play(setup, [at(0, ask(0)), at(0, ask(1)), at(0, ask(2)), until(10_000)]);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert!((0..3).all(|context| played.told(context) == ["at-0-1"]), "{}", played.trace());
}

#[test]
fn ten_callers_in_one_context_share_one_request() {
    let played = play(slow(Setup::calm(1)), [(); 11].map(|()| at(0, ask(0))));
    assert_eq!(played.sent_in_all()[0], "rt-0-0");
    assert_eq!(played.told(0), ["at-0-1"; 11]);
}

#[test]
fn a_good_access_token_takes_no_lock_and_sends_nothing() {
    // With a driver that answers by itself, and with one that asks the machine each time.
    for fast_path in [true, false] {
        let setup = Setup { fast_path, ..good_for(Setup::calm(1), 30_000) };
        let played = play(setup, [at(0, ask(0)), at(10, ask(0)), until(1_000)]);
        assert_eq!(played.told(0), ["at-0-0", "at-0-0"]);
        let locked = played.trace().lines().filter(|line| line.contains(" Lock(")).count();
        // The first caller begins with a look, which takes none.
        assert_eq!((locked, played.sent().len()), (0, 0), "{}", played.trace());
    }
}

#[test]
fn an_access_token_that_is_about_to_end_is_replaced_first() {
    let played = play(good_for(Setup::calm(1), 5_000), [at(0, ask(0)), until(1_000)]);
    assert_eq!((played.told(0), played.sent()), (vec!["at-0-1".to_owned()], vec!["rt-0-0".to_owned()]));
}

#[test]
fn nobody_can_ask_for_more_than_a_quarter_of_the_lifetime() {
    let played = play(good_for(Setup::calm(1), 20_000), [at(0, ask_with(0, Ask::Valid(600_000))), until(1_000)]);
    assert_eq!(played.told(0), ["at-0-0"]);
}

#[test]
fn a_late_refusal_of_an_older_token_costs_no_request() {
    let script = [at(0, ask(0)), at(1_000, ask_with(0, Ask::Rejected)), at(2_000, ask_with(0, Ask::RejectedLong))];
    let played = play(Setup::calm(1), script);
    assert_eq!(played.told(0), ["at-0-1", "at-0-2", "at-0-2"]);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-1"]);
}

#[test]
fn many_refusals_of_one_access_token_cost_one_request() {
    let refused = |context| ask_with(context, Ask::Rejected);
    let script = [
        at(0, ask(0)),
        at(0, ask(1)),
        at(100, refused(0)),
        at(100, refused(1)),
        at(150, refused(0)),
        at(150, refused(1)),
        until(5_000),
    ];
    let played = play(slow(good_for(Setup::calm(2), 30_000)), script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert!((0..2).all(|context| played.told(context) == ["at-0-0", "at-0-1", "at-0-1"]), "{}", played.trace());
}

#[test]
fn a_forced_refresh_joins_the_one_under_way() {
    let script = [at(0, ask(0)), at(20, ask_with(0, Ask::Force)), at(30, ask_with(0, Ask::Force)), until(5_000)];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!((played.sent(), played.told(0)), (vec!["rt-0-0".to_owned()], vec!["at-0-1".to_owned(); 3]));
}

#[test]
fn a_forced_refresh_takes_the_newer_token_that_is_here_by_then() {
    let script = [at(0, ask(0)), at(0, ask(1)), at(100, What::Everyone(Ask::Force, 60_000)), until(5_000)];
    let played = play(slow(good_for(Setup::calm(2), 30_000)), script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert!((0..2).all(|context| played.told(context) == ["at-0-0", "at-0-1"]), "{}", played.trace());
}

#[test]
fn a_withdrawn_caller_takes_nobody_with_it() {
    let played = play(slow(Setup::calm(1)), [at(0, ask(0)), at(0, ask(0)), at(20, What::Withdraw(0)), until(5_000)]);
    assert_eq!(played.told(0), ["gone", "at-0-1"]);
}

#[test]
fn a_request_that_was_sent_is_stored_although_its_only_caller_withdrew() {
    let played = play(slow(Setup::calm(1)), [at(0, ask(0)), at(20, What::Withdraw(0)), until(5_000)]);
    assert_eq!((played.told(0), played.stored_refresh().as_deref()), (vec!["gone".to_owned()], Some("rt-0-1")));
}

/// A host in a worker: its pages come and go, and the next one finds the tokens.
#[test]
fn a_page_that_goes_takes_no_refresh_of_its_host_with_it() {
    let script = [at(0, ask(0)), at(0, ask(0)), at(20, What::PageGoes(0)), at(4_000, ask(0)), until(5_000)];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!(played.told(0), ["gone", "gone", "at-0-1"]);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
}

#[test]
fn a_lock_that_is_never_granted_is_given_up_in_time() {
    let played = play(Setup::calm(1), [at(0, What::Locks(1, LockFate::NeverGranted)), at(1, ask(0)), until(55_000)]);
    assert_eq!(played.told(0), ["lock_timeout"]);
    assert!(played.waited(0, 0) <= 35_100, "{}", played.trace());
    assert_eq!(played.told_later(0), "at-0-1");
}

#[test]
fn a_lock_service_that_fails_is_told_of_and_costs_no_tokens() {
    let played = play(Setup::calm(1), [at(0, What::Locks(1, LockFate::Fails)), at(1, ask(0)), until(5_000)]);
    assert_eq!(played.events(0)[0], "storage-failed Lock");
    assert_eq!((played.told(0), played.told_later(0).as_str()), (vec!["storage_failed".to_owned()], "at-0-1"));
}

#[test]
fn a_crash_lets_go_of_the_lock() {
    let script = [at(0, ask(0)), at(4, What::Crash(0, 60_000, true)), at(5, ask(1)), until(50_000)];
    let played = play(Setup { rotation: Rotation::Static { echoes: true }, ..Setup::calm(2) }, script);
    assert_eq!(played.told(1).len(), 1, "{}", played.trace());
    assert!(played.told(1)[0].starts_with("at-0-"), "{}", played.trace());
}

#[test]
fn a_sleeper_that_wakes_up_takes_what_others_brought() {
    let setup = Setup { lifetime: 7_200_000, start: crate::setup::Start::Stored(7_300_000), ..Setup::calm(2) };
    let script = [
        at(0, What::Sleep(0, 3_600_000)),
        at(10, ask(1)),
        at(3_600_001, What::Demand(0, Ask::Plain, 60_000)),
        until(3_700_000),
    ];
    let played = play(setup, script);
    assert_eq!((played.sent(), played.told(0)), (vec!["rt-0-0".to_owned()], vec!["at-0-1".to_owned()]));
}

/// Without a lock and without a comparison two contexts may send the same refresh token; the server takes one of them.
#[test]
fn the_loser_never_clears_the_winners_tokens() {
    let mut races = 0;
    for seed in 0..60 {
        let setup = Setup {
            lock: LockReach::ThisRealm,
            storage: StorageKind { conditional: false, stale: 0, as_text: false },
            latency: Latency { storage: 40, network: 60, hint: 5, lost_hints: 0 },
            rotation: Rotation::OneTime { revokes_family: false },
            ..Setup::calm(2)
        };
        let script = vec![at(0, ask(0)), at(0, ask(1)), until(20_000)];
        let world = World::new(History { seed, setup, script }, true).run();
        let trace = world.trace.clone().unwrap_or_default().join("\n");
        assert!(world.broken.is_none(), "{trace}");
        races += usize::from(trace.contains("server: refuses"));
        assert!(!trace.contains("SessionEnded"), "{trace}");
        assert!(crate::storage::refresh_token(world.storage.content()).is_some(), "{trace}");
    }
    assert!(races > 0, "no seed made a race");
}

#[test]
fn who_only_listens_hears_a_login_and_a_sign_out() {
    let hints = [at(0, What::Login(0)), at(5_000, What::SignOut(0, false)), until(10_000)];
    let played = play(Setup { start: Start::Empty, ..Setup::calm(3) }, hints);
    assert_eq!(played.events(1), ["token-changed Peer", "token-changed Peer"], "{}", played.trace());
    let later =
        [at(0, What::Crash(1, 2_000, false)), at(0, What::Login(0)), at(5_000, What::SignOut(0, false)), until(10_000)];
    let played = play(Setup { start: Start::Empty, ..Setup::calm(2) }, later);
    assert_eq!(played.events(1), ["token-changed Peer"], "who was born after the login, {}", played.trace());
}

#[test]
fn who_could_hear_nothing_reads_before_it_hands_out() {
    let script = [
        at(0, ask(0)),
        at(1_000, What::Sleep(0, 4_000)),
        at(2_000, What::SignOut(1, false)),
        at(5_001, ask(0)),
        until(10_000),
    ];
    let played = play(slow(Setup::calm(2)), script);
    assert_eq!(played.told(0), ["at-0-1", "signed_out"], "{}", played.trace());
}

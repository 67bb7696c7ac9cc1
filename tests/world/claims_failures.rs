//! Requests that fail, replies that are lost, storages that do not save: what may be sent again, what callers are told,
//! and what is kept.

use crate::scenarios::{ask, ask_with, at, good_for, next_request, play, play_seed, slow, until};
use crate::script::{Ask, OperationFate, RequestFate, What};
use crate::server::Rotation;
use crate::setup::{Latency, LockReach, Reuse, Setup};

fn forgiving(rotation: Rotation, reuse: Reuse) -> Setup {
    Setup { rotation, reuse, ..Setup::calm(1) }
}

fn grace(window: u64) -> Setup {
    forgiving(Rotation::Grace { window, same_successor: false }, Reuse::Grace(window))
}

fn fails_with(setup: Setup, fate: RequestFate) -> crate::scenarios::Played {
    play(setup, [at(0, next_request(fate)), at(1, ask(0)), until(50_000)])
}

#[test]
fn a_lost_reply_is_sent_again_inside_the_grace() {
    let played = fails_with(grace(30_000), RequestFate::LostAfter);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-0"]);
    assert_eq!(played.told(0), ["at-0-2"]);
}

#[test]
fn a_lost_reply_is_sent_again_until_the_successor_is_used() {
    let played = fails_with(forgiving(Rotation::UntilSuccessorUsed, Reuse::UntilSuccessorUsed), RequestFate::LostAfter);
    assert_eq!((played.sent().len(), played.told(0)), (2, vec!["at-0-2".to_owned()]));
}

#[test]
fn a_refresh_token_that_does_not_rotate_is_sent_again_after_a_500() {
    let setup = forgiving(Rotation::Static { echoes: false }, Reuse::Always);
    let played = fails_with(setup, RequestFate::ErrorAfter(500));
    assert_eq!((played.sent().len(), played.told(0)), (2, vec!["at-0-2".to_owned()]));
    assert_eq!(played.stored_refresh().as_deref(), Some("rt-0-0"));
}

#[test]
fn a_lost_reply_under_one_time_use_is_outcome_unknown_and_nothing_is_sent_again() {
    let played = fails_with(Setup::calm(1), RequestFate::LostAfter);
    assert_eq!((played.sent(), played.told(0)), (vec!["rt-0-0".to_owned()], vec!["outcome_unknown".to_owned()]));
}

#[test]
fn a_later_caller_makes_the_probe_and_learns_that_the_session_ended() {
    let script = [at(0, next_request(RequestFate::LostAfter)), at(1, ask(0)), at(20_000, ask(0)), until(30_000)];
    let played = play(Setup::calm(1), script);
    assert_eq!(played.told(0), ["outcome_unknown", "session_ended"]);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-0"]);
    assert_eq!(played.events(0).last(), Some(&"session-ended session_ended"));
    assert_eq!(played.stored_refresh(), None);
}

#[test]
fn a_probe_saves_the_session_if_the_request_never_arrived() {
    let script = [at(0, next_request(RequestFate::LostBefore)), at(1, ask(0)), at(20_000, ask(0)), until(30_000)];
    let played = play(Setup::calm(1), script);
    assert_eq!(played.told(0), ["outcome_unknown", "at-0-1"]);
}

#[test]
fn nothing_is_probed_while_the_access_token_is_good() {
    let script = [
        at(0, next_request(RequestFate::LostAfter)),
        at(1, ask_with(0, Ask::Valid(15_000))),
        at(2_000, ask_with(0, Ask::Valid(15_000))),
        at(3_000, ask_with(0, Ask::Force)),
        at(4_000, What::Watch(0, true)),
        until(8_000),
    ];
    let played = play(good_for(Setup::calm(1), 12_000), script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert_eq!(played.told(0), ["at-0-0", "at-0-0", "outcome_unknown"]);
}

#[test]
fn a_restart_that_finds_a_mark_asks_again_at_once_inside_the_grace() {
    let script = [
        at(0, next_request(RequestFate::SilentAfter)),
        at(1, ask_with(0, Ask::Force)),
        at(500, What::Crash(0, 100, true)),
        at(700, What::Resume(0)),
        until(5_000),
    ];
    let played = play(good_for(grace(30_000), 40_000), script);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-0"], "{}", played.trace());
    assert!(played.is_stored(0, 2), "{}", played.trace());
}

#[test]
fn after_the_grace_a_doubtful_token_is_left_alone_while_the_access_token_is_good() {
    let script = [
        at(0, next_request(RequestFate::SilentAfter)),
        at(1, ask_with(0, Ask::Force)),
        at(500, What::Crash(0, 15_000, true)),
        at(20_000, What::Watch(0, true)),
        at(20_001, ask(0)),
        until(22_000),
    ];
    let played = play(good_for(grace(10_000), 40_000), script);
    assert_eq!((played.sent().len(), played.told(0).last().cloned()), (1, Some("at-0-0".to_owned())));
}

#[test]
fn a_timeout_is_unavailable_and_keeps_the_tokens() {
    let played = fails_with(Setup::calm(1), RequestFate::SilentBefore);
    assert_eq!((played.told(0), played.sent().len()), (vec!["unavailable".to_owned()], 1));
    assert_eq!(played.told_later(0), "at-0-1");
}

#[test]
fn a_caller_with_little_time_is_answered_in_time() {
    let hurried = What::Demand(0, Ask::Plain, 1_000);
    let played = play(Setup::calm(1), [at(0, next_request(RequestFate::SilentBefore)), at(1, hurried), until(9_000)]);
    assert_eq!((played.told(0), played.waited(0, 0)), (vec!["timeout".to_owned()], 1_000));
}

#[test]
fn a_busy_server_is_asked_again_when_it_said() {
    let played = fails_with(Setup::calm(1), RequestFate::Busy(429, 5));
    assert_eq!((played.told(0), played.sent().len()), (vec!["at-0-1".to_owned()], 2));
    assert!(played.waited(0, 0) >= 5_000, "{}", played.trace());
}

#[test]
fn nobody_waits_for_an_hour_of_patience() {
    let played = fails_with(Setup::calm(1), RequestFate::Busy(503, 3_600));
    assert_eq!((played.told(0), played.sent().len()), (vec!["unavailable".to_owned()], 1));
    assert!(played.waited(0, 0) < 1_000, "{}", played.trace());
}

#[test]
fn the_servers_patience_is_remembered_in_every_context() {
    let script = [at(0, next_request(RequestFate::Busy(429, 3_600))), at(1, ask(0)), at(5_000, ask(1)), until(9_000)];
    let played = play(Setup::calm(2), script);
    assert_eq!((played.told(1), played.sent().len()), (vec!["unavailable".to_owned()], 1));
}

#[test]
fn a_request_that_never_left_is_sent_again() {
    let played = fails_with(Setup::calm(1), RequestFate::Unsent);
    assert_eq!((played.told(0), played.sent().len()), (vec!["at-0-1".to_owned()], 2));
}

#[test]
fn a_captive_portal_is_a_bad_response_and_costs_no_tokens() {
    let played = fails_with(Setup::calm(1), RequestFate::Html);
    assert_eq!((played.told(0), played.sent().len()), (vec!["bad_response".to_owned()], 1));
    assert_eq!(played.told_later(0), "at-0-1");
}

#[test]
fn a_misconfigured_client_keeps_its_tokens() {
    let played = fails_with(Setup::calm(1), RequestFate::InvalidClient);
    assert_eq!(played.told(0), ["client_rejected"]);
    assert_eq!((played.sent().len(), played.told_later(0).as_str()), (1, "at-0-1"));
}

#[test]
fn a_wanted_nonce_costs_one_more_request() {
    let played = fails_with(Setup::calm(1), RequestFate::WantsNonce);
    assert_eq!((played.told(0), played.sent().len()), (vec!["at-0-1".to_owned()], 2));
}

#[test]
fn a_second_wish_for_a_nonce_is_not_fulfilled() {
    let played =
        play(Setup::calm(1), [at(0, What::Requests(5, RequestFate::WantsNonce)), at(1, ask(0)), until(20_000)]);
    assert_eq!((played.told(0), played.sent().len()), (vec!["client_rejected".to_owned()], 2));
    assert_eq!(played.told_later(0), "at-0-1");
}

#[test]
fn a_wish_for_a_nonce_that_was_slept_over_is_not_fulfilled_under_the_old_mark() {
    // Without a lock the other context waits until the sleeper's mark is old, and asks for itself.
    let setup = Setup { lock: LockReach::ThisRealm, ..slow(Setup::calm(2)) };
    let script = [
        at(0, next_request(RequestFate::WantsNonce)),
        at(1, ask(0)),
        at(20, What::Sleep(0, 45_000)),
        at(1_000, ask(1)),
        until(50_000),
    ];
    let played = play(setup, script);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-0"], "{}", played.trace());
    assert_eq!((played.told(0), played.told(1)), (vec!["at-0-1".to_owned()], vec!["at-0-1".to_owned()]));
}

#[test]
fn a_context_that_was_stalled_over_its_request_hears_the_reply_that_came_meanwhile() {
    // It still has the lock: to give it up before the reply is read would let the other context spend the token again.
    let script = [at(1, ask(0)), at(20, What::Sleep(0, 45_000)), at(1_000, ask(1)), until(50_000)];
    let played = play(slow(Setup::calm(2)), script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert_eq!(played.told(0), vec!["at-0-1".to_owned()], "{}", played.trace());
}

#[test]
fn a_refresh_token_beside_an_unknown_type_is_kept() {
    let played = fails_with(Setup::calm(1), RequestFate::UnknownType);
    assert_eq!(played.told(0), ["bad_response"]);
    assert!(played.is_stored(0, 1), "{}", played.trace());
    assert_eq!(played.told_later(0), "at-0-2");
}

#[test]
fn a_valid_access_token_is_served_although_the_refresh_failed() {
    for fate in [RequestFate::ErrorBefore(500), RequestFate::Html, RequestFate::InvalidClient, RequestFate::LostBefore]
    {
        let script = [at(0, next_request(fate)), at(1, ask(0)), until(2_000)];
        let played = play(good_for(Setup::calm(1), 8_000), script);
        assert_eq!((played.told(0), played.sent().len()), (vec!["at-0-0".to_owned()], 1), "{}", played.trace());
    }
}

#[test]
fn tokens_that_cannot_be_saved_are_used_and_saved_later() {
    let script = [at(0, ask(0)), at(30, What::Operations(3, OperationFate::Fails)), until(20_000)];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!(played.told(0), ["at-0-1"]);
    assert!(played.events(0).contains(&"storage-failed Save"), "{}", played.trace());
    assert_eq!((played.sent().len(), played.stored_refresh().as_deref()), (1, Some("rt-0-1")));
}

#[test]
fn a_write_that_lands_and_reports_a_failure_loses_nothing() {
    let script = [at(0, ask(0)), at(30, What::Operations(2, OperationFate::LandsAndFails)), until(20_000)];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!((played.told(0), played.stored_refresh().as_deref()), (vec!["at-0-1".to_owned()], Some("rt-0-1")));
}

#[test]
fn what_a_refresh_brought_is_kept_whichever_call_of_the_storage_fails_after_one_that_landed() {
    let mut unread = 0;
    for moment in 31..1_600 {
        let script = [
            at(0, ask(0)),
            at(30, What::Operations(1, OperationFate::LandsAndFails)),
            at(moment, What::Operations(1, OperationFate::Fails)),
            until(20_000),
        ];
        let played = play(slow(Setup::calm(1)), script);
        assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
        assert_eq!(played.told(0), ["at-0-1"], "{}", played.trace());
        unread += usize::from(played.trace().contains("LoadFailed"));
    }
    assert!(unread > 0, "no moment hit the reading of what stands in the way");
}

#[test]
fn a_mark_that_cannot_be_written_spends_nothing_while_the_access_token_is_good() {
    // Two reads come first: the look, and the one under the lock.
    let script = [
        at(0, What::Hint(0)),
        at(10, What::Locks(1, crate::script::LockFate::Fails)),
        at(11, ask_with(0, Ask::Valid(15_000))),
        at(12, What::Operations(8, OperationFate::Fails)),
        until(5_000),
    ];
    let played = play(good_for(Setup::calm(1), 12_000), script);
    assert!(played.sent().is_empty(), "{}", played.trace());
    assert_eq!(played.told(0), ["at-0-0"]);
}

#[test]
fn without_a_mark_nothing_is_spent_for_somebody_whose_access_token_is_good() {
    // The look and the read under the lock succeed, and then the mark fails as often as it is tried.
    let script = [
        at(0, What::Hint(0)),
        at(100, ask_with(0, Ask::Valid(15_000))),
        at(108, What::Operations(8, OperationFate::Fails)),
        until(5_000),
    ];
    let setup =
        Setup { latency: Latency { storage: 10, ..Setup::calm(1).latency }, ..good_for(Setup::calm(1), 12_000) };
    let mut marks_failed = 0;
    for seed in 0..20 {
        let played = play_seed(seed, setup.clone(), script.clone());
        marks_failed += usize::from(played.trace().contains("pending") && played.sent().is_empty());
        assert!(played.sent().is_empty() || played.is_stored(0, 1), "{}", played.trace());
    }
    assert!(marks_failed > 0, "no seed made the mark fail");
}

#[test]
fn who_slept_over_its_mark_sends_nothing_under_it() {
    // Without a lock the other context waits until the mark is old, and sends the token itself.
    let setup = Setup { lock: LockReach::ThisRealm, ..Setup::calm(2) };
    let script = [
        at(0, What::Operations(3, OperationFate::Hangs(100))),
        at(1, ask(0)),
        at(250, What::Sleep(0, 45_000)),
        at(1_000, ask(1)),
        until(50_000),
    ];
    let played = play(setup, script);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert_eq!((played.told(0), played.told(1)), (vec!["at-0-1".to_owned()], vec!["at-0-1".to_owned()]));
}

#[test]
fn a_mark_that_cannot_be_written_stops_a_refresh_that_no_caller_needs() {
    let latency = Latency { storage: 40, ..Setup::calm(1).latency };
    let setup = Setup { lock: LockReach::ThisRealm, latency, ..good_for(Setup::calm(1), 30_000) };
    // The read under the lock is under way, so that the writes of the mark are what fails.
    let fails = at(211, What::Operations(12, OperationFate::Fails));
    let played = play(setup, [at(0, ask(0)), at(200, ask_with(0, Ask::Force)), fails, until(10_000)]);
    assert_eq!(played.told(0), ["at-0-0", "storage_failed"], "{}", played.trace());
    assert!(played.events(0).contains(&"storage-failed Save"), "{}", played.trace());
    assert!(played.sent().is_empty(), "{}", played.trace());
}

#[test]
fn a_reply_that_comes_after_its_time_is_kept_where_the_driver_did_not_give_it_up() {
    let setup = Setup { patient: true, ..Setup::calm(1) };
    let played = play(setup, [at(0, next_request(RequestFate::LateReply(20_000))), at(1, ask(0)), until(58_000)]);
    assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    assert!(played.is_stored(0, 1), "{}", played.trace());
}

#[test]
fn a_mark_that_was_stored_too_late_for_its_request_is_taken_back() {
    // No other context can know that nothing was sent: with one-time tokens an idle session would never be refreshed again.
    let setup = Setup { keep_alive: Some(120_000), ..Setup::calm(1) };
    let hangs = What::Operations(2, OperationFate::Hangs(20_000));
    let played = play(setup, [at(0, ask(0)), at(60_000, hangs), until(250_000)]);
    assert_eq!(played.events(0)[1..], ["refresh-failed timeout", "token-changed Refresh"], "{}", played.trace());
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-1"]);
}

#[test]
fn a_successor_that_came_beside_an_unusable_access_token_outlives_a_storage_that_fails() {
    let fails = at(30, What::Operations(3, OperationFate::Fails));
    let script = [at(0, next_request(RequestFate::UnknownType)), at(1, ask(0)), fails, until(20_000)];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!(played.told(0), ["bad_response"], "{}", played.trace());
    assert!(played.is_stored(0, 1), "{}", played.trace());
    assert_eq!(played.told_later(0), "at-0-2");
}

#[test]
fn what_a_failing_storage_still_shows_is_not_sent_again() {
    // The save fails; before it is tried again, a reading of the old record and a caller who insists.
    let script = [
        at(0, ask(0)),
        at(30, What::Operations(3, OperationFate::Fails)),
        at(1_300, What::Hint(0)),
        at(1_301, ask_with(0, Ask::Force)),
        at(1_400, What::Hint(0)),
        at(1_401, ask_with(0, Ask::Force)),
        until(20_000),
    ];
    let played = play(slow(Setup::calm(1)), script);
    assert_eq!(played.sent().iter().filter(|sent| *sent == "rt-0-0").count(), 1, "{}", played.trace());
    assert!(!played.told(0).iter().any(|told| told.contains('_')), "{}", played.trace());
}

#[test]
fn a_storage_that_cannot_be_read_costs_no_session() {
    let script = [at(0, What::Operations(1, OperationFate::Fails)), at(1, ask(0)), at(9_000, ask(0)), until(12_000)];
    let played = play(Setup::calm(1), script);
    assert_eq!(played.told(0), ["storage_failed", "at-0-1"]);
    assert_eq!(played.events(0)[0], "storage-failed Load");
}

#[test]
fn requests_that_bring_nothing_are_limited() {
    let mut script: Vec<_> = (0..60).map(|second| at(second * 1_000, ask_with(0, Ask::Rejected))).collect();
    script.insert(0, at(0, What::Requests(1_000, RequestFate::ErrorBefore(500))));
    let script: [crate::script::Step; 61] = script.try_into().unwrap_or_else(|_| panic!("61 steps"));
    let played = play(forgiving(Rotation::Static { echoes: true }, Reuse::Always), script);
    assert!(played.sent().len() <= 20, "{} requests", played.sent().len());
}

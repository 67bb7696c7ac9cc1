//! Logins, sign-outs, the end of a session, and clocks.

use crate::scenarios::{ask, ask_with, at, good_for, next_request, play, slow, until};
use crate::script::{Ask, OperationFate, RequestFate, What};
use crate::server::End;
use crate::setup::{Latency, Setup, Start};

const DAY: i64 = 86_400_000;

#[test]
fn sign_out_wins_over_a_refresh_in_flight() {
    let played = play(slow(Setup::calm(1)), [at(0, ask(0)), at(30, What::SignOut(0, false)), until(5_000)]);
    assert_eq!(played.told(0), ["signed_out", "done"]);
    assert_eq!((played.stored_refresh(), played.sent().len()), (None, 1));
    assert_eq!(played.told_later(0), "signed_out");
}

#[test]
fn of_two_sign_outs_at_once_one_is_announced() {
    for between in [ask(0), What::Login(0)] {
        let script = [
            at(0, What::Login(0)),
            at(5_000, What::SignOut(0, false)),
            at(5_001, between),
            at(5_002, What::SignOut(0, false)),
            until(10_000),
        ];
        let played = play(slow(Setup::calm(1)), script);
        assert_eq!(played.stored_refresh(), None);
        assert_eq!(played.trace().matches("TokenChanged(SignOut").count(), 1, "{}", played.trace());
    }
}

#[test]
fn sign_out_elsewhere_wins_over_a_refresh_in_flight() {
    let played = play(slow(Setup::calm(2)), [at(0, ask(0)), at(30, What::SignOut(1, false)), until(5_000)]);
    assert_eq!((played.told(0), played.told(1)), (vec!["signed_out".to_owned()], vec!["done".to_owned()]));
    assert_eq!(played.stored_refresh(), None);
}

#[test]
fn a_revoking_sign_out_also_revokes_what_a_racing_refresh_brought() {
    let setup = Setup { patient: true, ..Setup::calm(1) };
    let script = [
        at(0, next_request(RequestFate::LateReply(10))),
        at(1, ask(0)),
        at(5_000, What::SignOut(0, true)),
        until(40_000),
    ];
    let played = play(setup, script);
    assert_eq!(played.0.server.families[0].ended, Some(End::Client));
    assert!(played.trace().contains("Revoke rt-0-1"), "{}", played.trace());
}

#[test]
fn a_successor_that_a_sign_out_elsewhere_left_over_is_revoked() {
    let played = play(slow(Setup::calm(2)), [at(0, ask(0)), at(30, What::SignOut(1, false)), until(5_000)]);
    assert!(played.trace().contains("c0    Revoke rt-0-1"), "{}", played.trace());
}

#[test]
fn a_revoking_sign_out_before_anything_was_read_revokes_what_is_stored_or_was_to_be() {
    for start in [Start::Stored(1_000), Start::Options] {
        let played = play(Setup { start, ..Setup::calm(1) }, [at(0, What::SignOut(0, true)), until(1_000)]);
        assert!(played.trace().contains("Revoke rt-0-0"), "{}", played.trace());
        assert_eq!((played.stored_refresh(), played.sent_in_all().len()), (None, 0));
    }
    // what the storage holds is the session, and not what was handed in beside it
    let setup = Setup { start: Start::Options, ..Setup::calm(2) };
    let played = play(setup, [at(0, What::Login(1)), at(1_000, What::SignOut(0, true)), until(2_000)]);
    assert!(played.trace().contains("Revoke rt-1-0"), "{}", played.trace());
    assert!(!played.trace().contains("Revoke rt-0-0"), "{}", played.trace());
}

#[test]
fn a_revoking_sign_out_revokes_a_login_that_is_not_stored_yet() {
    let setup =
        Setup { start: Start::Empty, latency: Latency { storage: 400, ..Setup::calm(1).latency }, ..Setup::calm(1) };
    let played = play(setup, [at(0, What::Login(0)), at(1, What::SignOut(0, true)), until(5_000)]);
    assert!(played.trace().contains("Revoke rt-0-0"), "{}", played.trace());
    assert_eq!(played.stored_refresh(), None);
}

#[test]
fn a_login_wins_over_a_refresh_in_flight_here() {
    let played = play(slow(Setup::calm(1)), [at(0, ask(0)), at(30, What::Login(0)), until(5_000)]);
    assert_eq!((played.told(0), played.stored_access().as_deref()), (vec!["at-1-0".to_owned(); 2], Some("at-1-0")));
}

#[test]
fn a_login_wins_over_a_refresh_in_flight_elsewhere() {
    let played = play(slow(Setup::calm(2)), [at(0, ask(0)), at(30, What::Login(1)), until(5_000)]);
    assert_eq!((played.told(0), played.told(1)), (vec!["at-1-0".to_owned()], vec!["at-1-0".to_owned()]));
    assert_eq!(played.stored_refresh().as_deref(), Some("rt-1-0"));
}

#[test]
fn a_login_after_a_sign_out_is_not_mistaken_for_the_session_before() {
    let setup = Setup { rotation: crate::server::Rotation::Static { echoes: true }, ..slow(Setup::calm(3)) };
    let script = [at(0, ask(2)), at(30, What::SignOut(0, false)), at(60, What::Login(1)), until(5_000)];
    let played = play(setup, script);
    assert_eq!(played.stored_refresh().as_deref(), Some("rt-1-0"), "{}", played.trace());
}

#[test]
fn nothing_is_sent_after_a_sign_out() {
    let script =
        [at(0, ask(0)), at(5_000, What::SignOut(0, false)), at(6_000, ask(0)), at(7_000, ask(1)), until(9_000)];
    let played = play(Setup::calm(2), script);
    assert_eq!(
        (played.told(0), played.told(1)),
        (vec!["at-0-1".to_owned(), "done".to_owned(), "signed_out".to_owned()], vec!["signed_out".to_owned()])
    );
    assert_eq!(played.sent_in_all().len(), 1);
}

#[test]
fn a_sign_out_before_anything_was_read_still_forgets() {
    let played = play(Setup::calm(1), [at(0, What::SignOut(0, true)), until(1_000)]);
    assert_eq!((played.told(0), played.stored_refresh()), (vec!["done".to_owned()], None));
    assert_eq!(played.0.server.families[0].ended, Some(End::Client));
}

#[test]
fn without_a_session_callers_learn_that() {
    let played = play(Setup { start: Start::Empty, ..Setup::calm(1) }, [at(0, ask(0)), until(1_000)]);
    assert_eq!((played.told(0), played.sent().len()), (vec!["signed_out".to_owned()], 0));
}

#[test]
fn the_tokens_of_the_options_fill_an_empty_storage() {
    let played = play(Setup { start: Start::Options, ..Setup::calm(1) }, [at(0, ask(0)), until(1_000)]);
    assert_eq!((played.told(0), played.stored_refresh().as_deref()), (vec!["at-0-1".to_owned()], Some("rt-0-1")));
}

#[test]
fn the_tokens_of_the_options_do_not_come_back_after_a_sign_out() {
    let script = [
        at(0, What::Login(1)),
        at(1_000, ask(0)),
        at(2_000, What::SignOut(1, false)),
        at(3_000, ask(0)),
        at(4_000, What::Resume(0)),
        until(9_000),
    ];
    let played = play(Setup { start: Start::Options, ..Setup::calm(2) }, script);
    assert_eq!(played.told(0), ["at-1-0", "signed_out"], "{}", played.trace());
    assert_eq!((played.stored_refresh(), played.sent_in_all().len()), (None, 0), "{}", played.trace());
}

#[test]
fn tokens_set_during_the_first_read_are_not_overwritten_by_it() {
    let played = play(Setup::calm(1), [at(0, ask(0)), at(0, What::Login(0)), until(1_000)]);
    assert_eq!((played.told(0), played.stored_refresh().as_deref()), (vec!["at-1-0".to_owned(); 2], Some("rt-1-0")));
}

#[test]
fn a_refused_refresh_token_ends_the_session_everywhere_once() {
    let script = [at(0, What::AdministratorRevokes), at(1, ask(0)), at(5_000, ask(1)), until(9_000)];
    let played = play(Setup::calm(2), script);
    assert_eq!(played.told(0), ["session_ended"]);
    assert_eq!((played.sent().len(), played.stored_refresh()), (1, None));
    let ends = played.events(0).iter().filter(|event| event.starts_with("session-ended")).count();
    assert_eq!(ends, 1, "{}", played.trace());
}

#[test]
fn a_valid_access_token_outlives_its_refused_refresh_token() {
    let script =
        [at(0, What::AdministratorRevokes), at(1, ask(0)), at(2_000, ask(0)), at(9_000, ask(0)), until(10_000)];
    let played = play(good_for(Setup::calm(1), 8_000), script);
    assert_eq!(played.told(0), ["at-0-0", "at-0-0", "session_ended"], "{}", played.trace());
    assert_eq!((played.sent_in_all().len(), played.stored_refresh()), (1, None));
    let ends = played.events(0).iter().filter(|event| event.starts_with("session-ended")).count();
    assert_eq!(ends, 1, "{}", played.trace());
}

#[test]
fn an_access_token_that_is_over_does_not_come_back_when_the_clock_is_set_back() {
    let script = [
        at(0, What::AdministratorRevokes),
        at(1, ask(0)),
        at(9_000, ask(0)),
        at(9_100, What::Clock(0, -30_000)),
        at(9_200, ask(0)),
        until(10_000),
    ];
    let played = play(good_for(Setup::calm(1), 8_000), script);
    assert_eq!(played.told(0), ["at-0-0", "session_ended", "session_ended"], "{}", played.trace());
}

#[test]
fn a_login_that_was_stored_although_the_storage_said_otherwise_is_not_written_over_what_became_of_it() {
    let script = [
        at(0, ask(0)),
        // One of them is the other context's, who looks.
        at(2_000, What::Operations(4, OperationFate::LandsAndFails)),
        at(2_001, What::Login(0)),
        at(2_700, What::Resume(1)),
        at(2_750, ask_with(1, Ask::Force)),
        until(90_000),
    ];
    let played = play(Setup { lifetime: 600_000, start: Start::Stored(601_000), ..Setup::calm(2) }, script);
    assert_eq!(played.told(1), ["at-1-1"], "{}", played.trace());
    assert_eq!(played.stored_refresh().as_deref(), Some("rt-1-1"), "{}", played.trace());
}

#[test]
fn a_login_that_the_storage_did_not_take_is_not_written_over_a_later_one() {
    let script = [
        at(0, ask(0)),
        at(2_000, What::Operations(3, OperationFate::Fails)),
        at(2_001, What::Login(0)),
        at(2_900, What::Login(1)),
        until(90_000),
    ];
    let played = play(Setup { lifetime: 600_000, start: Start::Stored(601_000), ..Setup::calm(2) }, script);
    assert_eq!(played.stored_access().as_deref(), Some("at-2-0"), "{}", played.trace());
    assert_eq!(played.told_later(0), "at-2-0", "{}", played.trace());
}

#[test]
fn a_sign_out_that_the_storage_did_not_take_forgets_no_later_login() {
    let script = [
        at(0, ask(0)),
        at(2_000, What::Operations(3, OperationFate::Fails)),
        at(2_001, What::SignOut(0, false)),
        at(2_900, What::Login(1)),
        until(90_000),
    ];
    let played = play(Setup { lifetime: 600_000, start: Start::Stored(601_000), ..Setup::calm(2) }, script);
    assert_eq!(played.stored_access().as_deref(), Some("at-1-0"), "{}", played.trace());
    assert_eq!(played.told_later(0), "at-1-0", "{}", played.trace());
}

#[test]
fn invalid_grant_with_a_newer_token_in_the_store_adopts_it() {
    let script = [at(0, What::AdministratorRevokes), at(1, ask(0)), at(30, What::Login(1)), until(5_000)];
    let played = play(slow(Setup::calm(2)), script);
    assert_eq!((played.told(0), played.told(1)), (vec!["at-1-0".to_owned()], vec!["at-1-0".to_owned()]));
    assert!(!played.events(0).iter().any(|event| event.starts_with("session-ended")), "{}", played.trace());
}

#[test]
fn a_clock_that_is_a_day_wrong_from_the_start_costs_one_refresh() {
    for skew in [DAY, -DAY] {
        let setup = Setup { devices: vec![1], skew, ..good_for(Setup::calm(1), 30_000) };
        let played = play(setup, [at(0, ask(0)), at(10_000, ask(0)), at(20_000, ask(0)), until(21_000)]);
        assert_eq!((played.sent().len(), played.told(0)), (1, vec!["at-0-1".to_owned(); 3]), "{}", played.trace());
    }
}

#[test]
fn a_clock_that_is_set_costs_one_refresh() {
    for by in [DAY, -DAY] {
        let script = [at(0, ask(0)), at(1_000, What::Clock(0, by)), at(2_000, ask(0)), at(9_000, ask(0)), until(9_500)];
        let played = play(good_for(Setup::calm(1), 30_000), script);
        assert_eq!(played.sent().len(), 1, "{}", played.trace());
        assert_eq!(played.told(0).last().map(String::as_str), Some("at-0-1"), "{}", played.trace());
    }
}

#[test]
fn a_clock_that_was_set_back_by_less_than_a_minute_is_noticed_too() {
    // Its own reading cannot tell: a token that is 30 s old seems to come from 20 s ahead, as another device's may.
    for by in [-50_000, -10_000] {
        let script = [at(0, ask(0)), at(1_000, What::Clock(0, by)), at(2_000, ask(0)), until(3_000)];
        let played = play(good_for(Setup::calm(1), 30_000), script);
        assert_eq!(played.told(0), ["at-0-0", "at-0-1"], "{}", played.trace());
        assert_eq!(played.sent(), ["rt-0-0"], "{}", played.trace());
    }
}

#[test]
fn a_reply_is_kept_that_comes_after_the_clock_was_set_past_its_time() {
    let script = [at(0, ask(0)), at(20, What::Clock(0, DAY)), at(30, What::Hint(0)), until(5_000)];
    let played = play(slow(Setup::calm(1)), script);
    // By the clock that was set the token that came has expired: it is refreshed once more, and only once.
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-1"], "{}", played.trace());
    assert_eq!(played.told(0), ["at-0-2"]);
}

#[test]
fn a_caller_is_answered_in_time_although_the_clock_is_set_back() {
    let script = [
        at(0, What::Locks(1, crate::script::LockFate::NeverGranted)),
        at(1, What::Demand(0, Ask::Plain, 20_000)),
        at(2_000, What::Clock(0, -DAY)),
        at(2_100, What::Hint(0)),
        until(59_000),
    ];
    let played = play(Setup::calm(1), script);
    assert!(played.waited(0, 0) <= 22_200, "{}", played.trace());
}

#[test]
fn an_idle_session_is_kept_alive() {
    let setup = Setup { keep_alive: Some(120_000), ..Setup::calm(1) };
    let played = play(setup, [at(0, ask(0)), until(400_000)]);
    assert_eq!(played.sent(), ["rt-0-0", "rt-0-1", "rt-0-2", "rt-0-3"]);
}

#[test]
fn somebody_who_may_be_looking_is_refreshed_for_ahead_of_need() {
    let played =
        play(good_for(Setup::calm(1), 30_000), [at(0, What::Watch(0, true)), at(29_000, ask(0)), until(29_500)]);
    assert_eq!((played.sent().len(), played.told(0)), (1, vec!["at-0-1".to_owned()]));
}

#[test]
fn a_token_is_not_refreshed_in_the_first_half_of_its_life() {
    let setup = Setup { lifetime: 20_000, ..Setup::calm(1) };
    let played = play(good_for(setup, 20_000), [at(0, What::Watch(0, true)), until(10_000)]);
    assert!(played.sent().is_empty(), "{}", played.trace());
}

#[test]
fn five_windows_that_become_visible_together_send_one_request() {
    let script = [0, 1, 2, 3, 4].map(|context| at(0, What::Watch(context, true)));
    let played = play(slow(Setup::calm(5)), script);
    assert_eq!(played.sent_in_all()[0], "rt-0-0");
    assert!(played.sent_in_all().iter().filter(|sent| *sent == "rt-0-0").count() == 1, "{}", played.trace());
}

#[test]
fn a_lifetime_nobody_told_is_trusted_until_a_resource_server_refuses() {
    let setup = Setup { says_lifetime: false, ..good_for(Setup::calm(1), 30_000) };
    let day = 86_400_000;
    let script =
        [at(0, What::Watch(0, true)), at(day, ask(0)), at(day + 1, ask_with(0, Ask::Rejected)), until(day + 900)];
    let played = play(setup, script);
    assert_eq!((played.told(0), played.sent().len()), (vec!["at-0-0".to_owned(), "at-0-1".to_owned()], 1));
}

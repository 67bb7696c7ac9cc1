//! The corpus of tests/traces, which a page cannot read by itself. That none is missing is a test on the host.

macro_rules! traces {
    ($($name:literal)*) => {
        pub const TRACES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../traces/", $name, ".trace")))),*];
    };
}

traces! {
    "adopts_an_older_generation"
    "answers_a_caller_twice"
    "asks_for_a_nonce_for_ever"
    "believes_a_probe_of_tomorrow"
    "believes_a_replica_although_its_own_write_came_since"
    "clears_the_mark_although_the_outcome_is_unknown"
    "clears_unconditionally"
    "counts_generations_from_one_after_a_sign_out"
    "counts_the_expiry_from_the_reply"
    "refreshes_in_the_background_without_the_lock"
    "drops_the_refresh_token_beside_an_unknown_type"
    "drops_the_refresh_token_that_the_reply_leaves_out"
    "drops_the_tokens_on_a_5xx"
    "drops_what_is_unsaved_for_a_replica"
    "ends_the_session_on_invalid_client"
    "forgets_a_hint_that_came_in_between"
    "forgets_an_earlier_doubt"
    "forgets_the_pending_mark"
    "forgets_what_is_unsaved"
    "holds_the_lock_over_a_rest"
    "ignores_hints"
    "ignores_the_end_of_a_grace_window"
    "leaves_a_mark_that_came_too_late"
    "leaves_the_mark_although_nothing_was_sent"
    "lets_a_refresh_win_over_a_login_here"
    "lets_a_refresh_win_over_a_sign_out_elsewhere"
    "lets_a_refresh_win_over_a_sign_out_here"
    "lets_the_grace_window_begin_again"
    "takes_a_replica_for_the_winner"
    "sends_what_landed_although_its_write_failed"
}

//! When: how early a token is refreshed, how long to wait after a failure, and whether a refresh token may be
//! sent a second time. Retry follows the table of outcomes in `machine`; `Reuse` is what RFC 9700 section 4.14.2
//! leaves to each server.

use super::json::{whole, Value};
use super::provider::seconds;
use super::record::Pending;
use super::time::{Duration, UnixTime};

/// May a refresh token be sent again when the reply to it was lost?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// One-time use, no grace.
    #[default]
    Never,
    /// It does not rotate, or old ones stay valid.
    Always,
    /// The old one works until the new one is first used.
    UntilSuccessorUsed,
    /// The old one works for this long after its first use.
    Grace(Duration),
}

/// The numbers a machine decides with.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long before its end an access token is refreshed in the background.
    pub refresh_ahead: Duration,
    /// Refresh at least this often.
    pub keep_alive: Option<Duration>,
    /// May a refresh token be sent again?
    pub reuse: Reuse,
    /// How long one token request may take.
    pub timeout: Duration,
    /// How often a request is repeated while callers wait.
    pub retries: u32,
}

/// Longest `Retry-After` that a caller waits for; beyond it the caller gets the error and the time.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A server that asks for more patience than this is asked again all the same.
pub const LONGEST_PATIENCE: Duration = Duration::from_secs(3600);
/// A reply that is late by this much, after the request's own timeout, is not coming.
pub const MARGIN: Duration = Duration::from_secs(5);
/// What a refresh may take beside its requests: waiting for a storage, saving, and the work of the options' own functions.
const BESIDE_REQUESTS: Duration = Duration::from_secs(60);
/// What a caller waits for beside two requests, unless it says otherwise.
const BESIDE_WAIT: Duration = Duration::from_secs(10);
/// A context that is woken later than this did not run meanwhile: it was suspended, frozen, or its event loop was blocked.
pub const STALL: Duration = Duration::from_secs(1);
/// After a stall, what is ready is read for this long before it counts as late.
pub const AFTER_STALL: Duration = Duration::from_secs(2);
/// Pause between requests while a caller waits and the server is out of reach, and its longest jitter. So a caller is served soon
/// after an outage of any length, and the limit of requests per minute is not reached.
const CALLER_PAUSE: Duration = Duration::from_millis(3_000);
const CALLER_JITTER: Duration = Duration::from_millis(700);
/// Pause between requests that no caller waits for, however short the access token lives.
pub const BACKGROUND_PAUSE: Duration = Duration::from_secs(5);
/// Token requests in one minute that did not bring new tokens, or that a resource server's refusals asked for.
pub const REQUESTS_PER_MINUTE: usize = 20;

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Policy {
    /// From the options; members that are not there have their default.
    pub fn from_options(options: &Value) -> Self {
        let retries = whole(options.member("retries").word()).and_then(|retries| u32::try_from(retries).ok());
        Self {
            refresh_ahead: seconds(options, "refreshAheadSeconds").unwrap_or(Duration::from_secs(60)),
            keep_alive: seconds(options, "keepAliveSeconds").filter(|every| *every > Duration::ZERO),
            reuse: Reuse::from_option(options.member("reuse")),
            timeout: seconds(options, "timeoutSeconds").unwrap_or(Duration::from_secs(30)),
            retries: retries.unwrap_or(3),
        }
    }

    /// How long a lease on the lock is. It outlives everything that one refresh may do while it holds the lock: a request, the
    /// same request again (a DPoP nonce, a new secret), the marks and writes around them. So the lease of a living holder
    /// does not end: 2 x `timeoutSeconds` + 60 s.
    pub fn lease(&self) -> Duration {
        self.timeout.times(2) + BESIDE_REQUESTS
    }

    /// How long a caller waits that named no `timeoutSeconds` of its own: the request that is in flight, perhaps another
    /// context's, then one of its own, and the storage beside them: 2 x `timeoutSeconds` + 10 s.
    pub fn patience(&self) -> Duration {
        self.timeout.times(2) + BESIDE_WAIT
    }

    /// How long a lock is waited for: its holder may be in a request, and then saves.
    pub fn lock_wait(&self) -> Duration {
        self.timeout + MARGIN
    }

    /// How long before its end a token of that lifetime is refreshed in the background: never more than a quarter of it.
    pub fn ahead(&self, lifetime: Duration) -> Duration {
        self.refresh_ahead.min(lifetime.part(4))
    }

    /// Whether a refresh token that was perhaps spent may be sent again at `now`.
    pub fn may_send_again(&self, pending: &Pending, now: UnixTime) -> bool {
        match self.reuse {
            Reuse::Never => false,
            Reuse::Always | Reuse::UntilSuccessorUsed => true,
            // The window began at the server, a little after the request was sent; a tenth is left for the way there.
            Reuse::Grace(window) => {
                now >= pending.started_at && now.since(pending.started_at) < window.times(9).part(10)
            }
        }
    }

    /// Whether a refresh token may be sent where contexts share a storage and nothing else, as the isolates of Workers do: a lock
    /// that all of them respect, or a storage that compares, prevents a second use, or `reuse` forgives one.
    pub fn may_spend(&self, locks_all_contexts: bool, compares: bool) -> bool {
        locks_all_contexts || compares || self.forgives_second_use()
    }

    /// Whether a refresh token that two contexts send costs no session.
    pub fn forgives_second_use(&self) -> bool {
        self.reuse != Reuse::Never
    }
}

impl Reuse {
    fn from_option(reuse: &Value) -> Self {
        if let Some(window) = seconds(reuse, "graceSeconds") {
            return Self::Grace(window);
        }
        match reuse.text() {
            "always" => Self::Always,
            "until-successor-used" => Self::UntilSuccessorUsed,
            _ => Self::Never,
        }
    }
}

/// Full jitter: anything from a sliver to the doubled span of the last failure.
pub fn backoff(failures: u32, random: &mut Random) -> Duration {
    let span = FIRST_BACKOFF.times(1 << failures.min(10)).min(LONGEST_BACKOFF);
    Duration::from_millis(50) + random.below(span)
}

/// The pause before a request that a caller waits for, after failures.
pub fn caller_pause(random: &mut Random) -> Duration {
    CALLER_PAUSE + random.below(CALLER_JITTER)
}

/// Pseudo-random numbers from the driver's seed, for jitter and names; not unpredictable. The core itself has no randomness.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64: one add, two multiplications, no state but a counter.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A span shorter than that one.
    pub fn below(&mut self, span: Duration) -> Duration {
        Duration::from_millis(self.draw().checked_rem(span.as_millis()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::Json;
    use alloc::string::String;

    fn pending(started_at: u64) -> Pending {
        Pending {
            attempt: String::new(),
            started_at: UnixTime::from_millis(started_at),
            fingerprint: String::new(),
            probed_at: None,
        }
    }

    #[test]
    fn a_grace_window_closes_before_the_server_closes_it() {
        let policy = Policy::from_options(&Value::from_json(Json::parse(r#"{"reuse":{"graceSeconds":30}}"#).unwrap()));
        let sent = pending(1000);
        assert!(policy.may_send_again(&sent, UnixTime::from_millis(27_999)));
        assert!(!policy.may_send_again(&sent, UnixTime::from_millis(28_000)));
        assert!(
            !policy.may_send_again(&sent, UnixTime::from_millis(500)),
            "the clock was set back: the window cannot be known"
        );
    }

    #[test]
    fn a_lease_and_a_callers_patience_follow_the_timeout() {
        let policy = Policy::from_options(&Value::from_json(Json::parse(r#"{"timeoutSeconds":7.5}"#).unwrap()));
        assert_eq!(policy.lease(), Duration::from_secs(75));
        assert_eq!(policy.patience(), Duration::from_secs(25));
        let policy = Policy::from_options(&Value::from_json(Json::parse("{}").unwrap()));
        assert_eq!((policy.lease(), policy.patience()), (Duration::from_secs(120), Duration::from_secs(70)));
        assert!(policy.lease() > policy.lock_wait(), "a waiter gives up before the lease of a living holder ends");
    }

    #[test]
    fn a_one_time_token_is_not_spent_where_neither_a_lock_nor_a_comparison_prevents_a_second_use() {
        let policy = |reuse: &str| Policy::from_options(&Value::from_json(Json::parse(reuse).unwrap()));
        assert!(!policy("{}").may_spend(false, false));
        assert!(policy("{}").may_spend(true, false));
        assert!(policy("{}").may_spend(false, true));
        for reuse in [r#"{"reuse":"always"}"#, r#"{"reuse":"until-successor-used"}"#, r#"{"reuse":{"graceSeconds":5}}"#]
        {
            assert!(policy(reuse).may_spend(false, false), "{reuse}");
        }
    }

    #[test]
    fn a_token_is_never_refreshed_in_the_first_three_quarters_of_its_life() {
        let policy = Policy::from_options(&Value::from_json(Json::parse("{}").unwrap()));
        assert_eq!(policy.ahead(Duration::from_secs(20)), Duration::from_secs(5));
        assert_eq!(policy.ahead(Duration::from_secs(3600)), Duration::from_secs(60));
    }

    #[test]
    fn backoff_is_jittered_and_bounded() {
        let mut random = Random::new(1);
        for failures in [0, 5, 40, u32::MAX] {
            for _ in 0..100 {
                assert!(backoff(failures, &mut random) <= LONGEST_BACKOFF + Duration::from_millis(50));
            }
        }
        assert_ne!(backoff(5, &mut random), backoff(5, &mut random));
    }

    #[test]
    fn backoff_doubles_with_each_failure() {
        let mut random = Random::new(1);
        let mut mean =
            |failures| (0..1000).map(|_| backoff(failures, &mut random).as_millis()).sum::<u64>() / 1000 - 50;
        let means: alloc::vec::Vec<u64> = (0..7).map(&mut mean).collect();
        assert!(means.windows(2).all(|pair| (170..230).contains(&(pair[1] * 100 / pair[0]))), "{means:?}");
    }
}

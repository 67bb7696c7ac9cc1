//! Times and limits: how early a token is refreshed, how long the backoff is, and whether a refresh token may be sent a second time.
//! Retries follow the table of outcomes in `machine`. `Reuse` is the part that RFC 9700 section 4.14.2 leaves to each server.

use super::json::{whole, Value};
use super::provider::seconds;
use super::record::Pending;
use super::time::{Duration, UnixTime};

/// Whether a refresh token may be sent again after its reply was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// One-time use, without a grace period.
    #[default]
    Never,
    /// No rotation, or old refresh tokens stay valid.
    Always,
    /// The old refresh token works until the new one is first used.
    UntilSuccessorUsed,
    /// The old refresh token works for this grace period after its first use.
    Grace(Duration),
}

/// The times and limits of a machine.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long before its expiry an access token is refreshed in the background.
    pub refresh_ahead: Duration,
    /// Refresh at least this often.
    pub keep_alive: Option<Duration>,
    /// Whether a refresh token may be sent again.
    pub reuse: Reuse,
    /// Timeout of one token request.
    pub timeout: Duration,
    /// Maximum number of retries while callers wait.
    pub retries: u32,
}

/// Longest `Retry-After` that a caller waits for. With a longer one the caller gets the error and the time.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Longest `Retry-After` that is respected.
pub const LONGEST_PATIENCE: Duration = Duration::from_secs(3600);
/// Time after the driver's own timeout at which the machine gives a request up.
pub const MARGIN: Duration = Duration::from_secs(5);
/// Time of a refresh beside its requests: reads and writes of the storage, and functions of the options.
const BESIDE_REQUESTS: Duration = Duration::from_secs(60);
/// Time that a caller waits beside two requests, by default.
const BESIDE_WAIT: Duration = Duration::from_secs(10);
/// A context that is woken later than this did not run meanwhile: it was suspended or frozen, or its event loop was blocked.
pub const STALL: Duration = Duration::from_secs(1);
/// Time after a stall in which completions that are ready do not count as late.
pub const AFTER_STALL: Duration = Duration::from_secs(2);
/// Pause between requests while a caller waits during an outage, and its longest jitter. A caller is served soon after an outage of any
/// length, and the limit of requests per minute is not reached.
const CALLER_PAUSE: Duration = Duration::from_millis(3_000);
const CALLER_JITTER: Duration = Duration::from_millis(700);
/// Minimum pause between requests without a caller, however short the lifetime of access tokens.
pub const BACKGROUND_PAUSE: Duration = Duration::from_secs(5);
/// Maximum number of token requests in one minute that brought no new tokens, or that a resource server's refusal caused.
pub const REQUESTS_PER_MINUTE: usize = 20;

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Policy {
    /// From the options. Absent members have their default.
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

    /// Length of a lease: 2 x `timeoutSeconds` + 60 s. It is longer than a refresh can hold the lock: a request, the same request
    /// again (a DPoP nonce, a new secret), and the reads and writes around them. So a lock holder that runs does not lose its lease.
    pub fn lease(&self) -> Duration {
        self.timeout.times(2) + BESIDE_REQUESTS
    }

    /// How long a caller without its own `timeoutSeconds` waits: 2 x `timeoutSeconds` + 10 s. This is enough for the in-flight request of
    /// another context, then an own request, and the storage.
    pub fn patience(&self) -> Duration {
        self.timeout.times(2) + BESIDE_WAIT
    }

    /// How long to wait for the lock: its holder may be in a request, and saves after it.
    pub fn lock_wait(&self) -> Duration {
        self.timeout + MARGIN
    }

    /// How long before its expiry a token of that lifetime is refreshed in the background: at most a quarter of the lifetime.
    pub fn ahead(&self, lifetime: Duration) -> Duration {
        self.refresh_ahead.min(lifetime.part(4))
    }

    /// Whether a refresh token with an unknown outcome may be sent again at `now`.
    pub fn may_send_again(&self, pending: &Pending, now: UnixTime) -> bool {
        match self.reuse {
            Reuse::Never => false,
            Reuse::Always | Reuse::UntilSuccessorUsed => true,
            // The server's grace period began after the request was sent. A tenth is left for the time to the server.
            Reuse::Grace(window) => {
                now >= pending.started_at && now.since(pending.started_at) < window.times(9).part(10)
            }
        }
    }

    /// Whether a refresh token may be sent by contexts that share only a storage (isolates of Workers). A second use must be prevented by
    /// a lock of all contexts or by compare-and-swap, or be allowed by `reuse`.
    pub fn may_spend(&self, locks_all_contexts: bool, compares: bool) -> bool {
        locks_all_contexts || compares || self.forgives_second_use()
    }

    /// Whether the session survives a refresh token that two contexts send.
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

/// Backoff with full jitter: 50 ms, plus a random part of 0.5 s x 2^failures, 60 s at most.
pub fn backoff(failures: u32, random: &mut Random) -> Duration {
    let span = FIRST_BACKOFF.times(1 << failures.min(10)).min(LONGEST_BACKOFF);
    Duration::from_millis(50) + random.below(span)
}

/// The pause before a request that a caller waits for, during an outage.
pub fn caller_pause(random: &mut Random) -> Duration {
    CALLER_PAUSE + random.below(CALLER_JITTER)
}

/// Pseudo-random numbers from the driver's seed, for jitter and names. They are predictable.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64, whose only state is a counter.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random duration shorter than `span`.
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

//! How often a server is asked, in virtual time: after an outage, and for access tokens that live for milliseconds.

use std::collections::BTreeMap;

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Demand, Effect, Input, Machine, Reach, Sent};
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::record::Stored;
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};

const START: u64 = 1_700_000_000_000;

/// One context and a server, each step as late as the machine asked for.
struct Place {
    machine: Machine,
    now: u64,
    stored: Stored,
    inputs: BTreeMap<(u64, u32), Input>,
    last: u32,
    /// When requests were sent.
    requests: Vec<u64>,
    /// When callers got tokens, and when they got errors.
    granted: Vec<u64>,
    refused: Vec<u64>,
    answers: fn(u64) -> (u16, String),
}

impl Place {
    fn new(seed: u64, options: &str, answers: fn(u64) -> (u16, String)) -> Self {
        let options = Json::parse(options).expect("options are JSON");
        let stored = r#"{"format":1,"generation":1,"obtained_at":1600000000,"tokens":{"access_token":"a","refresh_token":"r","expires_in":3600}}"#;
        Self {
            machine: Machine::new(options, seed),
            now: START,
            stored: Stored::from_json(stored),
            inputs: BTreeMap::new(),
            last: 0,
            requests: Vec::new(),
            granted: Vec::new(),
            refused: Vec::new(),
            answers,
        }
    }

    fn plan(&mut self, after: u64, input: Input) {
        self.last += 1;
        self.inputs.insert((self.now + after, self.last), input);
    }

    fn ask(&mut self, after: u64) {
        let deadline = UnixTime::from_millis(self.now + after) + Duration::from_secs(70);
        self.plan(after, Input::Demanded(self.last, Demand { deadline, ..Demand::default() }));
    }

    /// Runs to that time, while `goes_on`.
    fn run(&mut self, until: u64, goes_on: impl Fn(&Self) -> bool) {
        while goes_on(self) {
            let due = self.machine.deadline().map(|at| at.as_millis().max(self.now));
            let next = self.inputs.keys().next().copied().filter(|(at, _)| due.is_none_or(|due| *at <= due));
            let (at, input) = match (next, due) {
                (Some(key), _) => (key.0, self.inputs.remove(&key).unwrap_or(Input::Woke)),
                (None, Some(due)) => (due, Input::Woke),
                (None, None) => return,
            };
            if at > until {
                return;
            }
            self.now = at;
            for effect in self.machine.step(UnixTime::from_millis(at), input) {
                self.perform(effect);
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Load(id) => self.plan(1, Input::Loaded(id, self.stored.clone())),
            Effect::Save(id, record, _) => {
                self.stored = record.map_or(Stored::Nothing, Stored::Record);
                self.plan(1, Input::Saved(id));
            }
            Effect::Lock(id) => self.plan(1, Input::Locked(id, Reach::AllContexts)),
            Effect::Send(id) => {
                self.requests.push(self.now);
                let (status, body) = (self.answers)(self.now);
                if status == 0 {
                    return self.plan(20, Input::Unreachable(id, Sent::Perhaps));
                }
                self.plan(20, Input::Replied(id, Reply { status, body: Some(Secret::new(body)), ..Reply::default() }));
            }
            Effect::Grant(_) => self.granted.push(self.now),
            Effect::Refuse(..) => {
                self.refused.push(self.now);
                self.ask(100);
            }
            Effect::Unlock(_) | Effect::Hold(_) | Effect::Done(_) | Effect::Notify(_) | Effect::Revoke(_) => {}
        }
    }

    fn most_in_a_minute(&self) -> usize {
        let minute = |first: &u64| self.requests.iter().filter(|at| (*first..*first + 60_000).contains(at)).count();
        self.requests.iter().map(minute).max().unwrap_or(0)
    }
}

fn tokens(lifetime: &str) -> (u16, String) {
    let members = r#""access_token":"b","refresh_token":"s","token_type":"Bearer""#;
    (200, format!(r#"{{{members},"expires_in":{lifetime}}}"#))
}

/// A server that is down for that many seconds with that status, and then answers.
macro_rules! outages {
    ($status:literal) => {
        [
            (15, |now| if now < START + 15_000 { ($status, String::new()) } else { tokens("3600") }),
            (50, |now| if now < START + 50_000 { ($status, String::new()) } else { tokens("3600") }),
            (317, |now| if now < START + 317_000 { ($status, String::new()) } else { tokens("3600") }),
            (341, |now| if now < START + 341_000 { ($status, String::new()) } else { tokens("3600") }),
            (3648, |now| if now < START + 3_648_000 { ($status, String::new()) } else { tokens("3600") }),
        ] as [(u64, fn(u64) -> (u16, String)); 5]
    };
}

/// 429 leaves the refresh token unspent. After a 503 and without a reply (0), as in a page without a network, that is unknown: at a server
/// that forgives no second use it is sent again all the same, because the alternative is a login.
#[test]
fn a_waiting_caller_is_served_soon_after_an_outage_of_any_length() {
    for (status, outages) in [(429, &outages!(429)[..]), (503, &outages!(503)[..4]), (0, &outages!(0)[..4])] {
        for &(seconds, answers) in outages {
            let mut waits: Vec<u64> = (1..=41)
                .map(|seed| {
                    let mut place = Place::new(seed, r#"{"client_id":"app"}"#, answers);
                    place.ask(0);
                    place.run(START + 4_000_000, |place| place.granted.is_empty());
                    assert!(place.most_in_a_minute() <= 21, "{}", place.most_in_a_minute());
                    place.granted[0] - (START + seconds * 1_000)
                })
                .collect();
            waits.sort_unstable();
            println!("outage of {seconds} s ({status}): median {} ms, longest {} ms", waits[20], waits[40]);
            assert!(waits[20] < 2_000 && waits[40] < 7_000, "after {seconds} s of {status}: {waits:?}");
        }
    }
}

#[test]
fn without_a_caller_a_token_of_any_lifetime_costs_a_request_every_five_seconds_at_most() {
    for answers in [
        (|_| tokens("0.001")) as fn(u64) -> _,
        |_| tokens("0.05"),
        |_| tokens("0.5"),
        |_| tokens("1"),
        |_| tokens("4"),
        |_| tokens("10"),
    ] {
        let mut place = Place::new(7, r#"{"client_id":"app"}"#, answers);
        place.plan(0, Input::Watching(true));
        place.run(START + 300_000, |_| true);
        let most = place.most_in_a_minute();
        println!("{most} requests in a minute, {} tries in five", place.requests.len());
        assert!(place.requests.len() > 20 && most <= 12, "{most}");
    }
}

//! Short histories by hand, each with exactly one thing to show. They run in the same world as the random ones, under
//! the same invariants.

use oauth_refresher::core::record::Record;

use crate::context::{Answer, Waiting};
use crate::queue::Moment;
use crate::script::{Ask, History, RequestFate, Step, What};
use crate::server::{name, Token};
use crate::setup::{Latency, Setup};
use crate::storage::{access_token, refresh_token};
use crate::world::World;

pub const LONG: Moment = 60_000;

/// A history that has run. What it says is of the script, and not of the questions after it.
pub struct Played(pub World);

pub fn at(at: Moment, what: What) -> Step {
    Step { at, what }
}

pub fn ask(context: usize) -> What {
    What::Demand(context, Ask::Plain, LONG)
}

pub fn ask_with(context: usize, ask: Ask) -> What {
    What::Demand(context, ask, LONG)
}

/// Nothing more happens until then.
pub fn until(moment: Moment) -> Step {
    at(moment, What::Nothing)
}

pub fn next_request(fate: RequestFate) -> What {
    What::Requests(1, fate)
}

/// Replies take about this long.
pub fn slow(setup: Setup) -> Setup {
    Setup { latency: Latency { network: 1_000, ..setup.latency }, ..setup }
}

pub fn play<const N: usize>(setup: Setup, script: [Step; N]) -> Played {
    play_seed(7, setup, script)
}

/// With other dice for what takes how long.
pub fn play_seed<const N: usize>(seed: u64, setup: Setup, script: [Step; N]) -> Played {
    let world = World::new(History { seed, setup, script: script.to_vec() }, true).run();
    let played = Played(world);
    assert!(played.0.broken.is_none(), "{}\n{:?}", played.trace(), played.0.broken);
    played
}

/// A session whose access token is good for that long yet, of a minute's life.
pub fn good_for(setup: Setup, left: Moment) -> Setup {
    Setup { start: crate::setup::Start::Stored(setup.lifetime - left), ..setup }
}

impl Played {
    /// What happened until the calm.
    pub fn trace(&self) -> String {
        let lines = self.0.trace.as_deref().unwrap_or_default();
        lines[..self.0.at_calm.as_ref().map_or(lines.len(), |calm| calm.lines)].join("\n")
    }

    /// The refresh tokens that were sent before the calm, in order.
    pub fn sent(&self) -> Vec<String> {
        let until = self.0.calm_at();
        self.0.requests.iter().filter(|sent| sent.sent_at < until).map(|sent| name("rt", sent.token)).collect()
    }

    /// The refresh tokens that were sent at all, in order.
    pub fn sent_in_all(&self) -> Vec<String> {
        self.0.requests.iter().map(|sent| name("rt", sent.token)).collect()
    }

    /// What callers of that context were told before the calm's questions, in the order in which they asked.
    pub fn told(&self, context: usize) -> Vec<String> {
        let mut answers: Vec<_> =
            self.0.answers.iter().filter(|(at, waiting, _)| *at == context && waiting.round.is_none()).collect();
        answers.sort_by_key(|(_, waiting, _)| waiting.id);
        answers.into_iter().map(|(.., answer)| said(answer)).collect()
    }

    /// What that context was told when it asked once more, a minute after everything.
    pub fn told_later(&self, context: usize) -> String {
        let asked = |waiting: &Waiting| waiting.round.is_some_and(|(round, _)| round == 0);
        let first = self.0.answers.iter().find(|(at, waiting, _)| *at == context && asked(waiting));
        first.map(|(.., answer)| said(answer)).unwrap_or_default()
    }

    pub fn events(&self, context: usize) -> Vec<&str> {
        let until = self.0.at_calm.as_ref().map_or(0, |calm| calm.events);
        self.0.events[..until].iter().filter(|(at, _)| *at == context).map(|(_, event)| event.as_str()).collect()
    }

    pub fn stored_access(&self) -> Option<String> {
        access_token(self.stored()).map(|token| name("at", token))
    }

    pub fn stored_refresh(&self) -> Option<String> {
        refresh_token(self.stored()).map(|token| name("rt", token))
    }

    fn stored(&self) -> Option<&Record> {
        self.0.at_calm.as_ref().and_then(|calm| calm.content.as_ref())
    }

    pub fn is_stored(&self, family: usize, serial: usize) -> bool {
        self.0.past.stored.contains_key(&(true, Token { family, serial }))
    }

    /// How long that answer took, in the order in which that context's callers asked.
    pub fn waited(&self, context: usize, caller: usize) -> Moment {
        let mut waits: Vec<_> = self.0.settled.iter().filter(|settled| settled.0 == context).collect();
        waits.sort_by_key(|settled| settled.1);
        waits.get(caller).map_or(Moment::MAX, |settled| settled.2)
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Granted(access) => name("at", *access),
        Answer::Refused(failure) => failure.code.as_str().to_owned(),
        Answer::Done => "done".to_owned(),
        Answer::Gone => "gone".to_owned(),
    }
}

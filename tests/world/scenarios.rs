//! Short histories by hand, each with exactly one thing to show. They run in the same world as the random ones, under
//! the same invariants.

use oauth_refresher::core::machine::Code;

use crate::context::{Answer, Wants};
use crate::queue::Moment;
use crate::script::{Ask, History, RequestFate, Step, What};
use crate::server::{name, Token};
use crate::setup::{Latency, Setup};
use crate::storage::{access_token, refresh_token};
use crate::world::World;

pub const LONG: Moment = 60_000;

/// A history that has run, without the rounds of questions at its end.
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
    let world = World::new(History { seed: 7, setup, script: script.to_vec() }, true).run();
    let played = Played(world);
    assert!(played.0.broken.is_none(), "{}\n{:?}", played.trace(), played.0.broken);
    played
}

/// A session whose access token is good for that long yet, of a minute's life.
pub fn good_for(setup: Setup, left: Moment) -> Setup {
    Setup { start: crate::setup::Start::Stored(setup.lifetime - left), ..setup }
}

impl Played {
    pub fn trace(&self) -> String {
        self.0.trace.as_ref().map(|lines| lines.join("\n")).unwrap_or_default()
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
        answers.into_iter().map(|(_, waiting, answer)| said(waiting.wants, answer)).collect()
    }

    /// What each context was told when everything was over.
    pub fn told_last(&self) -> Vec<String> {
        (0..self.0.contexts.len())
            .map(|context| {
                let last = self.0.answers.iter().rev().find(|(at, ..)| *at == context);
                last.map(|(_, waiting, answer)| said(waiting.wants, answer)).unwrap_or_default()
            })
            .collect()
    }

    pub fn events(&self, context: usize) -> Vec<&str> {
        self.0.events.iter().filter(|(at, _)| *at == context).map(|(_, event)| event.as_str()).collect()
    }

    pub fn stored_access(&self) -> Option<String> {
        access_token(self.0.storage.content()).map(|token| name("at", token))
    }

    pub fn stored_refresh(&self) -> Option<String> {
        refresh_token(self.0.storage.content()).map(|token| name("rt", token))
    }

    pub fn is_stored(&self, family: usize, serial: usize) -> bool {
        self.0.past.stored.contains(&(true, Token { family, serial }))
    }

    /// How long that answer took, in the order in which that context's callers asked.
    pub fn waited(&self, context: usize, caller: usize) -> Moment {
        let mut waits: Vec<_> = self.0.settled.iter().filter(|settled| settled.0 == context).collect();
        waits.sort_by_key(|settled| settled.1);
        waits.get(caller).map_or(Moment::MAX, |settled| settled.2)
    }
}

fn said(wants: Wants, answer: &Answer) -> String {
    match (wants, answer) {
        (_, Answer::Granted(access)) => name("at", *access),
        (_, Answer::Refused(failure)) => code(failure.code).to_owned(),
        (_, Answer::Done) => "done".to_owned(),
        (_, Answer::Gone) => "gone".to_owned(),
    }
}

fn code(code: Code) -> &'static str {
    code.as_str()
}

//! The machine without a driver: a native program that performs its orders by hand, with a socket for the network, a text for the
//! storage and no other features. `cargo run --example by_hand` refreshes twice against a token endpoint of its own on loopback.

mod network;

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Demand, Effect, Input, Machine, Reach, Sent};
use oauth_refresher::core::oauth::request::Values;
use oauth_refresher::core::record::{Stored, Tokens};
use oauth_refresher::core::time::{Duration, UnixTime};
use oauth_refresher::core::token_set::TokenSet;

fn main() {
    let endpoint = network::token_endpoint();
    let mut session = Session {
        machine: Machine::new(Json::parse(r#"{ "client_id": "by-hand" }"#).unwrap_or_default(), now().as_millis()),
        values: format!(r#"{{ "endpoint": "{endpoint}" }}"#),
        stored: String::new(),
        held: None,
    };
    let login = r#"{ "access_token": "a login's", "refresh_token": "refresh-0", "expires_at": 1 }"#;
    session.tell(Input::Adopted(1, Tokens::parse(login).expect("a token response is an object")));
    let demand = || Demand { deadline: now() + Duration::from_secs(30), ..Demand::default() };
    session.tell(Input::Demanded(2, demand()));
    session.tell(Input::Demanded(3, Demand { force: true, ..demand() }));
    println!("stored: {}", session.stored);
}

struct Session {
    machine: Machine,
    values: String,
    stored: String,
    held: Option<TokenSet>,
}

impl Session {
    /// One fact in; then each order is performed, and what came of it is the next fact, until there is nothing to do.
    fn tell(&mut self, input: Input) {
        let mut facts = VecDeque::from([input]);
        while let Some(fact) = facts.pop_front() {
            for order in self.machine.step(now(), fact) {
                facts.extend(self.perform(order));
            }
        }
    }

    fn perform(&mut self, order: Effect) -> Option<Input> {
        match order {
            Effect::Load(id) => return Some(Input::Loaded(id, Stored::from_text(&self.stored))),
            Effect::Save(id, _, expected) if Stored::from_text(&self.stored).generation() != expected => {
                return Some(Input::SaveRefused(id));
            }
            Effect::Save(id, record, _) => {
                self.stored = record.map(|record| record.to_json()).unwrap_or_default();
                return Some(Input::Saved(id));
            }
            Effect::Lock(id) => return Some(Input::Locked(id, Reach::AllContexts)),
            Effect::Send(id) => {
                let values = Values::from_json(Json::parse(&self.values).unwrap_or_default());
                let Ok(request) = self.machine.request(&values) else {
                    return Some(Input::Unreachable(id, Sent::Unbuildable));
                };
                return Some(match network::post(&request) {
                    Ok(reply) => Input::Replied(id, reply),
                    Err(_) => Input::Unreachable(id, Sent::Perhaps),
                });
            }
            Effect::Hold(holding) => self.held = holding.and_then(|held| TokenSet::from_json(held.tokens.reveal())),
            Effect::Grant(id) => println!("caller {id}: {}", self.held.as_ref().map_or("", TokenSet::access_token)),
            Effect::Refuse(id, failure) => println!("caller {id}: no token: {}", failure.code.as_str()),
            Effect::Done(_) | Effect::Unlock(_) | Effect::Notify(_) | Effect::Revoke(_) => {}
        }
        None
    }
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(since.as_millis() as u64)
}

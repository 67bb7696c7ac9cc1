//! A record belongs to an issuer, or a token endpoint, and to a client: what is another one's is not sent, not granted, not revoked and
//! not deleted (issue 13 C).

use std::collections::VecDeque;

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Code, Demand, Effect, Input, Machine, Reach, Revoke, State};
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::record::{Record, Stored, Tokens};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};

const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);
const A: &str = r#"{"issuer":"https://a.example","token_endpoint":"https://a.example/token","client_id":"app"}"#;
const B: &str = r#"{"issuer":"https://b.example","token_endpoint":"https://b.example/token","client_id":"app"}"#;

/// One refresher on what is stored, and what it did.
struct Place {
    machine: Machine,
    stored: Stored,
    sent: u32,
    granted: Vec<u32>,
    refused: Vec<(Code, String)>,
    revoked: u32,
}

impl Place {
    fn new(options: &str, stored: Stored) -> Self {
        let machine = Machine::new(Json::parse(options).expect("options are JSON"), 1);
        Self { machine, stored, sent: 0, granted: Vec::new(), refused: Vec::new(), revoked: 0 }
    }

    fn told(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.machine.step(NOW, input) {
                inputs.extend(self.performed(effect));
            }
        }
    }

    fn performed(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Load(id) => Some(Input::Loaded(id, self.stored.clone())),
            Effect::Save(id, record, expected) => {
                assert_eq!(expected, self.stored.generation(), "it names what it replaces");
                self.stored = record.map_or(Stored::Nothing, Stored::Record);
                Some(Input::Saved(id))
            }
            Effect::Lock(id) => Some(Input::Locked(id, Reach::AllContexts)),
            Effect::Send(id) => {
                self.sent += 1;
                let body = r#"{"access_token":"b","refresh_token":"s","token_type":"Bearer","expires_in":3600}"#;
                let reply = Reply { status: 200, body: Some(Secret::new(body)), ..Reply::default() };
                Some(Input::Replied(id, reply))
            }
            Effect::Grant(id) => {
                self.granted.push(id);
                None
            }
            Effect::Refuse(_, failure) => {
                let why = failure.server.as_ref().and_then(|said| said.error_description.clone());
                self.refused.push((failure.code, why.unwrap_or_default()));
                None
            }
            Effect::Revoke(_) => {
                self.revoked += 1;
                None
            }
            Effect::Unlock(_) | Effect::Hold(_) | Effect::Done(_) | Effect::Notify(_) => None,
        }
    }

    fn demand(&mut self, id: u32) {
        self.told(Input::Demanded(id, Demand { deadline: NOW + Duration::from_secs(70), ..Demand::default() }));
    }

    fn log_in(&mut self, id: u32) {
        let text = r#"{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":3600}"#;
        self.told(Input::Adopted(id, Tokens::parse(text).expect("tokens are JSON")));
    }

    fn record(&self) -> &Record {
        let Stored::Record(record) = &self.stored else { panic!("{:?}", self.stored) };
        record
    }
}

fn session_of(options: &str) -> Stored {
    let mut place = Place::new(options, Stored::Nothing);
    place.log_in(1);
    place.stored
}

#[test]
fn a_record_of_another_owner_is_not_granted_not_sent_not_revoked_and_not_deleted() {
    let of_a = session_of(A);
    let mut place = Place::new(B, of_a.clone());
    place.demand(1);
    let (code, why) = place.refused.pop().expect("there is no session");
    assert_eq!(code, Code::SignedOut);
    assert!(why.contains("issuer") && why.contains("client_id"), "{why}");
    assert_eq!(place.machine.state(), State::SignedOut);
    place.told(Input::SignedOut(2, Revoke::Yes));
    assert_eq!((place.sent, place.granted.len(), place.revoked), (0, 0, 0));
    assert_eq!(place.stored, of_a);
    let mut fresh = Place::new(B, of_a.clone());
    fresh.told(Input::SignedOut(1, Revoke::Yes));
    assert_eq!((&fresh.stored, fresh.revoked), (&of_a, 0), "nor by a sign-out that comes first");
}

#[test]
fn a_login_replaces_the_record_of_another_owner() {
    let mut place = Place::new(B, session_of(A));
    place.demand(1);
    place.log_in(2);
    place.demand(3);
    assert_eq!(place.granted, [2, 3]);
    let owner = place.record().owner.clone();
    assert_ne!(owner, Place::new(A, session_of(A)).record().owner);
    assert_eq!(Stored::from_json(&place.record().to_json()), place.stored, "the owner is stored");
}

#[test]
fn the_tokens_of_the_options_do_not_replace_the_record_of_another_owner() {
    let options = B.replace('}', r#","tokens":{"refresh_token":"env"}}"#);
    let of_a = session_of(A);
    let mut place = Place::new(&options, of_a.clone());
    place.demand(1);
    assert_eq!((place.sent, &place.stored), (0, &of_a));
}

#[test]
fn a_record_without_an_owner_is_adopted_by_the_next_write() {
    let old = r#"{"format":1,"generation":7,"obtained_at":1,"tokens":{"access_token":"a","refresh_token":"r","expires_in":1}}"#;
    let mut place = Place::new(A, Stored::from_json(old));
    place.demand(1);
    assert_eq!((place.sent, place.granted.as_slice()), (1, [1].as_slice()));
    assert!(!place.record().owner.is_empty());
    assert_eq!(place.record().owner, Place::new(A, session_of(A)).record().owner);
}

#[test]
fn a_token_endpoint_may_move_within_its_issuer_and_is_the_owner_where_no_issuer_is_named() {
    let granted = |first: &str, second: &str| {
        let mut place = Place::new(second, session_of(first));
        place.demand(1);
        !place.granted.is_empty()
    };
    assert!(granted(A, &A.replace("/token", "/oauth2/v2/token")));
    assert!(granted(A, &A.replace("a.example\",", "a.example/\",")), "a slash at the end is no other issuer");
    assert!(!granted(A, &A.replace("app", "another app")));
    let endpoint = r#"{"token_endpoint":"https://a.example/token","client_id":"app"}"#;
    assert!(granted(endpoint, endpoint));
    assert!(!granted(endpoint, &endpoint.replace("/token", "/v2/token")));
}

#[test]
fn a_session_that_another_owner_replaced_is_over_here() {
    let mut place = Place::new(A, session_of(A));
    place.demand(1);
    assert_eq!(place.granted, [1]);
    let mut other = Place::new(B, place.stored.clone());
    other.log_in(1);
    place.stored = other.stored;
    place.told(Input::PeerChanged);
    place.demand(2);
    assert_eq!(place.granted, [1]);
    assert_eq!(place.refused.last().map(|(code, _)| *code), Some(Code::SignedOut));
}

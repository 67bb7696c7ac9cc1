//! The machine without a driver: a native program that performs its orders by hand, with a socket for the network, a text for the
//! storage and no other features. `cargo run --example by_hand` refreshes twice against a token endpoint of its own on loopback.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Effect, Input, Machine, Reach, Sent, Wish};
use oauth_refresher::core::oauth::request::{HttpRequest, Values};
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::record::{Stored, Tokens};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};
use oauth_refresher::core::token_set::TokenSet;

fn main() {
    let endpoint = token_endpoint();
    let mut session = Session {
        machine: Machine::new(Json::parse(r#"{ "client_id": "by-hand" }"#).unwrap_or_default(), now().as_millis()),
        values: format!(r#"{{ "endpoint": "{endpoint}" }}"#),
        stored: String::new(),
        held: None,
    };
    let login = r#"{ "access_token": "a login's", "refresh_token": "refresh-0", "expires_at": 1 }"#;
    session.tell(Input::Adopted(1, Tokens::parse(login).expect("a token response is an object")));
    let wish = || Wish { deadline: now() + Duration::from_secs(30), ..Wish::default() };
    session.tell(Input::Demanded(2, wish()));
    session.tell(Input::Demanded(3, Wish { force: true, ..wish() }));
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
                return Some(match post(&request) {
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

/// One request over one connection; a real program has an HTTP client with TLS.
fn post(request: &HttpRequest) -> std::io::Result<Reply> {
    let url = request.url.reveal().strip_prefix("http://").unwrap_or_default();
    let (host, path) = url.split_once('/').unwrap_or((url, ""));
    let body = request.body.as_ref().map_or("", Secret::reveal);
    let mut connection = TcpStream::connect(host)?;
    let head = format!(
        "POST /{path} HTTP/1.0
content-length: {}

",
        body.len()
    );
    connection.write_all((head + body).as_bytes())?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Ok(Reply { status, body: Some(Secret::new(body)), retry_after: None, date: None })
}

/// A server with rotation: each refresh token is good for one use.
fn token_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for (used, connection) in listener.incoming().enumerate() {
            let mut connection = connection.expect("a connection");
            let mut request = [0; 2048];
            let read = connection.read(&mut request).expect("a request");
            let is_current =
                String::from_utf8_lossy(&request[..read]).contains(&format!("refresh_token=refresh-{used}&"));
            let (status, body) = match (is_current, used + 1) {
                (true, next) => (
                    200,
                    format!(
                        r#"{{"access_token":"access-{next}","token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-{next}"}}"#
                    ),
                ),
                (false, _) => (400, r#"{"error":"invalid_grant"}"#.to_owned()),
            };
            write!(connection, "HTTP/1.0 {status} X\r\ncontent-type: application/json\r\n\r\n{body}")
                .expect("it is read");
        }
    });
    format!("http://{address}/token")
}

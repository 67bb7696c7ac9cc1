//! The details of an event or a question, from the JSON text that crosses.

use alloc::string::String;

use crate::core::json::{whole, Json, Value};
use crate::core::machine::{Late, Sent};
use crate::core::oauth::response::Reply;
use crate::core::oauth::retry::proves_unsent;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;

pub fn object(details: &str) -> Json<'_> {
    Json::parse(details).unwrap_or_default()
}

/// Read once: a body may be long.
pub fn value(details: &str) -> Value {
    Value::from_json(object(details))
}

pub fn millis(value: &Value) -> Option<UnixTime> {
    whole(value.word()).map(UnixTime::from_millis)
}

/// A text, if it is one.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Raw(_) | Value::List(_) => None,
    }
}

/// No body: it did not arrive whole, or was too long.
pub fn reply(details: &Value) -> Reply {
    Reply {
        status: whole(details.member("status").word()).unwrap_or_default() as u16,
        body: text(details.member("body")).map(Secret::new),
        retry_after: text(details.member("retry_after")),
        date: millis(details.member("date")),
    }
}

/// How far a request without a reply got: as the driver says, or as the platform's errors prove (the error, its cause and the causes
/// of that).
pub fn sent(details: &Value) -> Sent {
    match details.member("how").text() {
        "unsent" => Sent::Provably,
        "timedOut" => Sent::TimedOut,
        "unbuildable" => Sent::Unbuildable,
        _ => {
            let proves = |(_, error): &(String, Value)| {
                let text = |name| error.member(name).text();
                proves_unsent(text("code"), text("syscall"), text("message"))
            };
            if details.member("errors").each().iter().any(proves) {
                Sent::Provably
            } else {
                Sent::Perhaps
            }
        }
    }
}

/// The reply to a request of a discarded core.
pub fn late(details: &Value) -> Late {
    let sent_at = millis(details.member("sent_at")).unwrap_or_default();
    Late { attempt: String::from(details.member("attempt").text()), sent_at, reply: reply(details) }
}

//! A history in lines that a person reads.

use oauth_refresher::core::machine::{Effect, Failure, Input};
use oauth_refresher::core::record::{Record, Stored};

use crate::server::name;
use crate::storage::{access_token, refresh_token};

pub fn fact(input: &Input) -> String {
    match input {
        Input::Demanded(id, wish) => {
            let mut text = format!("Demanded #{id}");
            if let Some(validity) = wish.min_validity {
                text.push_str(&format!(" for {} ms", validity.as_millis()));
            }
            if let Some(rejected) = &wish.rejected {
                text.push_str(&format!(" instead of {}", rejected.reveal()));
            }
            if wish.force {
                text.push_str(" by force");
            }
            text
        }
        Input::Adopted(id, tokens) => {
            format!("Adopted #{id} {}", tokens.access_token().unwrap_or_default())
        }
        Input::Loaded(order, stored) => format!("Loaded [{order}] {}", content(stored)),
        Input::Replied(order, reply) => {
            let body = reply.body.as_ref().map_or("broken off", |body| body.reveal());
            format!("Replied [{order}] {} {body}", reply.status)
        }
        other => format!("{other:?}"),
    }
}

pub fn order(effect: &Effect) -> String {
    match effect {
        Effect::Save(order, record, expected) => {
            format!("Save [{order}] {} in place of {expected:?}", described(record.as_deref()))
        }
        Effect::Hold(None) => "Hold nothing".to_owned(),
        Effect::Hold(Some(holding)) => format!("Hold generation {}", holding.generation),
        Effect::Refuse(id, failure) => format!("Refuse #{id} {}", failed(failure)),
        Effect::Notify(event) => format!("Notify {event:?}"),
        Effect::Revoke(token) => format!("Revoke {}", token.reveal()),
        other => format!("{other:?}"),
    }
}

pub fn described(record: Option<&Record>) -> String {
    let Some(record) = record else {
        return "nothing".to_owned();
    };
    let mut text = format!("g{}", record.generation);
    if let Some(token) = access_token(Some(record)) {
        text.push_str(&format!(" {}", name("at", token)));
    }
    if let Some(token) = refresh_token(Some(record)) {
        text.push_str(&format!(" {}", name("rt", token)));
    }
    if let Some(pending) = &record.pending {
        let probe = if pending.probed_at.is_some() { " probe" } else { "" };
        text.push_str(&format!(" pending{probe}({})", pending.attempt));
    }
    if let Some(at) = record.retry_at {
        text.push_str(&format!(" not before {}", at.as_millis()));
    }
    text
}

pub fn failed(failure: &Failure) -> String {
    format!("{} ({:?})", failure.code.as_str(), failure.refresh_token)
}

fn content(stored: &Stored) -> String {
    match stored {
        Stored::Nothing => "nothing".to_owned(),
        Stored::Record(record) => described(Some(record)),
        Stored::Unreadable(_) => "rubbish".to_owned(),
        Stored::Foreign(_) => "another owner's".to_owned(),
    }
}

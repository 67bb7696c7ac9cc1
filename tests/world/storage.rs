//! One record that all contexts share: read and written with latency by them, compared by itself if it can.

use std::collections::VecDeque;

use oauth_refresher::core::record::{Record, Stored};

use crate::queue::Moment;
use crate::server::{token, Token};

#[derive(Debug)]
pub struct Storage {
    /// Compares and writes in one go.
    pub conditional: bool,
    /// Records travel as JSON text, as they do in a browser.
    pub as_text: bool,
    content: Option<Record>,
    past: VecDeque<(Moment, Option<Record>)>,
}

impl Storage {
    pub fn new(conditional: bool, as_text: bool) -> Self {
        Self { conditional, as_text, content: None, past: VecDeque::new() }
    }

    pub fn content(&self) -> Option<&Record> {
        self.content.as_ref()
    }

    /// What it held at that time: a replica may be behind.
    pub fn read(&self, at: Moment) -> Stored {
        let seen = self.past.iter().rev().find(|(since, _)| *since <= at).map(|(_, record)| record);
        let record = seen.or(self.past.front().map(|(_, record)| record)).and_then(Option::as_ref);
        match record {
            None => Stored::Nothing,
            Some(record) if self.as_text => Stored::from_json(&record.to_json()),
            Some(record) => Stored::Record(Box::new(record.clone())),
        }
    }

    /// Whether a write that names `expected` may go ahead.
    pub fn agrees(&self, expected: Option<u64>) -> bool {
        let held = self.content.as_ref().map(|record| record.generation);
        match (held, expected) {
            _ if self.conditional => held == expected,
            // Without a comparison of the storage's own, only what is newer is in the way.
            (Some(held), Some(expected)) => held <= expected,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    pub fn write(&mut self, now: Moment, record: Option<Record>) {
        self.content.clone_from(&record);
        self.past.push_back((now, record));
        if self.past.len() > 8 {
            self.past.pop_front();
        }
    }
}

pub fn refresh_token(record: Option<&Record>) -> Option<Token> {
    token(record?.tokens.refresh_token()?)
}

pub fn access_token(record: Option<&Record>) -> Option<Token> {
    token(record?.tokens.access_token()?)
}

/// Which login a record descends from.
pub fn family(record: Option<&Record>) -> Option<usize> {
    refresh_token(record).or(access_token(record)).map(|token| token.family)
}

//! One call at a time, each bounded in time, with the comparison done here for a storage that cannot compare by itself.

use alloc::rc::Rc;
use core::cell::Cell;
use core::future::Future;

use super::timer::bounded;
use super::turn::Line;
use crate::core::oauth::messages::STORAGE_LATE;
use crate::core::record::{Record, Stored};
use crate::web::error::StorageError;
use crate::web::storage::{Storage, Written};

/// A storage that never answers fails after this long.
const LIMIT_MS: f64 = 10_000.0;

pub struct StoragePort {
    storage: Rc<dyn Storage>,
    line: Line,
    /// Said by the storage, or learnt from what it answers.
    compares: Cell<bool>,
}

impl StoragePort {
    pub fn new(storage: Rc<dyn Storage>) -> Self {
        let compares = Cell::new(storage.compares());
        Self { storage, line: Line::default(), compares }
    }

    pub fn compares(&self) -> bool {
        self.compares.get()
    }

    pub async fn load(&self) -> Result<Stored, StorageError> {
        let _turn = self.line.enter().await;
        in_time(self.storage.load()).await
    }

    /// `false`: another context wrote in between, and nothing was written.
    pub async fn save(&self, record: Option<&Record>, expected: Option<u64>) -> Result<bool, StorageError> {
        let _turn = self.line.enter().await;
        let written = in_time(async {
            if !self.compares.get() && overtaken(self.storage.load().await?.generation(), expected) {
                return Ok(Written::Refused);
            }
            self.storage.save(record, expected).await
        });
        let written = written.await?;
        if written != Written::Blindly {
            self.compares.set(true);
        }
        Ok(written != Written::Refused)
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    bounded(work, LIMIT_MS).await.unwrap_or_else(|| Err(StorageError::new(STORAGE_LATE)))
}

/// An older generation than expected is no other writer: a storage that is only eventually consistent shows it now and then.
fn overtaken(held: Option<u64>, expected: Option<u64>) -> bool {
    match (held, expected) {
        (Some(held), Some(expected)) => held > expected,
        (held, expected) => held != expected,
    }
}

//! Where the tokens live. [`memory_storage`] for a page that may forget, [`web_storage`] and [`indexed_db_storage`] for one that
//! may not, [`JsStorage`] for any storage object of the npm package, and [`Storage`] for one of your own.
//!
//! The record is plain JSON in one format: the npm package and this crate may share a session in one page.

mod javascript;
mod memory;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::future::Future;
use core::pin::Pin;

pub use javascript::{indexed_db_storage, web_storage, IndexedDb, JsStorage};
pub use memory::{memory_storage, MemoryStorage};

use super::error::StorageError;
use super::ports::wake::OnDrop;
use crate::core::machine::Reach;
use crate::core::record::{Record, Stored};

/// A future of this thread.
pub type Async<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A place for one record.
///
/// ```
/// use core::cell::RefCell;
/// use oauth_refresher::core::record::{Record, Stored};
/// use oauth_refresher::web::{Async, Storage, StorageError, Written};
///
/// /// Whatever holds one text.
/// #[derive(Default)]
/// struct Cupboard(RefCell<String>);
///
/// impl Storage for Cupboard {
///     fn load(&self) -> Async<'_, Result<Stored, StorageError>> {
///         Box::pin(async { Ok(Stored::from_text(&self.0.borrow())) })
///     }
///
///     fn save<'a>(
///         &'a self,
///         record: Option<&'a Record>,
///         expected: Option<u64>,
///     ) -> Async<'a, Result<Written, StorageError>> {
///         Box::pin(async move {
///             let mut held = self.0.borrow_mut();
///             if Stored::from_text(&held).generation() != expected {
///                 return Ok(Written::Refused);
///             }
///             *held = record.map(Record::to_json).unwrap_or_default();
///             Ok(Written::Compared)
///         })
///     }
/// }
/// ```
pub trait Storage {
    /// What is stored: [`Stored::from_text`] of the text, or [`Stored::from_json`].
    fn load(&self) -> Async<'_, Result<Stored, StorageError>>;

    /// Stores the record, or forgets with `None`, in one atomic write, if the storage holds the generation `expected` (`None`:
    /// nothing stored). One that cannot compare writes, and answers [`Written::Blindly`].
    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, Result<Written, StorageError>>;

    /// Whether [`save`](Storage::save) compares. One that does not say so is found out by what it answers.
    fn compares(&self) -> bool {
        false
    }

    /// Whether there is a [`lock`](Storage::lock).
    fn has_lock(&self) -> bool {
        false
    }

    /// Waits for a lock that every context which shares this storage respects. Dropping the future stops waiting.
    fn lock(&self) -> Async<'_, Result<LockGuard, StorageError>> {
        Box::pin(async { Err(StorageError::new("this storage has no lock")) })
    }

    /// Tells when another context wrote, until the subscription is dropped. A hint to look, nothing more.
    fn subscribe(&self, changed: Box<dyn Fn()>) -> Option<Subscription> {
        drop(changed);
        None
    }

    /// The same in every context that shares it: part of the name of the Web Lock.
    fn name(&self) -> Option<String> {
        None
    }

    #[doc(hidden)]
    fn javascript(&self) -> Option<wasm_bindgen::JsValue> {
        None
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was compared and written.
    Compared,
    /// It was compared, and nothing was written: the storage holds another generation.
    Refused,
    /// It was written without a comparison.
    Blindly,
}

/// A lock that is held until this is dropped.
pub struct LockGuard {
    reach: Reach,
    is_held: Option<Rc<dyn Fn() -> Async<'static, bool>>>,
    _release: OnDrop,
}

impl LockGuard {
    /// With what lets go of it.
    pub fn new(release: impl FnOnce() + 'static) -> Self {
        Self { reach: Reach::AllContexts, is_held: None, _release: OnDrop::new(release) }
    }

    /// For a lock that passes on while its holder is stalled (a lease): whether it is still this holder's. Asked before
    /// a request is sent and before a record is saved; where the answer is no, neither is done.
    pub fn checked_by(self, is_held: impl Fn() -> Async<'static, bool> + 'static) -> Self {
        Self { is_held: Some(Rc::new(is_held)), ..self }
    }

    /// It passed on because the holder before was silent: that one may only be suspended, and come back.
    pub fn after_silence(self) -> Self {
        Self { reach: Reach::AllContextsAfterSilence, ..self }
    }

    pub(in crate::web) fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    pub(in crate::web) fn reach(&self) -> Reach {
        self.reach
    }

    /// What asks whether it is held, for use without a borrow of it.
    pub(in crate::web) fn check(&self) -> Option<Rc<dyn Fn() -> Async<'static, bool>>> {
        self.is_held.clone()
    }
}

/// Hears of changes until it is dropped.
pub struct Subscription(#[allow(dead_code, reason = "what matters is when it is dropped")] OnDrop);

impl Subscription {
    /// With what ends it.
    pub fn new(end: impl FnOnce() + 'static) -> Self {
        Self(OnDrop::new(end))
    }
}

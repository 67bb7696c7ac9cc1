//! As long as the object lives.

use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen_futures::spawn_local;

use super::{Async, Storage, Subscription, Written};
use crate::core::record::{Record, Stored};
use crate::web::error::StorageError;

/// One record in memory; refreshers that share it share a session.
#[derive(Default)]
pub struct MemoryStorage {
    /// As JSON: what was read stays what it was.
    stored: RefCell<String>,
    listeners: Rc<RefCell<Vec<Listener>>>,
}

type Listener = Rc<dyn Fn()>;

/// A session that is forgotten with the page.
pub fn memory_storage() -> MemoryStorage {
    MemoryStorage::default()
}

impl Storage for MemoryStorage {
    fn load(&self) -> Async<'_, Result<Stored, StorageError>> {
        Box::pin(async { Ok(Stored::from_text(&self.stored.borrow())) })
    }

    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, Result<Written, StorageError>> {
        Box::pin(async move {
            if Stored::from_text(&self.stored.borrow()).generation() != expected {
                return Ok(Written::Refused);
            }
            self.stored.replace(record.map(Record::to_json).unwrap_or_default());
            for listener in self.listeners.borrow().iter() {
                // not in this call: a listener that reads or writes would find its caller half-way through a write
                let listener = Rc::clone(listener);
                spawn_local(async move { listener() });
            }
            Ok(Written::Compared)
        })
    }

    fn compares(&self) -> bool {
        true
    }

    fn subscribe(&self, changed: Box<dyn Fn()>) -> Option<Subscription> {
        let listener: Listener = Rc::from(changed);
        self.listeners.borrow_mut().push(Rc::clone(&listener));
        let listeners: Weak<_> = Rc::downgrade(&self.listeners);
        Some(Subscription::new(move || {
            if let Some(listeners) = listeners.upgrade() {
                listeners.borrow_mut().retain(|other| !Rc::ptr_eq(other, &listener));
            }
        }))
    }
}

//! Virtual time: what happens next, in order, and ties in the order in which they were planned.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Milliseconds of true time; every device has its own opinion of it.
pub type Moment = u64;

#[derive(Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Planned<T>>>,
    planned: u64,
}

#[derive(Debug)]
struct Planned<T> {
    at: Moment,
    order: u64,
    what: T,
}

impl<T> Queue<T> {
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }

    pub fn plan(&mut self, at: Moment, what: T) {
        self.planned += 1;
        self.heap.push(Reverse(Planned { at, order: self.planned, what }));
    }

    pub fn next(&mut self) -> Option<(Moment, T)> {
        self.heap.pop().map(|Reverse(planned)| (planned.at, planned.what))
    }
}

impl<T> Ord for Planned<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<T> PartialOrd for Planned<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Planned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Planned<T> {}

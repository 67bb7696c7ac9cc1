//! The lock that contexts share, if they share one: first come, first served, and a crash lets go.

use std::collections::VecDeque;

use oauth_refresher::core::machine::EffectId;

/// Who asks for the lock: the context, its life and the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub context: usize,
    pub life: u32,
    pub order: EffectId,
}

#[derive(Debug, Default)]
pub struct Lock {
    pub holder: Option<Claim>,
    /// A lease whose holder was silent: the next grant says so.
    pub passed_by_silence: bool,
    waiting: VecDeque<Claim>,
}

impl Lock {
    /// The returned context holds the lock now.
    pub fn claim(&mut self, claim: Claim) -> Option<Claim> {
        self.waiting.push_back(claim);
        self.hand_over()
    }

    pub fn release(&mut self, claim: Claim) -> Option<Claim> {
        self.waiting.retain(|waiting| *waiting != claim);
        if self.holder == Some(claim) {
            self.holder = None;
            self.passed_by_silence = false;
        }
        self.hand_over()
    }

    /// The holder was silent for a lease.
    pub fn expire(&mut self, claim: Claim) -> Option<Claim> {
        if self.holder != Some(claim) {
            return None;
        }
        self.holder = None;
        self.passed_by_silence = true;
        self.hand_over()
    }

    /// A context that died waits no more; a lease that it held goes on.
    pub fn leave_the_line(&mut self, context: usize) {
        self.waiting.retain(|waiting| waiting.context != context);
    }

    pub fn release_all_of(&mut self, context: usize) -> Option<Claim> {
        self.waiting.retain(|waiting| waiting.context != context);
        if self.holder.is_some_and(|holder| holder.context == context) {
            self.holder = None;
        }
        self.hand_over()
    }

    /// The holder goes on as if it still held it.
    pub fn steal(&mut self) -> Option<Claim> {
        self.holder = None;
        self.hand_over()
    }

    fn hand_over(&mut self) -> Option<Claim> {
        if self.holder.is_some() {
            return None;
        }
        self.holder = self.waiting.pop_front();
        self.holder
    }
}

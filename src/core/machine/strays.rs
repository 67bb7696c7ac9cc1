//! Requests that no phase awaits: those of a session that was given up, the one whose time was over, and one that a machine before
//! this one sent. Their replies may hold the only refresh token there is.

use alloc::string::String;
use alloc::vec::Vec;

use super::effect::Effects;
use super::input::{EffectId, Late};
use super::phase::Sending;
use super::Machine;
use crate::core::oauth::response::{judge, Reply, Verdict};
use crate::core::time::Duration;

#[derive(Debug, Default)]
pub struct Strays {
    /// Requests of a session that a login or a sign-out gave up; and whether to revoke what they bring.
    orphans: Vec<(EffectId, bool)>,
    /// The last request that was given up because its time seemed to be over, and the name of its mark.
    overdue: Option<(EffectId, Sending, String)>,
    /// A reply that came after its request was given up, until it is known whether the mark still stands.
    pub late: Option<Late>,
}

impl Strays {
    /// The clock was set back by that much.
    pub fn set_back(&mut self, by: Duration) {
        let sent_at = self.overdue.as_mut().map(|(_, sending, _)| &mut sending.sent_at);
        for at in sent_at.into_iter().chain(self.late.as_mut().map(|late| &mut late.sent_at)) {
            *at = *at - by;
        }
    }

    /// The session of that request was given up.
    pub fn orphan(&mut self, id: EffectId, revoke: bool) {
        self.orphans.push((id, revoke));
    }

    /// The request was given up. If the clock was set, its time was not over: a reply is still of use.
    pub fn give_up(&mut self, id: EffectId, sending: Sending, mark: Option<String>) {
        self.overdue = mark.map(|mark| (id, sending, mark));
    }

    /// The request brought no reply.
    pub fn forget(&mut self, id: EffectId) {
        self.orphans.retain(|(orphan, _)| *orphan != id);
    }
}

impl<E: Effects> Machine<E> {
    /// A reply that no phase awaits.
    pub(super) fn stray_replied(&mut self, id: EffectId, reply: &Reply) {
        if let Some((_, sending, attempt)) = self.strays.overdue.take_if(|(overdue, ..)| *overdue == id) {
            self.pacing.rest = None;
            self.strays.late = Some(Late { attempt, sent_at: sending.sent_at, reply: reply.clone() });
            return;
        }
        let Some(index) = self.strays.orphans.iter().position(|(orphan, _)| *orphan == id) else {
            return;
        };
        // A sign-out that revokes also revokes what a racing refresh brings.
        let (_, revoke) = self.strays.orphans.swap_remove(index);
        if let (true, Verdict::Tokens(tokens)) = (revoke, judge(reply, self.options.response(), self.now)) {
            self.revoke(tokens.refresh_token);
        }
    }
}

//! Requests that no phase awaits: of a session that a login or a sign-out replaced, one that timed out, and one of a discarded machine.
//! Their replies may have the only valid refresh token.

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
    /// Requests of a session that a login or a sign-out replaced, and whether to revoke their tokens.
    orphans: Vec<(EffectId, bool)>,
    /// The last request that timed out, and the name of its mark.
    overdue: Option<(EffectId, Sending, String)>,
    /// A reply that came after its request was given up. It is kept until the storage shows whether the mark is still there.
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

    /// A login or a sign-out replaced the session of that request.
    pub fn orphan(&mut self, id: EffectId, revoke: bool) {
        self.orphans.push((id, revoke));
    }

    /// The request timed out. Its reply may still come, for example if the clock was set forward.
    pub fn give_up(&mut self, id: EffectId, sending: Sending, mark: Option<String>) {
        self.overdue = mark.map(|mark| (id, sending, mark));
    }

    /// The request has no reply.
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
        // A sign-out with `revoke` also revokes the refresh token of an in-flight refresh.
        let (_, revoke) = self.strays.orphans.swap_remove(index);
        if let (true, Verdict::Tokens(tokens)) = (revoke, judge(reply, self.options.response(), self.now)) {
            self.revoke(tokens.refresh_token);
        }
    }
}

//! Refreshes that nobody waits for: ahead of need while somebody may be looking, often enough to keep an idle refresh
//! token alive, and at once where an outcome is unknown and asking again is still safe. And the end of an access token
//! that outlived its session.

use super::protocol::{Code, Event, Failure, Source};
use super::Machine;
use crate::core::oauth::response::RefreshTokenState;
use crate::core::policy::{Random, LONGEST_PATIENCE, MARGIN};
use crate::core::record::{Pending, Record};
use crate::core::time::UnixTime;

impl Machine {
    /// Whether a refresh is due that nobody asked for.
    pub(super) fn background_due(&self, now: UnixTime) -> bool {
        self.session.can_refresh() && self.background_at().is_some_and(|at| at <= now)
    }

    /// When the next thing is due that nobody asked for.
    pub(super) fn background_at(&self) -> Option<UnixTime> {
        let rested = self.rest.as_ref().map_or(UnixTime::EPOCH, |(until, _)| *until);
        if self.late.is_some() {
            return Some(rested);
        }
        if !self.session.looked {
            return self.watching.then_some(rested);
        }
        let record = self.session.record.as_ref()?;
        if !self.session.can_refresh() {
            return record.expires_at().filter(|_| self.watching && !self.session.is_over());
        }
        if let Some(pending) = record.in_doubt() {
            return self.resend_is_due(pending).then_some(rested);
        }
        let ahead = self.ahead_of(record).filter(|_| self.watching);
        let keep_alive = self.policy.keep_alive.map(|every| record.obtained_at + every);
        ahead
            .into_iter()
            .chain(keep_alive)
            .min()
            .map(|at| at.max(rested).max(record.retry_at.unwrap_or_default().min(self.now + LONGEST_PATIENCE)))
    }

    /// Nothing can be refreshed: callers learn why, and an access token that was all there was comes to its end.
    pub(super) fn no_session(&mut self, now: UnixTime) {
        self.late = None;
        let spent = matches!(self.session.absence, Code::SessionEnded) || self.session.record.is_some();
        let failure = if spent {
            Failure::new(Code::SessionEnded).leaving(RefreshTokenState::Spent)
        } else {
            Failure::new(self.session.absence)
        };
        let ran_out = self.session.record.as_ref().is_some_and(|record| {
            record.tokens.access_token().is_none() || record.expires_at().is_some_and(|end| end <= now)
        });
        if ran_out && !self.session.is_over() {
            let announced = self.session.ended;
            self.session.run_out();
            self.changed(Source::SessionEnded);
            if !announced {
                self.notify(Event::SessionEnded(failure.clone()));
            }
        }
        self.serve_or_refuse(now, &failure);
    }

    /// A refresh token that may be spent, and may be sent again: by whoever sent it, by who finds it at the start, and
    /// by anybody once its sender must have given up. Not by itself where the server said what is wrong with the request.
    fn resend_is_due(&self, pending: &Pending) -> bool {
        let ours = pending.attempt.starts_with(&self.context);
        let abandoned = self.now >= pending.started_at + self.policy.timeout + MARGIN;
        let rejected = matches!(&self.rest, Some((_, failure)) if failure.code == Code::ClientRejected);
        !rejected && self.policy.may_send_again(pending, self.now) && (ours || self.found_doubt || abandoned)
    }

    fn ahead_of(&self, record: &Record) -> Option<UnixTime> {
        let ahead = self.policy.ahead(record.lifetime()?);
        let jitter = Random::new(self.jitter).below(ahead.part(4));
        Some(record.expires_at()? - ahead - jitter)
    }
}

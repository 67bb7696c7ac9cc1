//! Refreshes without a caller: ahead of expiry while this is wanted, for `keepAliveSeconds`, and at once after an unknown outcome if the
//! refresh token may be sent again. Also the expiry of an access token that cannot be refreshed.

use super::effect::{Effects, Event, Source};
use super::failure::{Code, Failure};
use super::Machine;
use crate::core::policy::{Random, LONGEST_PATIENCE, MARGIN};
use crate::core::record::{Pending, Record};
use crate::core::time::UnixTime;

/// Reason if the storage holds another client's session. Every page downloads it.
const FOREIGN: &str = "the stored session is of another issuer, token_endpoint or client_id, and is left as it is";
/// Reason if the session has no refresh token.
const NO_REFRESH_TOKEN: &str = "no refresh token: if the login brought none, did it ask for offline_access?";

#[derive(Debug, Default)]
pub struct Background {
    /// Whether refreshes ahead of expiry are wanted.
    pub watching: bool,
    /// Random number that spreads contexts of one session; new for each token set.
    pub jitter: u64,
    /// Whether the first read found a mark of another context, whose outcome must be settled now.
    pub found_mark: bool,
}

impl<E: Effects> Machine<E> {
    /// Whether a refresh without a caller is due.
    pub(super) fn background_due(&self) -> bool {
        self.session.can_refresh() && self.background_at() <= self.now
    }

    /// When the next work without a caller is due; [`UnixTime::NEVER`] if none is.
    pub(super) fn background_at(&self) -> UnixTime {
        let rested = self.pacing.background_from();
        let watching = self.background.watching;
        if self.strays.late.is_some() {
            return rested;
        }
        if !self.session.looked {
            return if watching { rested } else { UnixTime::NEVER };
        }
        let Some(record) = &self.session.record else {
            return UnixTime::NEVER;
        };
        if !self.session.can_refresh() {
            return if watching && !self.session.is_over() { record.end() } else { UnixTime::NEVER };
        }
        if let Some(pending) = record.in_doubt() {
            return if self.resend_is_due(pending) { rested } else { UnixTime::NEVER };
        }
        let ahead = if watching { self.ahead_of(record) } else { UnixTime::NEVER };
        let keep_alive = self.options.policy.keep_alive.map_or(UnixTime::NEVER, |every| record.obtained_at + every);
        let retry_at = record.retry_at.unwrap_or_default().min(self.now + LONGEST_PATIENCE);
        let paced = self.pacing.ahead_from(self.now);
        ahead.min(keep_alive).max(rested).max(retry_at).max(paced)
    }

    /// There is no refresh token: callers get the reason, and an access token without one expires.
    pub(super) fn no_session(&mut self) {
        self.strays.late = None;
        let spent = matches!(self.session.absence, Code::SessionEnded) || self.session.record.is_some();
        let failure = if spent {
            let failure = Failure::new(Code::SessionEnded).leaving(self.session.refresh_token_left);
            if self.session.record.is_some() && !self.session.ended {
                failure.explained(NO_REFRESH_TOKEN)
            } else {
                failure
            }
        } else if self.session.is_foreign {
            Failure::new(Code::SignedOut).explained(FOREIGN)
        } else {
            Failure::new(self.session.absence)
        };
        let ran_out = self
            .session
            .record
            .as_deref()
            .is_some_and(|record| record.tokens.access_token().is_none() || record.end() <= self.now);
        if ran_out && !self.session.is_over() {
            let announced = self.session.ended;
            self.session.run_out();
            self.hold();
            self.announce(Source::SessionEnded);
            if !announced {
                self.notify(Event::SessionEnded(failure.clone()));
            }
        }
        self.serve_or_refuse(&failure);
    }

    /// Whether a refresh token with an unknown outcome is sent again without a caller, if `reuse` allows it. The context that sent it does so,
    /// and one that finds the mark at its start; others once the sender must have given up. None does if the server rejected the request.
    fn resend_is_due(&self, pending: &Pending) -> bool {
        let ours = self.is_own(pending);
        let abandoned = self.now >= pending.started_at + self.options.policy.timeout + MARGIN;
        let rejected = self.pacing.rest.as_ref().is_some_and(|rest| rest.failure.code == Code::ClientRejected);
        !rejected
            && self.options.policy.may_send_again(pending, self.now)
            && (ours || self.background.found_mark || abandoned)
    }

    fn ahead_of(&self, record: &Record) -> UnixTime {
        let ahead = self.options.policy.ahead(record.lifetime());
        let jitter = Random::new(self.background.jitter).below(ahead.part(4));
        record.end() - ahead - jitter
    }
}

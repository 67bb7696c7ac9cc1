//! What a caller asks of a refresher.

use core::time::Duration;

use super::driver::Driver;
use super::error::RefreshError;
use crate::core::machine;
use crate::core::secret::Secret;
use crate::core::time::Duration as Span;
use crate::core::token_set::TokenSet;

/// What a caller of [`Refresher::token_set`](super::Refresher::token_set) wants beyond a token that is good now.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    min_validity: Option<Duration>,
    rejected: Option<Secret>,
    timeout: Option<Duration>,
}

impl Demand {
    /// The access token must be good for this long yet, or for a quarter of its lifetime if that is shorter: ten seconds by default.
    pub fn min_validity(mut self, span: Duration) -> Self {
        self.min_validity = Some(span);
        self
    }

    /// An access token that a resource server refused: refreshes unless a newer one is here.
    pub fn rejected(mut self, access_token: &str) -> Self {
        self.rejected = Some(Secret::new(access_token));
        self
    }

    /// For the whole wait: load, lock, request, save.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) async fn answered_by(self, driver: &Driver) -> Result<TokenSet, RefreshError> {
        if self.min_validity.is_none() {
            let rejected = self.rejected.as_ref().map(Secret::reveal);
            if let Some(fresh) = driver.fresh().filter(|fresh| Some(fresh.access_token()) != rejected) {
                return Ok(fresh);
            }
        }
        let min_validity =
            self.min_validity.map(|span| Span::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
        driver
            .demand(
                machine::Demand { min_validity, rejected: self.rejected, ..machine::Demand::default() },
                self.timeout,
            )
            .await
    }
}

//! What plays a history: here a refresher of the driver for Rust applications. tests/package has the npm package's in its place.

use std::time::Duration;

use js_sys::Function;
use oauth_refresher::core::record::Tokens;
use oauth_refresher::web::{Background, Demand, Lock, Options, RefreshError, Refresher, Revoke};

use crate::script::Ask;
use crate::storage::Own;

/// A refresher. The last clone closes it when it is dropped.
#[derive(Clone)]
pub struct Subject(Refresher);

/// Before the first history.
pub async fn prepare() {}

impl Subject {
    /// `options` in JSON.
    pub fn open(options: &str, in_background: bool, is_lock_shared: bool, storage: Own, fetch: Function) -> Self {
        let options = Options::from_json(options)
            .expect("the world's options are options")
            .background(if in_background { Background::Always } else { Background::Never })
            .lock(if is_lock_shared { Lock::Auto } else { Lock::None })
            .storage(storage)
            .fetch(fetch);
        Self(Refresher::new(options).expect("the options are good"))
    }

    /// The access token, or the code of the error. `patience_ms` does not count for a forced refresh.
    pub async fn ask(&self, ask: Ask, patience_ms: u64) -> Result<String, String> {
        let demand = Demand::default().timeout(Duration::from_millis(patience_ms));
        let held = self.0.tokens().map(|tokens| tokens.access_token().to_owned());
        let answer = match (ask, &held) {
            (Ask::Valid(span), _) => self.0.token_set(demand.min_validity(Duration::from_millis(span))).await,
            (Ask::Rejected, Some(held)) => self.0.token_set(demand.rejected(held)).await,
            (Ask::RejectedLong, _) => self.0.token_set(demand.rejected("at-0-0")).await,
            (Ask::Force, _) => self.0.refresh().await,
            (Ask::Plain | Ask::Rejected, _) => self.0.token_set(demand).await,
        };
        answer
            .map(|tokens| tokens.access_token().to_owned())
            .map_err(|error: RefreshError| error.code().as_str().into())
    }

    pub async fn sign_out(&self, revoke: bool) {
        let _ = self.0.sign_out(if revoke { Revoke::Yes } else { Revoke::No }).await;
    }

    /// `reply`: the token endpoint's.
    pub async fn set_tokens(&self, reply: &str) {
        let tokens = Tokens::parse(reply).expect("the server replies in JSON");
        let _ = self.0.set_tokens(tokens).await;
    }
}

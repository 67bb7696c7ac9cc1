//! Questions of a driver that only the core can answer. No answer changes the machine: these are the rules that both drivers share.

use alloc::string::String;

use super::effect::Effects;
use super::input::EffectId;
use super::phase::Phase;
use super::Machine;
use crate::core::json::Json;
use crate::core::oauth::request::{BadValue, HttpRequest, Values};
use crate::core::oauth::response::{login, Reply};
use crate::core::oauth::retry::{refusal, refused_part, revocation_retry, RefusedPart, RevocationRetry};
use crate::core::record::Tokens;
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

impl<E: Effects> Machine<E> {
    /// Whether that [`Effect::Send`](super::Effect::Send) still stands. It may be given up while its request is built.
    pub fn is_sending(&self, id: EffectId) -> bool {
        matches!(&self.phase, Phase::Sending(wait, _) if wait.id == id)
    }

    /// The tokens in a login's reply, under registered names; empty if there are none, or of an unknown type. For
    /// [`Input::Adopted`](super::Input::Adopted).
    pub fn login(&self, reply: Json<'_>) -> Tokens {
        login(reply, self.options.response()).unwrap_or_default()
    }

    /// The request of the in-flight [`Effect::Send`](super::Effect::Send), from values resolved for this attempt.
    pub fn request(&self, values: &Values) -> Result<HttpRequest, BadValue> {
        let none = Tokens::default();
        self.options
            .client()
            .refresh_request(values, self.session.record.as_deref().map_or(&none, |record| &record.tokens))
    }

    /// The request of an [`Effect::Revoke`](super::Effect::Revoke).
    pub fn revocation_request(&self, values: &Values, refresh_token: &str) -> Result<HttpRequest, BadValue> {
        self.options.client().revocation_request(values, refresh_token)
    }

    /// What the server refused of a token request and the same request, made anew, may do better at once: each part once.
    pub fn refused_part(&self, reply: &Reply, now: UnixTime) -> Option<RefusedPart> {
        refused_part(reply, self.options.response(), now)
    }

    /// The error code of a reply, and the part of its request that the server refused.
    pub fn refusal(&self, reply: &Reply, now: UnixTime) -> (Option<String>, Option<RefusedPart>) {
        refusal(reply, self.options.response(), now)
    }

    /// Whether and how a revocation that got this reply is tried once more. `can_prove`: there is a DPoP key, and no proof was sent yet.
    pub fn revocation_retry(
        &self,
        reply: &Reply,
        part: Option<RefusedPart>,
        can_prove: bool,
        now: UnixTime,
    ) -> Option<RevocationRetry> {
        revocation_retry(reply, part, can_prove, self.options.policy.timeout, now)
    }

    /// Whether a refresh token may be sent where contexts share a storage and nothing else, as the isolates of Workers do.
    pub fn may_spend(&self, locks_all_contexts: bool, compares: bool) -> bool {
        self.options.policy.may_spend(locks_all_contexts, compares)
    }

    /// The access token of the last [`Effect::Hold`](super::Effect::Hold).
    pub fn access_token(&self) -> Option<Secret> {
        self.session.access_token()
    }

    /// How long a caller waits by default.
    pub fn patience(&self) -> Duration {
        self.options.policy.patience()
    }

    /// How long a lease on the lock is.
    pub fn lease(&self) -> Duration {
        self.options.policy.lease()
    }
}

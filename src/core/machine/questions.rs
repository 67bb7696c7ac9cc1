//! Questions of the drivers, which change nothing in the machine. They give both drivers the same rules.

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
    /// Whether that [`Effect::Send`](super::Effect::Send) is still awaited. It may be given up while its request is built.
    pub fn is_sending(&self, id: EffectId) -> bool {
        matches!(&self.phase, Phase::Sending(wait, _) if wait.id == id)
    }

    /// The tokens of a login's reply, for [`Input::Adopted`](super::Input::Adopted). Empty if there are none or their type is unknown.
    pub fn login(&self, reply: Json<'_>) -> Tokens {
        login(reply, self.options.response()).unwrap_or_default()
    }

    /// The request of the current [`Effect::Send`](super::Effect::Send), with the driver's values for this attempt.
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

    /// The refused part of a token request. The same request, built anew, may succeed at once; each part is renewed once.
    pub fn refused_part(&self, reply: &Reply, now: UnixTime) -> Option<RefusedPart> {
        refused_part(reply, self.options.response(), now)
    }

    /// The error code of a reply, and the part of its request that the server refused.
    pub fn refusal(&self, reply: &Reply, now: UnixTime) -> (Option<String>, Option<RefusedPart>) {
        refusal(reply, self.options.response(), now)
    }

    /// Whether and how a revocation with this reply is tried once more. `can_prove`: there is a DPoP key, and no proof was sent yet.
    pub fn revocation_retry(
        &self,
        reply: &Reply,
        part: Option<RefusedPart>,
        can_prove: bool,
        now: UnixTime,
    ) -> Option<RevocationRetry> {
        revocation_retry(reply, part, can_prove, self.options.policy.timeout, now)
    }

    /// Whether a refresh token may be sent by contexts that share only a storage (isolates of Workers).
    pub fn may_spend(&self, locks_all_contexts: bool, compares: bool) -> bool {
        self.options.policy.may_spend(locks_all_contexts, compares)
    }

    /// The access token of the last [`Effect::Hold`](super::Effect::Hold).
    pub fn access_token(&self) -> Option<Secret> {
        self.session.access_token()
    }

    /// How long a caller waits without its own `timeoutSeconds`.
    pub fn patience(&self) -> Duration {
        self.options.policy.patience()
    }

    /// Length of a lease.
    pub fn lease(&self) -> Duration {
        self.options.policy.lease()
    }
}

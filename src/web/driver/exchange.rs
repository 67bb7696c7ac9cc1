//! What goes to the server and comes back from it: one token request, which is made anew where functions have more to say of the
//! client, and a revocation.

use super::Driver;
use crate::core::machine::{EffectId, Input, Sent};
use crate::core::messages::UNSAFE;
use crate::core::oauth::messages::FUNCTION_LATE;
use crate::core::oauth::request::HttpRequest;
use crate::core::oauth::response::Reply;
use crate::core::oauth::retry::{RefusedPart, RevocationRetry};
use crate::core::time::UnixTime;
use crate::web::cause::Fault;
use crate::web::ports::clock::monotonic_ms;
use crate::web::ports::http::{send, NoReply};
use crate::web::ports::timer::{bounded, wait};
use crate::web::ports::wake::is_workerd;
use crate::web::request::{authenticated, secrets, values};

impl Driver {
    pub(super) async fn send(&self, order: EffectId) {
        self.fault.take();
        match self.sent(order).await {
            Ok(reply) => self.tell(Input::Replied(order, reply)),
            Err(NoReply { sent, fault }) => {
                self.fault.replace(fault);
                self.tell(Input::Unreachable(order, sent));
            }
        }
    }

    /// One attempt; and where the server does not know the client, one more with whatever functions say of it now: a secret was rotated.
    async fn sent(&self, order: EffectId) -> Result<Reply, NoReply> {
        let begun = monotonic_ms();
        let left_ms = || self.options.timeout_ms() - (monotonic_ms() - begun);
        if self.would_be_spent_twice() {
            return Err(NoReply { sent: Sent::Unbuildable, fault: UNSAFE.into() });
        }
        let (mut refused, mut mended): (Option<(HttpRequest, Reply)>, bool) = (None, false);
        loop {
            let built = bounded(self.refresh_request(), left_ms()).await;
            let request = match (built, refused.take()) {
                (Some(Ok(request)), None) => request,
                (Some(Ok(request)), Some((before, _))) if request != before => request,
                // nothing else can be said of the client
                (_, Some((_, reply))) => return Ok(reply),
                (Some(Err(fault)), None) => return Err(NoReply { sent: Sent::Unbuildable, fault }),
                (None, None) => return Err(NoReply { sent: Sent::Provably, fault: FUNCTION_LATE.into() }),
            };
            // Building the request waited for functions of the options: a sign-out or a login may have come first.
            // After a stall in the first request there may be no time left for a second.
            if self.is_lock_lost(order).await || !self.machine.borrow().is_sending(order) || left_ms() < 0.0 {
                return Err(NoReply { sent: Sent::Provably, fault: Fault::default() });
            }
            let reply = send(self.options.fetch.as_ref(), &request, left_ms()).await?;
            let part = self.machine.borrow().refused_part(&reply, wall_clock());
            if mended || part != Some(RefusedPart::Client) {
                return Ok(reply);
            }
            mended = true;
            refused = Some((request, reply));
        }
    }

    /// On Workers two isolates answer two requests at once. By now the mark was saved, and whether the storage compares is known.
    fn would_be_spent_twice(&self) -> bool {
        let machine = self.machine.borrow();
        is_workerd() && !machine.may_spend(self.lock.reaches_everywhere(), self.storage.compares())
    }

    async fn refresh_request(&self) -> Result<HttpRequest, Fault> {
        let values = values(&self.options, &self.endpoint).await?;
        let built = self.machine.borrow().request(&values);
        let request = authenticated(&self.options, built).await?;
        secrets(&values, &request, &mut |secret| self.scrubber.borrow_mut().learn(secret));
        Ok(request)
    }

    /// Tells the server that a token is over (RFC 7009); without a revocation endpoint nothing is sent. The session is over here whatever the
    /// server answers.
    pub(super) async fn revoke(&self, token: &str) {
        let endpoint = self.options.word("revocation_endpoint");
        if endpoint.is_empty() {
            return;
        }
        let once = || async {
            let values = values(&self.options, &endpoint).await.ok()?;
            let built = self.machine.borrow().revocation_request(&values, token);
            let request = authenticated(&self.options, built).await.ok()?;
            send(self.options.fetch.as_ref(), &request, self.options.timeout_ms()).await.ok()
        };
        let told = async {
            let Some(reply) = once().await else { return };
            let now = wall_clock();
            let part = self.machine.borrow().refused_part(&reply, now);
            let retry = self.machine.borrow().revocation_retry(&reply, part, false, now);
            match retry {
                None | Some(RevocationRetry::WithProof) => return,
                Some(RevocationRetry::WithClientAskedAgain) => {}
                Some(RevocationRetry::After(pause)) => wait(pause.as_millis() as f64).await,
            }
            once().await;
        };
        let _ = bounded(told, self.options.timeout_ms()).await;
    }
}

fn wall_clock() -> UnixTime {
    UnixTime::from_millis_f64(js_sys::Date::now())
}

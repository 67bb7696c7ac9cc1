//! The network between a context and the simulator's server: each request meets the fate that the history has for it.

use std::future::pending;
use std::rc::{Rc, Weak};

use js_sys::{Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

use super::history::{wait, World};
use super::virtual_time::now;
use crate::script::RequestFate;
use crate::server::{name, token, Token};

impl World {
    /// Whatever is sent was marked in the storage before.
    fn check_sent(&self, refresh: Token) {
        let text = name("rt", refresh);
        let stored = self.stored.borrow();
        let same = stored.as_ref().filter(|record| record.tokens.refresh_token() == Some(&text));
        if same.is_some_and(|record| record.in_doubt().is_none()) && !self.troubled.get() && self.is_safe() {
            self.breaks(format!("{text} was sent without a mark"));
        }
        self.sent.borrow_mut().push(refresh);
    }

    pub fn fetch(self: &Rc<Self>) -> Function {
        let world = Rc::downgrade(self);
        let fetch = Closure::<dyn Fn(JsValue, JsValue) -> js_sys::Promise>::new(move |_: JsValue, init: JsValue| {
            let body = Reflect::get(&init, &"body".into()).ok().and_then(|body| body.as_string()).unwrap_or_default();
            let refresh = body.split('&').find_map(|pair| token(pair.strip_prefix("refresh_token=")?));
            let world = Weak::clone(&world);
            future_to_promise(async move {
                match (world.upgrade(), refresh) {
                    (Some(world), Some(refresh)) => world.request(refresh).await,
                    _ => Err("no refresh token".into()),
                }
            })
        });
        fetch.into_js_value().unchecked_into()
    }

    async fn request(self: Rc<Self>, refresh: Token) -> Result<JsValue, JsValue> {
        use RequestFate::*;
        self.check_sent(refresh);
        let fate = self.fates.borrow_mut().requests.pop_front();
        let (network, timeout) = (self.setup().latency.network, self.setup().timeout);
        wait(self.delay(network) + if let Some(LateRequest(late)) = fate { timeout + late } else { 0 }).await;
        match fate {
            Some(Unsent) => return Err(error("ECONNREFUSED")),
            Some(LostBefore) => return Err(error("")),
            Some(SilentBefore) => return pending().await,
            _ => {}
        }
        let early = match fate {
            Some(ErrorBefore(status)) => Some((status, "<html>".to_owned(), None)),
            Some(Busy(status, seconds)) => Some((status, String::new(), Some(seconds))),
            Some(Html) => Some((200, "<html>Gateway = down</html>".to_owned(), None)),
            Some(InvalidClient) => Some((401, r#"{"error":"invalid_client"}"#.to_owned(), None)),
            Some(WantsNonce) => Some((400, r#"{"error":"use_dpop_nonce"}"#.to_owned(), None)),
            _ => None,
        };
        if let Some((status, body, retry_after)) = early {
            wait(self.delay(network)).await;
            return Ok(response(status, &body, retry_after, false));
        }
        let (mut status, mut body) = {
            let mut server = self.server.borrow_mut();
            match server.exchange(now(), refresh) {
                Ok(_) if fate == Some(SomebodyElse) => {
                    let strangers = server.mix_up(now(), refresh);
                    (200, server.reply(strangers))
                }
                Ok(issued) => (200, server.reply(issued)),
                Err(_) => (400, r#"{"error":"invalid_grant"}"#.to_owned()),
            }
        };
        wait(self.delay(network) + if let Some(LateReply(late)) = fate { timeout + late } else { 0 }).await;
        match fate {
            Some(LostAfter) => return Err(error("")),
            Some(SilentAfter) => return pending().await,
            Some(ErrorAfter(code)) => (status, body) = (code, "<html>".to_owned()),
            Some(InvalidTarget) if status == 200 => (status, body) = (400, r#"{"error":"invalid_target"}"#.to_owned()),
            Some(UnknownType) => body = body.replace("Bearer", "mac"),
            _ => {}
        }
        Ok(response(status, &body, None, fate == Some(Truncated)))
    }
}

fn error(code: &str) -> JsValue {
    let error = js_sys::TypeError::new("Failed to fetch");
    Reflect::set(&error, &"code".into(), &code.into()).expect("an error takes members");
    error.into()
}

/// A response whose body is there at once, or breaks off: a platform's own stream has turns of its own.
fn response(status: u16, body: &str, retry_after: Option<u64>, breaks_off: bool) -> JsValue {
    const RESPONSE: &str = "
        let sent = false;
        return {
          status,
          ok: status >= 200 && status < 300,
          headers: new Headers(wait === undefined ? {} : { 'retry-after': wait }),
          body: { getReader: () => ({
            cancel: async () => {},
            async read() {
              if (sent && broken) throw new TypeError('terminated');
              if (sent) return { done: true };
              sent = true;
              return { done: false, value: new TextEncoder().encode(broken ? body.slice(0, body.length / 2) : body) };
            },
          }) },
        };";
    let wait = retry_after.map_or(JsValue::UNDEFINED, |seconds| seconds.to_string().into());
    let make = Function::new_with_args("status, body, wait, broken", RESPONSE);
    let given = js_sys::Array::of4(&status.into(), &body.into(), &wait, &breaks_off.into());
    make.apply(&JsValue::UNDEFINED, &given).expect("it can be made")
}

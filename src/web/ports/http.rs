//! Sends a token request once and says what is known of it: the reply, or how far it got without one.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials,
    RequestInit, RequestRedirect, Response,
};

use super::timer::bounded;
use crate::core::machine::Sent;
use crate::core::oauth::messages::{BLOCKED_PORT, NO_REPLY, NO_REPLY_IN_PAGE, NO_REPLY_IN_TIME, OFFLINE};
use crate::core::oauth::request::HttpRequest;
use crate::core::oauth::response::Reply;
use crate::core::oauth::retry::proves_unsent;
use crate::core::secret::Secret;
use crate::core::time::UnixTime;
use crate::web::cause::{Cause, Fault};

/// A token response is never longer; a longer body is another page.
const LONGEST_BODY: usize = 1 << 20;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn platform_fetch(input: &JsValue, init: &RequestInit) -> Result<Promise, JsValue>;
}

#[wasm_bindgen(module = "/pkg-template/lib/ports/blocked.js")]
extern "C" {
    #[wasm_bindgen(js_name = isBlocked)]
    fn is_blocked(url: &str, error: &JsValue) -> bool;
}

/// `fetch`, the given one or the platform's as it is now.
pub async fn fetched(fetch: Option<&Function>, input: &JsValue, init: &RequestInit) -> Result<Response, JsValue> {
    let promise = match fetch {
        Some(fetch) => Promise::resolve(&fetch.call2(&JsValue::UNDEFINED, input, init)?),
        None => platform_fetch(input, init)?,
    };
    // Not `dyn_into`: a custom fetch may return a Response of another realm.
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// No reply came: how far the request got, and why.
pub struct NoReply {
    pub sent: Sent,
    pub fault: Fault,
}

/// One request and what became of it.
pub async fn send(fetch: Option<&Function>, request: &HttpRequest, timeout_ms: f64) -> Result<Reply, NoReply> {
    if fetch.is_none() && global("fetch").is_none() {
        return Err(NoReply::unbuildable("there is no fetch here: write the option `fetch`"));
    }
    let limit =
        AbortController::new().map_err(|error| NoReply { sent: Sent::Provably, fault: Fault::thrown(&error) })?;
    let init = init_of(request, &limit).map_err(NoReply::unbuildable)?;
    let asked = async {
        match fetched(fetch, &JsValue::from_str(request.url.reveal()), &init).await {
            Ok(response) if is_response(&response) => read(&response).await,
            Ok(given) => {
                let kind = given.js_typeof().as_string().unwrap_or_default();
                Err(NoReply::unbuildable(format!("fetch must give a Response (given: {kind})")))
            }
            Err(error) if is_blocked(request.url.reveal(), &error) => {
                let fault = Fault { reason: BLOCKED_PORT.to_owned(), cause: Some(Cause::from_js(&error)) };
                Err(NoReply { sent: Sent::Unbuildable, fault })
            }
            Err(error) => Err(NoReply::thrown(if is_unsent(&error) { Sent::Provably } else { Sent::Perhaps }, &error)),
        }
    };
    let in_time = bounded(asked, timeout_ms).await;
    if in_time.is_none() {
        limit.abort();
    }
    in_time.unwrap_or_else(|| Err(NoReply { sent: Sent::TimedOut, fault: NO_REPLY_IN_TIME.into() }))
}

impl NoReply {
    fn unbuildable(why: impl Into<String>) -> Self {
        Self { sent: Sent::Unbuildable, fault: why.into().into() }
    }

    /// By the platform. It does not say why, and a page is not told.
    fn thrown(sent: Sent, error: &JsValue) -> Self {
        let reason = if is_offline() {
            OFFLINE
        } else if has_location() {
            NO_REPLY_IN_PAGE
        } else {
            NO_REPLY
        };
        Self { sent, fault: Fault { reason: reason.to_owned(), cause: Some(Cause::from_js(error)) } }
    }
}

/// The error says what the header is called: the platform's own quotes its value.
fn init_of(request: &HttpRequest, limit: &AbortController) -> Result<RequestInit, String> {
    let headers = Headers::new().map_err(|_| "there are no Headers here".to_owned())?;
    for (name, value) in &request.headers {
        // Node refuses a control character only when it sends, and then does not say that nothing was sent.
        let has_control = value.text().trim().bytes().any(|byte| byte.is_ascii_control() && byte != b'\t');
        if has_control || headers.set(name, value.text()).is_err() {
            return Err(format!("the header {name} has a character that HTTP does not allow"));
        }
    }
    let init = RequestInit::new();
    init.set_method(&request.method);
    init.set_headers(&headers);
    if let Some(body) = &request.body {
        init.set_body(&JsValue::from_str(body.reveal()));
    }
    // A redirect would carry the refresh token to another origin: Node re-posts the body after a 307.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&limit.signal()));
    // No cookies, no cache, no address of the page; Workers know none of these and refuse the names.
    if has_location() {
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(RequestCredentials::Omit);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    }
    Ok(init)
}

/// A success that broke off was carried out, and brought nothing.
async fn read(response: &Response) -> Result<Reply, NoReply> {
    let field = |name| response.headers().get(name).ok().flatten();
    let retry_after = field("retry-after");
    let date = field("date").map(|date| js_sys::Date::parse(&date)).filter(|date| *date > 0.0);
    let body = match text_of(response).await {
        Ok(body) => body,
        Err(error) if response.ok() => return Err(NoReply::thrown(Sent::Perhaps, &error)),
        Err(_) => None,
    };
    Ok(Reply { status: response.status(), body, retry_after, date: date.map(UnixTime::from_millis_f64) })
}

/// The body's text, or `None` if it is too long.
async fn text_of(response: &Response) -> Result<Option<Secret>, JsValue> {
    let Some(stream) = response.body() else {
        // React Native's Response has no stream.
        return JsFuture::from(response.text()?).await.map(|text| text.as_string().map(Secret::new));
    };
    let mut bytes = Vec::new();
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &JsValue::from_str("done"))?.is_truthy() {
            break;
        }
        let value = Reflect::get(&part, &JsValue::from_str("value"))?;
        bytes.extend(js_sys::Uint8Array::new(&value).to_vec());
        if bytes.len() > LONGEST_BODY {
            // neither the rest of the body nor the result of the cancellation is needed
            wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(reader.cancel()).await) });
            return Ok(None);
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let secret = Secret::new(text);
    bytes.fill(0);
    Ok(Some(secret))
}

/// Whether the platform's error, its cause, or one of several causes (Node tries each address) proves that nothing was sent.
fn is_unsent(error: &JsValue) -> bool {
    let member = |value: &JsValue, name| Reflect::get(value, &JsValue::from_str(name)).unwrap_or_default();
    let proves = |value: &JsValue| {
        let text = |name| member(value, name).as_string().unwrap_or_default();
        proves_unsent(&text("code"), &text("syscall"), &text("message"))
    };
    let cause = member(error, "cause");
    let several = member(&cause, "errors").dyn_into::<Array>().unwrap_or_default();
    proves(error) || proves(&cause) || several.iter().any(|each| proves(&each))
}

/// `navigator.onLine` is a hint: it chooses words and stops nothing.
fn is_offline() -> bool {
    let on_line = global("navigator").and_then(|navigator| Reflect::get(&navigator, &JsValue::from_str("onLine")).ok());
    on_line.is_some_and(|on_line| on_line == JsValue::FALSE)
}

/// Whether this is a page or a worker of a page.
pub fn has_location() -> bool {
    global("location").is_some()
}

/// By the members that are read: a custom fetch may return anything.
fn is_response(given: &JsValue) -> bool {
    let member = |of: &JsValue, name| Reflect::get(of, &JsValue::from_str(name)).unwrap_or_default();
    member(&member(given, "headers"), "get").is_function() && member(given, "status").as_f64().is_some()
}

fn global(name: &str) -> Option<JsValue> {
    let found = Reflect::get(&js_sys::global(), &JsValue::from_str(name)).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

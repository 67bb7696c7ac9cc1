//! The options of a refresher: data under the names of the npm package, and beside it what is code.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use js_sys::Function;

use super::storage::{memory_storage, Async, Storage};
use super::value::Value;
use crate::core::json::{push_comma, push_seconds, push_string, Object};
use crate::core::oauth::id_token::IdentityCheck;
use crate::core::oauth::request::HttpRequest;
use crate::core::policy::Reuse;
use crate::core::record::Tokens;

/// Whom to ask, who is asking, when, and where the tokens live.
///
/// ```
/// use core::time::Duration;
/// use oauth_refresher::core::policy::Reuse;
/// use oauth_refresher::web::Options;
///
/// let options = Options::new("https://auth.example/token")
///     .client_id("my-app")
///     .scope("openid offline_access")
///     .timeout(Duration::from_secs(20))
///     .reuse(Reuse::UntilSuccessorUsed)
///     .origins(["https://api.example"]);
/// ```
///
/// What is data can come as data, with the names and values that the npm package documents; so does every provider that is
/// described there, with its wire shapes:
///
/// ```
/// # use oauth_refresher::web::{Misuse, Options};
/// # fn main() -> Result<(), Misuse> {
/// let options = Options::from_json(
///     r#"{
///         "token_endpoint": "https://api.example/v1/auth/token",
///         "request": { "body": "json", "names": { "refresh_token": "refreshToken" } },
///         "response": { "names": { "access_token": "accessToken" } },
///         "reuse": { "graceSeconds": 30 }
///     }"#,
/// )?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(super) data: Object,
    pub(super) client_secret: Option<Value>,
    pub(super) parameters: Vec<(String, Value)>,
    pub(super) headers: Vec<(String, Value)>,
    pub(super) authenticate: Option<Authenticate>,
    pub(super) storage: Rc<dyn Storage>,
    pub(super) fetch: Option<Function>,
}

/// Adds to a request that is about to be sent what only a function can: a signed assertion, say.
pub type Authenticate = Rc<dyn Fn(HttpRequest) -> Async<'static, Result<HttpRequest, String>>>;

/// Whether tokens are refreshed ahead of need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// In a window, while it is visible.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Only when a caller asks.
    Never,
}

/// What keeps contexts from refreshing at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// The storage's own lock, else Web Locks, else this realm only.
    #[default]
    Auto,
    /// This realm only.
    None,
}

impl Options {
    /// For that token endpoint: https, or http on a loopback host.
    pub fn new(token_endpoint: &str) -> Self {
        Self::of(Object::default()).text("token_endpoint", token_endpoint)
    }

    /// RFC 7009: where [`sign_out`](super::Refresher::sign_out) tells the server.
    pub fn revocation_endpoint(self, url: &str) -> Self {
        self.text("revocation_endpoint", url)
    }

    /// RFC 6749 section 2.2.
    pub fn client_id(self, client_id: &str) -> Self {
        self.text("client_id", client_id)
    }

    /// RFC 6749 section 2.3.1. Nothing that runs in a page is a secret: this is for Workers.
    pub fn client_secret(mut self, secret: impl Into<Value>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// `client_secret_basic` (the default where there is a secret), `client_secret_post` or `none`.
    pub fn client_auth(self, method: &str) -> Self {
        self.text("clientAuth", method)
    }

    /// Authentication that only a function can give: it gets each request before it is sent.
    pub fn authenticate<F>(mut self, authenticate: impl Fn(HttpRequest) -> F + 'static) -> Self
    where
        F: Future<Output = Result<HttpRequest, String>> + 'static,
    {
        self.authenticate = Some(Rc::new(move |request| Box::pin(authenticate(request))));
        self
    }

    /// What to ask for; left out of the request unless given.
    pub fn scope(self, scope: &str) -> Self {
        self.text("scope", scope)
    }

    /// RFC 8707, once for each resource.
    pub fn resource(mut self, uri: &str) -> Self {
        let mut all = String::from("[");
        for known in self.data.json().member("resource").unwrap_or_default().items() {
            push_comma(&mut all);
            all.push_str(known.raw());
        }
        push_comma(&mut all);
        push_string(&mut all, uri);
        all.push(']');
        self.data.set("resource", Some(&all));
        self
    }

    /// As some servers name what RFC 8707 names `resource`.
    pub fn audience(self, audience: &str) -> Self {
        self.text("audience", audience)
    }

    /// A further parameter; the grant's own cannot be replaced.
    pub fn parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// A further header field.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// How long before its end a token is refreshed in the background: a minute by default, and never more than a quarter of its
    /// lifetime.
    pub fn refresh_ahead(self, ahead: Duration) -> Self {
        self.seconds("refreshAheadSeconds", ahead)
    }

    /// Whether tokens are refreshed ahead of need.
    pub fn background(self, background: Background) -> Self {
        self.text("background", background.as_str())
    }

    /// Refresh at least this often also without a caller, so that an idle refresh token does not expire.
    pub fn keep_alive(self, every: Duration) -> Self {
        self.seconds("keepAliveSeconds", every)
    }

    /// What the server does with a refresh token that it sees twice.
    pub fn reuse(mut self, reuse: Reuse) -> Self {
        match reuse {
            Reuse::Never => self.text("reuse", "never"),
            Reuse::Always => self.text("reuse", "always"),
            Reuse::UntilSuccessorUsed => self.text("reuse", "until-successor-used"),
            Reuse::Grace(window) => {
                let mut seconds = String::new();
                push_seconds(&mut seconds, window.as_millis());
                self.data.set("reuse", Some(&format!("{{\"graceSeconds\":{seconds}}}")));
                self
            }
        }
    }

    /// How much of an id_token that comes with a refresh must be as in the stored one: issuer, subject and audience by default.
    pub fn identity_check(self, check: IdentityCheck) -> Self {
        self.text(
            "identityCheck",
            match check {
                IdentityCheck::Subject => "subject",
                IdentityCheck::Strict => "strict",
                IdentityCheck::Off => "off",
            },
        )
    }

    /// Where the tokens live; in memory by default.
    pub fn storage(self, storage: impl Storage + 'static) -> Self {
        self.shared_storage(Rc::new(storage))
    }

    /// The same, for a storage that several refreshers share.
    pub fn shared_storage(mut self, storage: Rc<dyn Storage>) -> Self {
        self.storage = storage;
        self
    }

    /// Used if the storage is empty: a refresh token from the environment, say.
    pub fn tokens(mut self, tokens: &Tokens) -> Self {
        self.data.set("tokens", Some(&tokens.to_json()));
        self
    }

    /// What keeps contexts from refreshing at the same time.
    pub fn lock(self, lock: Lock) -> Self {
        self.text("lock", if lock == Lock::None { "none" } else { "auto" })
    }

    /// In place of the platform's own.
    pub fn fetch(mut self, fetch: Function) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// How long one token request may take: thirty seconds by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.seconds("timeoutSeconds", timeout)
    }

    /// How often a request is repeated while callers wait, if it is known not to have reached the server or `reuse` allows it: three
    /// times by default.
    pub fn retries(mut self, retries: u32) -> Self {
        self.data.set("retries", Some(&format!("{retries}")));
        self
    }

    /// Where [`fetch`](super::Refresher::fetch) may send the access token: exact origins.
    pub fn origins<'a>(mut self, origins: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = String::from("[");
        for origin in origins {
            push_comma(&mut all);
            push_string(&mut all, origin);
        }
        all.push(']');
        self.data.set("origins", Some(&all));
        self
    }

    /// What [`fetch`](super::Refresher::fetch) does where the refresh after a 401 failed for now and the session goes on: `false` (the
    /// default) gives the error of the refresh, `true` the server's 401. Where a login is needed, it always gives the 401.
    pub fn keep_rejected_response(self, keeps: bool) -> Self {
        self.switch("keepRejectedResponse", keeps)
    }

    /// Plain http on purpose, for endpoints and origins alike: a container network. Without it http is for loopback only.
    pub fn allow_insecure_requests(self, allows: bool) -> Self {
        self.switch("allowInsecureRequests", allows)
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.data.json().member(name).is_some_and(|value| value.raw() == "true")
    }

    pub(super) fn word(&self, name: &str) -> String {
        self.data.json().text(name)
    }

    pub(super) fn timeout_ms(&self) -> f64 {
        let seconds = self.data.json().member("timeoutSeconds");
        seconds
            .and_then(|seconds| crate::core::json::decimal_thousandths(seconds.raw()))
            .map_or(30_000.0, |ms| ms as f64)
    }

    pub(super) fn lock_kind(&self) -> Lock {
        if self.word("lock") == "none" {
            Lock::None
        } else {
            Lock::Auto
        }
    }

    pub(super) fn background_kind(&self) -> Background {
        match self.word("background").as_str() {
            "always" => Background::Always,
            "never" => Background::Never,
            _ => Background::Auto,
        }
    }

    pub(super) fn of(data: Object) -> Self {
        let storage = Rc::new(memory_storage());
        Self {
            data,
            client_secret: None,
            parameters: Vec::new(),
            headers: Vec::new(),
            authenticate: None,
            storage,
            fetch: None,
        }
    }

    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.data.set_text(name, text);
        self
    }

    fn switch(mut self, name: &str, on: bool) -> Self {
        self.data.set(name, Some(if on { "true" } else { "false" }));
        self
    }

    fn seconds(mut self, name: &str, span: Duration) -> Self {
        let mut seconds = String::new();
        push_seconds(&mut seconds, u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        self.data.set(name, Some(&seconds));
        self
    }
}

impl Background {
    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// Without values, which may be secrets.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("token_endpoint", &self.word("token_endpoint")).finish_non_exhaustive()
    }
}

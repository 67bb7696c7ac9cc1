//! A Worker in Rust with one Durable Object per session: whoever holds the session's name gets access tokens, nobody gets the refresh
//! token. `PUT /NAME` takes a login's reply, `GET /NAME` answers with an access token, `DELETE /NAME` signs out.

use std::rc::Rc;

use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::web::{
    Async, Background, Lock, Options, RefreshError, Refresher, Revoke, Storage, StorageError, Tokens, Written,
};
use worker::{durable_object, event, Context, DurableObject, Env, Method, Request, Response, Result, State};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    let name = request.path();
    env.durable_object("SESSION")?.get_by_name(&name)?.fetch_with_request(request).await
}

/// One session. What it has in memory may be gone at any time; what counts is in its storage.
#[durable_object]
pub struct Session {
    refresher: std::result::Result<Refresher, String>,
}

impl DurableObject for Session {
    fn new(state: State, env: Env) -> Self {
        Self { refresher: opened(state, &env) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let refresher = match &self.refresher {
            Ok(refresher) => refresher,
            Err(error) => return Response::error(error.as_str(), 500),
        };
        let answered = match request.method() {
            Method::Put => match Tokens::parse(&request.text().await?) {
                Some(tokens) => refresher.set_tokens(tokens).await.map(|_| String::new()),
                None => return Response::error("write a token response", 400),
            },
            Method::Delete => refresher.sign_out(Revoke::Yes).await.map(|()| String::new()),
            _ => refresher.access_token().await,
        };
        answered.map_or_else(refused, Response::ok)
    }
}

fn refused(error: RefreshError) -> Result<Response> {
    let status = if error.is_session_ended() || !error.is_retryable() { 401 } else { 503 };
    Response::error(error.code().as_str(), status)
}

fn opened(state: State, env: &Env) -> std::result::Result<Refresher, String> {
    let text = |name: &str| env.var(name).map(|value| value.to_string()).map_err(|error| error.to_string());
    let options = Options::new(&text("TOKEN_ENDPOINT")?)
        .revocation_endpoint(&text("REVOCATION_ENDPOINT")?)
        .client_id(&text("CLIENT_ID")?)
        .background(Background::Never)
        // one object at a time has this storage
        .lock(Lock::None)
        .shared_storage(Rc::new(Own(state)));
    Refresher::new(options).map_err(|error| error.to_string())
}

/// The object's own storage: nothing else runs between its read and its write.
struct Own(State);

impl Own {
    async fn text(&self) -> std::result::Result<String, StorageError> {
        let text = self.0.storage().get::<String>("session").await;
        text.map(Option::unwrap_or_default).map_err(|error| StorageError::new(error.to_string()))
    }
}

impl Storage for Own {
    fn load(&self) -> Async<'_, std::result::Result<Stored, StorageError>> {
        Box::pin(async { Ok(Stored::from_text(&self.text().await?)) })
    }

    fn save<'a>(
        &'a self,
        record: Option<&'a Record>,
        expected: Option<u64>,
    ) -> Async<'a, std::result::Result<Written, StorageError>> {
        Box::pin(async move {
            if Stored::from_text(&self.text().await?).generation() != expected {
                return Ok(Written::Refused);
            }
            let written = match record {
                Some(record) => self.0.storage().put("session", record.to_json()).await,
                None => self.0.storage().delete("session").await.map(|_| ()),
            };
            written.map(|()| Written::Compared).map_err(|error| StorageError::new(error.to_string()))
        })
    }

    fn compares(&self) -> bool {
        true
    }
}

//! `fetch` with the access token, for the origins of the options and no others (RFC 6750 section 5.3); when a resource server refuses
//! the token, one refresh and one retry.

use alloc::string::String;
use core::fmt;

use wasm_bindgen::JsValue;
use web_sys::{Request, RequestInit, RequestRedirect, Response};

use super::demand::Demand;
use super::driver::Driver;
use super::error::RefreshError;
use super::options_check::origin_of;
use super::ports::http::fetched;
use super::ports::wake::is_workerd;
use crate::core::messages::UNLISTED;
use crate::core::oauth::challenge::rejects_token;
use crate::core::secret::Secret;
use crate::core::token_set::TokenSet;

/// Why there is no response.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FetchError {
    /// That origin gets no access token: it is not among the option `origins`.
    OtherOrigin(String),
    /// There is no access token.
    Refresh(RefreshError),
    /// The platform's own error: the network, CORS, an abort.
    Failed(JsValue),
}

pub async fn authorized(driver: &Driver, request: &Request) -> Result<Response, FetchError> {
    let origin = origin_of(&request.url()).unwrap_or_default();
    let mut origins = driver.options().data.json().member("origins").unwrap_or_default().items();
    if !origins.any(|listed| listed.string().as_deref() == Some(&origin)) {
        return Err(FetchError::OtherOrigin(origin));
    }
    let tokens = Demand::default().answered_by(driver).await?;
    // It can be read once, whatever it was made of, and is perhaps sent twice.
    let spare = request.clone().map_err(FetchError::Failed)?;
    let response = sent(driver, request, &tokens).await?;
    if !is_from(&origin, &response) || !is_refused(&response) {
        return Ok(response);
    }
    let rejected = Demand::default().rejected(tokens.access_token());
    match rejected.answered_by(driver).await {
        // After a login as another person the request is not that person's.
        Ok(others) if others.access_token() != tokens.access_token() && others.is_of_session(&tokens) => {
            sent(driver, &spare, &others).await
        }
        // The 401 means that a login is needed; where the session goes on, it would say so by mistake.
        Err(error) if !error.is_login_required() && !driver.options().is_on("keepRejectedResponse") => {
            Err(error.into())
        }
        // what the server said is all there is
        Ok(_) | Err(_) => Ok(response),
    }
}

async fn sent(driver: &Driver, request: &Request, tokens: &TokenSet) -> Result<Response, FetchError> {
    let init = RequestInit::new();
    if is_workerd() {
        // workerd carries Authorization to whatever origin a server points at
        init.set_redirect(RequestRedirect::Manual);
    }
    let authorization = Secret::new([tokens.token_type(), " ", tokens.access_token()].concat());
    let request = Request::new_with_request_and_init(request, &init).map_err(FetchError::Failed)?;
    request.headers().set("authorization", authorization.reveal()).map_err(FetchError::Failed)?;
    let fetch = driver.options().fetch.as_ref();
    fetched(fetch, &request, &RequestInit::new()).await.map_err(FetchError::Failed)
}

/// Behind a redirect to another origin no token was sent: what that server refuses is not the token.
fn is_from(origin: &str, response: &Response) -> bool {
    !response.redirected() || origin_of(&response.url()).as_deref() == Some(origin)
}

/// RFC 6750 section 3: a 401 whose challenges refuse the token. One whose challenges cannot be read, because the server sent none
/// or CORS hides them, is believed as it is (RFC 9110 section 15.5.2).
fn is_refused(response: &Response) -> bool {
    response.status() == 401
        && response.headers().get("www-authenticate").ok().flatten().is_none_or(|challenges| rejects_token(&challenges))
}

impl From<RefreshError> for FetchError {
    fn from(error: RefreshError) -> Self {
        Self::Refresh(error)
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOrigin(origin) => write!(formatter, "{origin}{UNLISTED}"),
            Self::Refresh(error) => error.fmt(formatter),
            Self::Failed(_) => formatter.write_str("the request failed"),
        }
    }
}

impl core::error::Error for FetchError {}

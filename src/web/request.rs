//! What the machine's requests need from outside: values that are asked for at each attempt, and authentication that only a
//! function can give.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::cause::Fault;
use super::options::Options;
use super::value::Value;
use crate::core::json::Value as Json;
use crate::core::oauth::request::{BadValue, HttpRequest, Values};

/// Calls the options' functions now, so that a rotated secret or a new request id is sent.
pub async fn values(options: &Options, endpoint: &str) -> Result<Values, Fault> {
    let client_secret = match &options.client_secret {
        Some(secret) => secret.now().await?,
        None => String::new(),
    };
    Ok(Values::new(endpoint, client_secret, resolved(&options.parameters).await?, resolved(&options.headers).await?))
}

async fn resolved(given: &[(String, Value)]) -> Result<Json, Fault> {
    let mut values = Vec::new();
    for (name, value) in given {
        values.push((name.clone(), Json::Text(value.now().await?)));
    }
    Ok(Json::List(values))
}

/// The request, once the user's function has had it.
pub async fn authenticated(options: &Options, request: Result<HttpRequest, BadValue>) -> Result<HttpRequest, Fault> {
    let request = request.map_err(|bad| format!("{} must be {}", bad.name, bad.wanted))?;
    match &options.authenticate {
        Some(authenticate) => authenticate(request).await.map_err(Fault::from),
        None => Ok(request),
    }
}

/// Its secrets.
pub fn secrets(values: &Values, request: &HttpRequest, learn: &mut dyn FnMut(&str)) {
    learn(values.client_secret());
    for (_, value) in values.headers().iter().chain(&request.headers) {
        learn(value.text());
    }
    learn(request.body.as_ref().map_or("", |body| body.reveal()));
}

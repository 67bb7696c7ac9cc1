//! What the machine's requests need from outside: values that are asked for at each attempt, and authentication that only a
//! function can give.

use alloc::format;
use alloc::string::String;

use super::options::Options;
use super::value::Value;
use crate::core::json::Object;
use crate::core::oauth::request::{BadValue, HttpRequest, Values};

/// Whoever gave a function is asked now, so that a rotated secret or a fresh request id is sent.
pub async fn values(options: &Options, endpoint: &str) -> Result<Values, String> {
    let mut all = Object::default();
    all.set_text("endpoint", endpoint);
    if let Some(secret) = &options.client_secret {
        all.set_text("client_secret", &secret.now().await?);
    }
    all.set("parameters", Some(resolved(&options.parameters).await?.json().raw()));
    all.set("headers", Some(resolved(&options.headers).await?.json().raw()));
    Ok(Values::from_json(all.json()))
}

async fn resolved(given: &[(String, Value)]) -> Result<Object, String> {
    let mut values = Object::default();
    for (name, value) in given {
        values.set_text(name, &value.now().await?);
    }
    Ok(values)
}

/// The request, once the user's function has had it.
pub async fn authenticated(options: &Options, request: Result<HttpRequest, BadValue>) -> Result<HttpRequest, String> {
    let request = request.map_err(|bad| format!("{} must be {}", bad.name, bad.wanted))?;
    match &options.authenticate {
        Some(authenticate) => authenticate(request).await,
        None => Ok(request),
    }
}

/// Everything in it that nobody may see.
pub fn secrets(values: &Values, request: &HttpRequest, learn: &mut dyn FnMut(&str)) {
    learn(values.client_secret.reveal());
    for headers in [&values.headers, &request.headers] {
        for (_, value) in headers.json().members() {
            learn(&value.string().unwrap_or_default());
        }
    }
    learn(request.body.as_ref().map_or("", |body| body.reveal()));
}

//! What is wrong with options, said at once: which one, and what to write instead.

use alloc::format;
use alloc::string::{String, ToString};

use core::net::Ipv4Addr;

use web_sys::Url;

use super::error::Misuse;
use super::options::Options;
use super::ports::http::has_location;
use crate::core::messages::ENDPOINT;
use crate::core::option_kinds::misfit;

impl Options {
    /// With what has to be there, or what is wrong with it.
    pub(super) fn checked(mut self) -> Result<Self, Misuse> {
        if self.authenticate.is_some() {
            self = self.text("clientAuth", "custom");
        } else if self.data.json().member("clientAuth").is_none() {
            let method = if self.client_secret.is_some() { "client_secret_basic" } else { "none" };
            self = self.text("clientAuth", method);
        }
        check(&self)?;
        Ok(self)
    }
}

/// What no option can say alone: one is missing, or two contradict each other.
fn check(options: &Options) -> Result<(), Misuse> {
    let endpoint = options.word("token_endpoint");
    if endpoint.is_empty() {
        return misuse("token_endpoint is missing: write its URL");
    }
    let insecure = options.is_on("allowInsecureRequests");
    for name in ["token_endpoint", "revocation_endpoint"] {
        let url = options.word(name);
        if !url.is_empty() && !is_endpoint(&url, insecure) {
            return misuse(&misfit(name, ENDPOINT, options.data.json().member(name).unwrap_or_default()));
        }
    }
    let auth = options.word("clientAuth");
    if !["none", "client_secret_basic", "client_secret_post", "custom"].contains(&auth.as_str()) {
        let given = options.data.json().member("clientAuth").unwrap_or_default();
        return misuse(&misfit("clientAuth", "none|client_secret_basic|client_secret_post", given));
    }
    // RFC 6749 section 2.3: no more than one method of client authentication per request
    match (auth.contains("secret"), options.client_secret.is_some()) {
        (true, false) => return misuse(&format!("client_secret is missing: clientAuth {auth} needs it")),
        (false, true) => {
            return misuse(&format!("client_secret and clientAuth {auth} exclude each other: leave one out"))
        }
        (true, true) | (false, false) => {}
    }
    let has_basic = options.data.json().member("request").and_then(|request| request.member("basic")).is_some();
    if auth == "client_secret_basic" && options.word("client_id").is_empty() && !has_basic {
        return misuse("client_id is missing: clientAuth client_secret_basic needs it");
    }
    for (name, _) in &options.headers {
        if name.eq_ignore_ascii_case("authorization") && auth != "none" {
            return misuse(&format!("headers.{name} and clientAuth {auth} exclude each other: leave one out"));
        }
    }
    // RFC 6749 section 3.2: no parameter more than once
    for (name, _) in &options.parameters {
        let fixed = ["grant_type", "refresh_token", "client_id", "client_secret"].contains(&name.as_str());
        let twice =
            ["scope", "resource", "audience"].contains(&name.as_str()) && options.data.json().member(name).is_some();
        if fixed || twice {
            return misuse(&format!("parameters.{name} cannot be set here: it has an option of its own"));
        }
    }
    for (at, given) in options.data.json().member("origins").unwrap_or_default().items().enumerate() {
        let origin = given.string().unwrap_or_default();
        let is_origin = is_endpoint(&origin, insecure) && origin_of(&origin).as_deref() == Some(origin.as_str());
        if !is_origin || origin.contains('*') {
            return misuse(&misfit(&format!("origins[{at}]"), "an https origin without a path", given));
        }
    }
    Ok(())
}

/// The origin of an absolute http or https URL. (A blob has the origin of its creator.)
pub fn origin_of(url: &str) -> Option<String> {
    let url = Url::new(url).ok()?;
    ["https:", "http:"].contains(&url.protocol().as_str()).then(|| url.origin())
}

/// RFC 6749 section 3.2 and section 10.4: TLS, no fragment; without TLS only where nothing leaves the machine, or on purpose.
fn is_endpoint(text: &str, insecure: bool) -> bool {
    let Ok(url) = Url::new(text) else { return false };
    let secure = match url.protocol().as_str() {
        "https:" => true,
        "http:" => insecure || is_local(&url.hostname()),
        _ => false,
    };
    secure && url.username().is_empty() && url.password().is_empty() && !text.contains('#')
}

/// Browsers resolve names under .localhost to loopback; other platforms ask the DNS.
fn is_local(host: &str) -> bool {
    let is_loopback = host.starts_with("127.") && host.parse::<Ipv4Addr>().is_ok();
    is_loopback || host == "localhost" || host == "[::1]" || host.ends_with(".localhost") && has_location()
}

fn misuse(text: &str) -> Result<(), Misuse> {
    Err(Misuse(text.to_string()))
}

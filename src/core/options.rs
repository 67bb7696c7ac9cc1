//! The options of a refresher, read once when a machine is created, under the names of the npm package: the client (RFC 6749
//! section 2), the wire shapes, the meaning of errors, and the policy. Options that are functions belong to the driver.

use alloc::string::String;

use super::json::{Json, Value};
use super::oauth::id_token::IdentityCheck;
use super::oauth::request::Client;
use super::oauth::response::login;
use super::policy::Policy;
use super::provider::ResponseShape;
use super::record::{fingerprint, Tokens};
use super::secret::Secret;

/// The options of a machine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Times, limits and `reuse`.
    pub policy: Policy,
    /// Tokens for a storage that is empty at the first read.
    pub tokens: Option<Tokens>,
    /// Names the issuer (or the token endpoint, if no issuer is given) and the client.
    pub owner: String,
    /// All options but the tokens.
    all: Value,
}

impl Options {
    /// From the options in JSON. Absent members have their default.
    pub fn from_json(options: Json<'_>) -> Self {
        let mut all = Value::from_json(options);
        if let Value::List(members) = &mut all {
            members.retain(|(name, _)| name != "tokens");
        }
        Self {
            policy: Policy::from_options(&all),
            tokens: options.member("tokens").and_then(|tokens| login(tokens, ResponseShape::new(&all))),
            owner: owner(&all),
            all,
        }
    }

    /// The client, and the shape of its requests.
    pub fn client(&self) -> Client<'_> {
        Client::new(&self.all)
    }

    /// The shape of replies, and the meaning of errors.
    pub fn response(&self) -> ResponseShape<'_> {
        ResponseShape::new(&self.all)
    }

    /// Which claims of a refreshed id_token are compared.
    pub fn identity_check(&self) -> IdentityCheck {
        match self.all.member("identityCheck").text() {
            "off" => IdentityCheck::Off,
            "strict" => IdentityCheck::Strict,
            _ => IdentityCheck::Subject,
        }
    }
}

/// A token endpoint may change within one issuer. Without an issuer, another endpoint is another server.
fn owner(options: &Value) -> String {
    let issuer = options.member("issuer").text();
    let server = if issuer.is_empty() { options.member("token_endpoint").text() } else { issuer };
    let mut owner = String::from(server.strip_suffix('/').unwrap_or(server));
    owner.push(' ');
    owner.push_str(options.member("client_id").text());
    fingerprint(&Secret::new(owner))
}

//! The options of a refresher, read once when a machine is made, with the names that the npm package documents: the client
//! and its wire shapes (RFC 6749 section 2), what refusals mean, and the policy. What is code among the options is the driver's.

use alloc::string::String;

use super::json::{Json, Value};
use super::oauth::id_token::IdentityCheck;
use super::oauth::request::Client;
use super::oauth::response::login;
use super::policy::Policy;
use super::provider::ResponseShape;
use super::record::{fingerprint, Tokens};
use super::secret::Secret;

/// What a machine decides with.
#[derive(Clone, Debug)]
pub struct Options {
    /// When, and how often.
    pub policy: Policy,
    /// Tokens for a storage that turns out to be empty.
    pub tokens: Option<Tokens>,
    /// Names the issuer, or the token endpoint where no issuer is given, and the client.
    pub owner: String,
    /// All of them but the tokens.
    all: Value,
}

impl Options {
    /// From the options in JSON; members that are not there have their default.
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

    /// Who asks, for what, and how this server wants it.
    pub fn client(&self) -> Client<'_> {
        Client::new(&self.all)
    }

    /// How the server replies, and what its errors mean.
    pub fn response(&self) -> ResponseShape<'_> {
        ResponseShape::new(&self.all)
    }

    /// How much of an id_token that comes with a refresh is compared.
    pub fn identity_check(&self) -> IdentityCheck {
        match self.all.member("identityCheck").text() {
            "off" => IdentityCheck::Off,
            "strict" => IdentityCheck::Strict,
            _ => IdentityCheck::Subject,
        }
    }
}

/// A token endpoint may move within one issuer; where no issuer is named, another endpoint is another server.
fn owner(options: &Value) -> String {
    let issuer = options.member("issuer").text();
    let server = if issuer.is_empty() { options.member("token_endpoint").text() } else { issuer };
    let mut owner = String::from(server.strip_suffix('/').unwrap_or(server));
    owner.push(' ');
    owner.push_str(options.member("client_id").text());
    fingerprint(&Secret::new(owner))
}

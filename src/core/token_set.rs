//! The token set for callers: the members of a token response (RFC 6749 section 5.1) without the refresh token.

use alloc::string::String;

use super::json::Json;
use super::record::Tokens;
use super::secret::Secret;
use super::time::UnixTime;

/// An access token and the other members of its response, never the refresh token. `Debug` shows no token.
#[derive(Clone, Debug)]
pub struct TokenSet {
    access_token: Secret,
    tokens: Tokens,
    json: Secret,
    session: String,
}

impl TokenSet {
    /// From JSON, such as the text of [`Holding::tokens`](super::machine::Holding::tokens). `None` without an access token.
    pub fn from_json(text: &str) -> Option<Self> {
        let tokens = Tokens { refresh_token: None, ..Tokens::parse(text)? };
        let access_token = tokens.access_token.clone()?;
        let json = Secret::new(tokens.to_json());
        Some(Self { access_token, tokens, json, session: String::new() })
    }

    /// The same for a login: [`Holding::session`](super::machine::Holding::session).
    pub fn of_session(self, session: String) -> Self {
        Self { session, ..self }
    }

    /// Whether both descend from one login.
    pub fn is_of_session(&self, other: &Self) -> bool {
        self.session == other.session
    }

    /// The token set as JSON text, with its tokens.
    pub fn to_json(&self) -> &str {
        self.json.reveal()
    }

    /// The access token itself.
    pub fn access_token(&self) -> &str {
        self.access_token.reveal()
    }

    /// In its registered form: `Bearer`, `DPoP`.
    pub fn token_type(&self) -> &str {
        self.tokens.token_type.as_ref().map_or("Bearer", Secret::reveal)
    }

    /// When the access token expires, if that is known.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.tokens.expires_at
    }

    /// The scope of the access token (RFC 6749 section 3.3), if it is known.
    pub fn scope(&self) -> Option<String> {
        self.tokens.scope.as_ref().map(|scope| String::from(scope.reveal()))
    }

    /// The id_token (OpenID Connect), if there is one.
    pub fn id_token(&self) -> Option<String> {
        self.tokens.id_token.as_ref().map(|token| String::from(token.reveal()))
    }

    /// Any member, as the JSON that the server sent (for example GoTo's `principal`).
    pub fn member(&self, name: &str) -> Option<Json<'_>> {
        Json::parse(self.to_json())?.member(name)
    }
}

/// Compares the contents.
impl PartialEq for TokenSet {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for TokenSet {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_set_takes_no_refresh_token_and_shows_no_token() {
        let set = TokenSet::from_json(
            r#"{"access_token":"tGzv3JOkF0XG","refresh_token":"8xLOxBtZp8","expires_at":1700000000.5,"principal":{"id":12345678901234567890}}"#,
        )
        .expect("it has an access token");
        assert_eq!((set.access_token(), set.token_type()), ("tGzv3JOkF0XG", "Bearer"));
        assert_eq!(set.expires_at(), Some(UnixTime::from_millis(1_700_000_000_500)));
        assert!(set.member("principal").is_some_and(|json| json.raw() == r#"{"id":12345678901234567890}"#));
        assert!(set.member("refresh_token").is_none());
        assert!(!format!("{set:?}").contains("tGzv3JOk"), "{set:?}");
    }

    #[test]
    fn without_an_access_token_there_is_no_token_set() {
        for text in ["", "null", "{}", r#"{"access_token":""}"#, r#"{"access_token":7}"#] {
            assert_eq!(TokenSet::from_json(text), None, "{text}");
        }
    }
}

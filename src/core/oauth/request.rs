//! The token request of a refresh (RFC 6749 section 6) and the revocation request (RFC 7009 section 2.1) as values:
//! method, address, header fields and body, built from the provider's shape, the client's authentication
//! (section 2.3) and the values a driver resolved for this attempt.

use alloc::string::String;

use super::draft::Draft;
use super::encoding::{base64, push_form, push_path, replaced};
use crate::core::json::{push_raw, push_text, Json, Object};
use crate::core::provider::RequestShape;
use crate::core::record::Tokens;
use crate::core::secret::Secret;

/// Who asks, for what, and how this server wants it (RFC 6749 sections 2.2 and 2.3, RFC 8707): read from the options in JSON.
#[derive(Clone, Copy, Default)]
pub struct Client<'a> {
    options: Json<'a>,
    shape: RequestShape<'a>,
}

/// What a driver resolved for one attempt.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Where the request goes.
    pub endpoint: String,
    /// RFC 6749 section 2.3.1.
    pub client_secret: Secret,
    /// How the server wants the secret, where nobody chose.
    pub client_auth: String,
    /// Further parameters.
    pub parameters: Object,
    /// Further header fields.
    pub headers: Object,
}

/// A request, ready for `fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`, as a rule.
    pub method: String,
    /// The address, with its query.
    pub url: Secret,
    /// Header fields.
    pub headers: Object,
    /// The body, if there is one.
    pub body: Option<Secret>,
}

/// A value the user filled in does not look as it must: its name, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The parameter or header field.
    pub name: String,
    /// What to write instead.
    pub wanted: &'static str,
}

impl<'a> Client<'a> {
    /// From the options in JSON.
    pub fn new(options: Json<'a>) -> Self {
        Self { options, shape: RequestShape(options.member("request").unwrap_or_default()) }
    }

    /// The request that exchanges the refresh token of `tokens`.
    pub fn refresh_request(self, values: &Values, tokens: &Tokens) -> Result<HttpRequest, BadValue> {
        let mut draft = Draft::new(self.shape, values)?;
        draft.parameter("grant_type", &self.shape.text_or("grant_type", "refresh_token"));
        draft.parameter("refresh_token", &tokens.refresh_token().unwrap_or_default());
        self.authenticate(&mut draft, values);
        let separator = self.shape.text_or("scopeSeparator", " ");
        draft.parameter("scope", &replaced(&self.options.text("scope"), " ", &separator));
        draft.list("resource", self.options.member("resource").unwrap_or_default());
        draft.parameter("audience", &self.options.text("audience"));
        draft.further(values);
        Ok(draft.finish(values))
    }

    /// The request that revokes a refresh token. Its wire is RFC 7009's, whatever the token request looks like.
    pub fn revocation_request(self, values: &Values, refresh_token: &str) -> Result<HttpRequest, BadValue> {
        let mut draft = Draft::new(RequestShape::default(), values)?;
        draft.parameter("token", refresh_token);
        draft.parameter("token_type_hint", "refresh_token");
        self.authenticate(&mut draft, values);
        draft.further(values);
        Ok(draft.finish(values))
    }

    /// RFC 6749 section 2.3. A public client sends its `client_id`; so does one whose driver adds the rest itself.
    fn authenticate(self, draft: &mut Draft<'_>, values: &Values) {
        let known = values.client_auth.as_str();
        let method = if known.is_empty() { self.options.literal("clientAuth") } else { known };
        let secret = values.client_secret.reveal();
        if method == "client_secret_basic" {
            return draft.header("authorization", &self.basic(secret));
        }
        draft.parameter("client_id", &self.options.text("client_id"));
        if method == "client_secret_post" {
            draft.parameter("client_secret", secret);
        }
    }

    /// RFC 6749 section 2.3.1: both parts form-encoded before they are joined, unless the server wants them raw.
    fn basic(self, secret: &str) -> String {
        let own = self.shape.0.member("basic");
        let encoding = self.options.literal("basicEncoding");
        let mut credentials = String::new();
        for &(part, registered) in &[("username", "client_id"), ("password", "client_secret")] {
            let text = match own.map_or(registered, |own| own.literal(part)) {
                "client_id" => self.options.text("client_id"),
                "client_secret" => String::from(secret),
                _ => String::new(),
            };
            if part == "password" {
                credentials.push(':');
            }
            match encoding {
                "raw" => credentials.push_str(&text),
                "percent" => push_path(&mut credentials, &text),
                _ => push_form(&mut credentials, &text),
            }
        }
        let mut header = String::from("Basic ");
        header.push_str(&base64(credentials.as_bytes()));
        header
    }
}

impl Values {
    /// From the JSON a driver hands over: `{endpoint, client_secret, parameters, headers}`.
    pub fn from_json(values: Json<'_>) -> Self {
        Self {
            endpoint: values.text("endpoint"),
            client_secret: Secret::new(values.text("client_secret")),
            client_auth: values.text("clientAuth"),
            parameters: Object::of(values.member("parameters").unwrap_or_default()),
            headers: Object::of(values.member("headers").unwrap_or_default()),
        }
    }

    /// A parameter or a header field, in any letter case, as the user gave it.
    pub(super) fn given(&self, name: &str) -> String {
        for object in [&self.parameters, &self.headers] {
            for (key, value) in object.json().members() {
                if key.eq_ignore_ascii_case(name) {
                    return value.string().unwrap_or_default();
                }
            }
        }
        String::new()
    }
}

impl HttpRequest {
    /// `{"method":…,"url":…,"body":…,"headers":{…}}`
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        push_text(&mut out, "method", &self.method);
        push_text(&mut out, "url", self.url.reveal());
        if let Some(body) = &self.body {
            push_text(&mut out, "body", body.reveal());
        }
        push_raw(&mut out, "headers", self.headers.json().raw());
        out.push('}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(options: &str, values: &str, tokens: &str) -> Result<HttpRequest, BadValue> {
        let client = Client::new(Json::parse(options).unwrap());
        let values = Values::from_json(Json::parse(values).unwrap());
        client.refresh_request(&values, &Tokens::from_json(Json::parse(tokens).unwrap()))
    }

    fn header(request: &HttpRequest, name: &str) -> Option<String> {
        request.headers.json().member(name)?.string()
    }

    fn body(request: &HttpRequest) -> &str {
        request.body.as_ref().map_or("", Secret::reveal)
    }

    #[test]
    fn a1_a2_a10_a_public_clients_refresh_is_rfc_6749_section_6() {
        let request =
            build(r#"{"client_id":"s6"}"#, r#"{"endpoint":"https://as/token"}"#, r#"{"refresh_token":"tGz+/"}"#)
                .unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=tGz%2B%2F&client_id=s6");
        assert_eq!(header(&request, "accept").as_deref(), Some("application/json"));
        assert_eq!(header(&request, "authorization").as_deref(), None);
    }

    #[test]
    fn a7_basic_is_form_encoded_by_default_and_raw_on_request() {
        let values = r#"{"endpoint":"https://as/token","client_secret":"7Fjfp0ZBr1KtDRbnfVdmIw"}"#;
        let request = build(
            r#"{"client_id":"s6BhdRkqt3","clientAuth":"client_secret_basic"}"#,
            values,
            r#"{"refresh_token":"r"}"#,
        )
        .unwrap();
        assert_eq!(
            header(&request, "authorization").as_deref(),
            Some("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")
        );
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=r");

        let values = r#"{"endpoint":"https://as/token","client_secret":"3na+9=="}"#;
        let encoded = build(r#"{"client_id":"id","clientAuth":"client_secret_basic"}"#, values, "{}").unwrap();
        assert_eq!(
            header(&encoded, "authorization").as_deref(),
            Some(format!("Basic {}", base64(b"id:3na%2B9%3D%3D")).as_str())
        );
        let raw = build(r#"{"client_id":"id","clientAuth":"client_secret_basic","basicEncoding":"raw"}"#, values, "{}")
            .unwrap();
        assert_eq!(header(&raw, "authorization").as_deref(), Some(format!("Basic {}", base64(b"id:3na+9==")).as_str()));
    }

    #[test]
    fn a4_further_parameters_cannot_replace_the_grant() {
        let request = build(r#"{"client_id":"c"}"#, r#"{"endpoint":"https://as/t","parameters":{"grant_type":"password","refresh_token":"x","tenant":"42","empty":"","__proto__":"x"}}"#, r#"{"refresh_token":"r"}"#).unwrap();
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=r&client_id=c&tenant=42");
    }

    #[test]
    fn a13_the_endpoints_own_query_is_kept() {
        let request =
            build(r#"{"request":{"body":"query"}}"#, r#"{"endpoint":"https://as/t?v=2"}"#, r#"{"refresh_token":"r"}"#)
                .unwrap();
        assert_eq!(request.url.reveal(), "https://as/t?v=2&grant_type=refresh_token&refresh_token=r");
        assert_eq!(request.body, None);
    }

    #[test]
    fn g1_resources_repeat_as_in_rfc_8707() {
        let request = build(
            r#"{"resource":["https://a/","https://b/"],"scope":"x y","audience":"api"}"#,
            r#"{"endpoint":"https://as/t"}"#,
            r#"{"refresh_token":"r"}"#,
        )
        .unwrap();
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=r&scope=x+y&resource=https%3A%2F%2Fa%2F&resource=https%3A%2F%2Fb%2F&audience=api");
    }

    #[test]
    fn vault_gets_two_headers_and_one_member() {
        let options = r#"{"request":{"body":"json","names":{"refresh_token":"refreshToken","grant_type":"grantType"},"place":{"grant_type":"header"},"check":{"partnerId":"int32"}}}"#;
        let request = build(
            options,
            r#"{"endpoint":"https://v/v1/auth/token","headers":{"partnerId":"7"}}"#,
            r#"{"refresh_token":"dGhp\"s"}"#,
        )
        .unwrap();
        assert_eq!(body(&request), r#"{"refreshToken":"dGhp\"s"}"#);
        assert_eq!(header(&request, "grantType").as_deref(), Some("refresh_token"));
        assert_eq!(header(&request, "partnerId").as_deref(), Some("7"));

        let refused =
            build(options, r#"{"endpoint":"https://v","headers":{"partnerId":"2147483648"}}"#, "{}").unwrap_err();
        assert_eq!(refused.name, "partnerId");
    }

    #[test]
    fn a_parameter_in_the_path_is_percent_encoded() {
        let request = build(
            r#"{"request":{"body":"none","place":{"refresh_token":"path"},"names":{"grant_type":null}}}"#,
            r#"{"endpoint":"https://t/{refresh_token}/x"}"#,
            r#"{"refresh_token":"a/b c"}"#,
        )
        .unwrap();
        assert_eq!(request.url.reveal(), "https://t/a%2Fb%20c/x");
    }

    #[test]
    fn g8_a_revocation_names_the_token_and_its_type() {
        let client = Client::new(Json::parse(r#"{"client_id":"c"}"#).unwrap());
        let values = Values { endpoint: "https://as/revoke".into(), ..Values::default() };
        let request = client.revocation_request(&values, "rt").unwrap();
        assert_eq!(body(&request), "token=rt&token_type_hint=refresh_token&client_id=c");
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let request = build(
            r#"{"client_id":"c","clientAuth":"client_secret_post"}"#,
            r#"{"endpoint":"https://as/t","client_secret":"hunter2hunter2"}"#,
            r#"{"refresh_token":"refreshrefresh"}"#,
        )
        .unwrap();
        let shown = format!("{request:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("refreshr"), "{shown}");
    }
}

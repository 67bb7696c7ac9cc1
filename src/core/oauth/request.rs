//! The token request of a refresh (RFC 6749 section 6) and the revocation request (RFC 7009 section 2.1) as values: method, URL, header
//! fields and body. They are built from the provider's shape, the client authentication (section 2.3) and the driver's values for this
//! attempt.

use alloc::string::String;

use super::draft::Draft;
pub use super::draft::{BadValue, HttpRequest, Values};
use super::encoding::{base64, push_form, push_path, replaced};
use crate::core::json::Value;
use crate::core::provider::RequestShape;
use crate::core::record::Tokens;

/// The client, what it requests, and the shape of its requests (RFC 6749 sections 2.2 and 2.3, RFC 8707).
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    options: &'a Value,
    shape: RequestShape<'a>,
}

impl<'a> Client<'a> {
    /// From the options.
    pub fn new(options: &'a Value) -> Self {
        Self { options, shape: RequestShape::new(options.member("request")) }
    }

    /// The client identifier (RFC 6749 section 2.2).
    pub fn client_id(self) -> &'a str {
        self.text("client_id")
    }

    /// The token request with the refresh token of `tokens`.
    pub fn refresh_request(self, values: &Values, tokens: &Tokens) -> Result<HttpRequest, BadValue> {
        let mut draft = Draft::new(self.shape, values)?;
        draft.parameter("grant_type", self.shape.text_or("grant_type", "refresh_token"));
        draft.parameter("refresh_token", tokens.refresh_token().unwrap_or_default());
        self.authenticate(&mut draft, values);
        let separator = self.shape.text_or("scopeSeparator", " ");
        draft.parameter("scope", &replaced(self.text("scope"), " ", separator));
        draft.list("resource", self.options.member("resource").each());
        draft.parameter("audience", self.text("audience"));
        draft.further(values);
        Ok(draft.finish(values))
    }

    /// The request that revokes a refresh token. Its form is that of RFC 7009, whatever the shape of the token request.
    pub fn revocation_request(self, values: &Values, refresh_token: &str) -> Result<HttpRequest, BadValue> {
        let mut draft = Draft::new(RequestShape::default(), values)?;
        draft.parameter("token", refresh_token);
        draft.parameter("token_type_hint", "refresh_token");
        self.authenticate(&mut draft, values);
        draft.further(values);
        Ok(draft.finish(values))
    }

    /// Client authentication (RFC 6749 section 2.3). `client_id` is a parameter unless the header has it: for public clients, and where the
    /// driver adds the rest.
    fn authenticate(self, draft: &mut Draft<'_>, values: &Values) {
        let known = values.client_auth();
        let method = if known.is_empty() { self.text("clientAuth") } else { known };
        let secret = values.client_secret();
        if method == "client_secret_basic" {
            return draft.header("authorization", &self.basic(secret));
        }
        draft.parameter("client_id", self.client_id());
        if method == "client_secret_post" {
            draft.parameter("client_secret", secret);
        }
    }

    /// The Basic header (RFC 6749 section 2.3.1). Both parts are form-encoded first, unless `basicEncoding` has another encoding.
    fn basic(self, secret: &str) -> String {
        let mut credentials = String::new();
        self.push_credential(&mut credentials, "username", "client_id", secret);
        credentials.push(':');
        self.push_credential(&mut credentials, "password", "client_secret", secret);
        let mut header = String::from("Basic ");
        header.push_str(&base64(credentials.as_bytes()));
        header
    }

    fn push_credential(self, out: &mut String, part: &str, registered: &str, secret: &str) {
        let own = self.shape.member("basic").member(part);
        let text = match if own.is_absent() { registered } else { own.text() } {
            "client_id" => self.client_id(),
            "client_secret" => secret,
            _ => "",
        };
        match self.text("basicEncoding") {
            "raw" => out.push_str(text),
            "percent" => push_path(out, text),
            _ => push_form(out, text),
        }
    }

    fn text(self, option: &str) -> &'a str {
        self.options.member(option).text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::Json;
    use crate::core::secret::Secret;

    fn build(options: &str, values: &str, tokens: &str) -> Result<HttpRequest, BadValue> {
        let options = Value::from_json(Json::parse(options).unwrap());
        let client = Client::new(&options);
        let values = Values::from_json(Json::parse(values).unwrap());
        client.refresh_request(&values, &Tokens::from_json(Json::parse(tokens).unwrap()))
    }

    fn header(request: &HttpRequest, name: &str) -> Option<String> {
        request.headers.iter().find(|(own, _)| own == name).map(|(_, value)| String::from(value.text()))
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
        let options = Value::from_json(Json::parse(r#"{"client_id":"c"}"#).unwrap());
        let client = Client::new(&options);
        let values = Values::from_json(Json::parse(r#"{"endpoint":"https://as/revoke"}"#).unwrap());
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

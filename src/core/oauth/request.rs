//! The token request of a refresh (RFC 6749 section 6) and the revocation request (RFC 7009 section 2.1) as values:
//! method, address, header fields and body, built from the provider's shape, the client's authentication
//! (section 2.3) and the values a driver resolved for this attempt.

use super::encoding::{base64, push_form, push_pair, push_path};
use crate::core::json::{push_name, push_string, Json};
use crate::core::provider::{text, BodyFormat, Place, RequestShape};
use crate::core::record::{is_reserved, Tokens};
use crate::core::secret::Secret;

/// Who asks, and for what: all of it known before an attempt.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// RFC 6749 section 2.2.
    pub client_id: String,
    /// RFC 6749 section 2.3.
    pub auth: ClientAuthentication,
    /// Basic credentials are joined as they are, without the form encoding of section 2.3.1.
    pub basic_raw: bool,
    /// Space-separated; not sent if empty.
    pub scope: String,
    /// RFC 8707.
    pub resource: Vec<String>,
    /// Not sent if empty.
    pub audience: String,
    /// How this server wants its request.
    pub shape: RequestShape,
}

/// How the client authenticates (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// A public client sends its `client_id`.
    #[default]
    None,
    /// HTTP Basic.
    Basic,
    /// `client_secret` in the body.
    Post,
    /// A function of the driver adds what is needed to the finished request.
    Custom,
}

/// What a driver resolved for one attempt.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Where the request goes.
    pub endpoint: String,
    /// RFC 6749 section 2.3.1.
    pub client_secret: Secret,
    /// Further parameters.
    pub parameters: Vec<(String, Secret)>,
    /// Further header fields.
    pub headers: Vec<(String, Secret)>,
}

/// A request, ready for `fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`, as a rule.
    pub method: String,
    /// The address, with its query.
    pub url: Secret,
    /// Header fields.
    pub headers: Vec<(String, Secret)>,
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

impl Client {
    /// From the options in JSON.
    pub fn from_json(options: Json<'_>) -> Self {
        Self {
            client_id: text(options, "client_id"),
            auth: match text(options, "clientAuth").as_str() {
                "client_secret_basic" => ClientAuthentication::Basic,
                "client_secret_post" => ClientAuthentication::Post,
                "custom" => ClientAuthentication::Custom,
                _ => ClientAuthentication::None,
            },
            basic_raw: text(options, "basicEncoding") == "raw",
            scope: text(options, "scope"),
            resource: options
                .member("resource")
                .map(|list| list.items().filter_map(|item| Some(item.string()?.into_owned())).collect())
                .unwrap_or_default(),
            audience: text(options, "audience"),
            shape: options.member("request").map(RequestShape::from_json).unwrap_or_default(),
        }
    }

    /// The request that exchanges the refresh token of `tokens`.
    pub fn refresh_request(&self, values: &Values, tokens: &Tokens) -> Result<HttpRequest, BadValue> {
        let grant_type = if self.shape.grant_type.is_empty() { "refresh_token" } else { &self.shape.grant_type };
        let mut draft = Draft::new(&self.shape, values)?;
        draft.parameter("grant_type", grant_type);
        draft.parameter("refresh_token", tokens.refresh_token().as_deref().unwrap_or_default());
        self.authenticate(&mut draft, values);
        let separator = if self.shape.scope_separator.is_empty() { " " } else { &self.shape.scope_separator };
        draft.parameter("scope", &self.scope.replace(' ', separator));
        for resource in &self.resource {
            draft.parameter("resource", resource);
        }
        draft.parameter("audience", &self.audience);
        for (name, value) in &values.parameters {
            if !matches!(name.as_str(), "grant_type" | "refresh_token") && !is_reserved(name) {
                draft.parameter(name, value.reveal());
            }
        }
        Ok(draft.finish(&values.headers))
    }

    /// The request that revokes a refresh token. Its wire is RFC 7009's, whatever the token request looks like.
    pub fn revocation_request(&self, values: &Values, refresh_token: &str) -> Result<HttpRequest, BadValue> {
        let shape = RequestShape { basic: self.shape.basic.clone(), ..RequestShape::default() };
        let mut draft = Draft::new(&shape, values)?;
        draft.parameter("token", refresh_token);
        draft.parameter("token_type_hint", "refresh_token");
        self.authenticate(&mut draft, values);
        Ok(draft.finish(&values.headers))
    }

    fn authenticate(&self, draft: &mut Draft<'_>, values: &Values) {
        let secret = values.client_secret.reveal();
        match self.auth {
            ClientAuthentication::Basic => draft.header("authorization", self.basic(secret)),
            ClientAuthentication::Post => {
                draft.parameter("client_id", &self.client_id);
                draft.parameter("client_secret", secret);
            }
            ClientAuthentication::None | ClientAuthentication::Custom => draft.parameter("client_id", &self.client_id),
        }
    }

    /// RFC 6749 section 2.3.1: both parts form-encoded before they are joined, unless the server wants them raw.
    fn basic(&self, secret: &str) -> String {
        let part = |name: &str| match name {
            "client_id" => self.client_id.as_str(),
            "client_secret" => secret,
            _ => "",
        };
        let (username, password) = match &self.shape.basic {
            Some((username, password)) => (part(username), part(password)),
            None => (part("client_id"), part("client_secret")),
        };
        let mut credentials = String::new();
        for (index, text) in [username, password].into_iter().enumerate() {
            if index > 0 {
                credentials.push(':');
            }
            if self.basic_raw {
                credentials.push_str(text);
            } else {
                push_form(&mut credentials, text);
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
        let pairs = |name| {
            let object = values.member(name);
            object.map(|object| {
                object
                    .members()
                    .filter_map(|(key, value)| Some((key.into_owned(), Secret::new(value.string()?))))
                    .collect()
            })
        };
        Self {
            endpoint: text(values, "endpoint"),
            client_secret: Secret::new(text(values, "client_secret")),
            parameters: pairs("parameters").unwrap_or_default(),
            headers: pairs("headers").unwrap_or_default(),
        }
    }
}

impl HttpRequest {
    /// `{"method":…,"url":…,"headers":{…},"body":…}`
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        for (name, value) in [
            ("method", Some(self.method.as_str())),
            ("url", Some(self.url.reveal())),
            ("body", self.body.as_ref().map(Secret::reveal)),
        ] {
            if let Some(value) = value {
                push_name(&mut out, name);
                push_string(&mut out, value);
            }
        }
        push_name(&mut out, "headers");
        out.push('{');
        for (name, value) in &self.headers {
            push_name(&mut out, name);
            push_string(&mut out, value.reveal());
        }
        out.push_str("}}");
        out
    }
}

/// A request in the making: parameters go where the shape puts them.
struct Draft<'a> {
    shape: &'a RequestShape,
    url: String,
    query: String,
    form: String,
    json: String,
    headers: Vec<(String, Secret)>,
}

impl<'a> Draft<'a> {
    fn new(shape: &'a RequestShape, values: &Values) -> Result<Self, BadValue> {
        for (name, check) in &shape.check {
            let mut given =
                values.parameters.iter().chain(&values.headers).filter(|(key, _)| key.eq_ignore_ascii_case(name));
            if !given.next().is_some_and(|(_, value)| check.passes(value.reveal())) {
                return Err(BadValue { name: name.clone(), wanted: check.wanted() });
            }
        }
        Ok(Self {
            shape,
            url: values.endpoint.clone(),
            query: String::new(),
            form: String::new(),
            json: String::from("{"),
            headers: Vec::new(),
        })
    }

    /// Adds a parameter; an empty one counts as left out (RFC 6749 section 3.2).
    fn parameter(&mut self, registered: &str, value: &str) {
        let Some(name) = self.shape.name_of(registered).filter(|_| !value.is_empty()) else {
            return;
        };
        match self.shape.place_of(registered) {
            Place::Header => self.headers.push((name.to_owned(), Secret::new(value))),
            Place::Query => push_pair(&mut self.query, name, value),
            Place::Path => {
                let mut encoded = String::new();
                push_path(&mut encoded, value);
                let mut slot = String::from("{");
                slot.push_str(name);
                slot.push('}');
                self.url = self.url.replace(&slot, &encoded);
            }
            Place::Body if self.shape.body == BodyFormat::Json => {
                push_name(&mut self.json, name);
                push_string(&mut self.json, value);
            }
            Place::Body => push_pair(&mut self.form, name, value),
        }
    }

    fn header(&mut self, name: &str, value: String) {
        self.headers.push((name.to_owned(), Secret::new(value)));
    }

    fn finish(mut self, given: &[(String, Secret)]) -> HttpRequest {
        if !self.query.is_empty() {
            self.url.push(if self.url.contains('?') { '&' } else { '?' });
            self.url.push_str(&self.query);
        }
        // Some servers answer in another format unless they are asked for JSON (GitHub does).
        let mut headers = vec![("accept".to_owned(), Secret::new("application/json"))];
        let body = match self.shape.body {
            BodyFormat::Form => {
                headers.push(("content-type".to_owned(), Secret::new("application/x-www-form-urlencoded")));
                Some(self.form)
            }
            BodyFormat::Json => {
                headers.push(("content-type".to_owned(), Secret::new("application/json")));
                self.json.push('}');
                Some(self.json)
            }
            BodyFormat::Query | BodyFormat::None => None,
        };
        headers.append(&mut self.headers);
        for (name, value) in given.iter().filter(|(name, _)| !is_reserved(name)) {
            headers.retain(|(old, _)| !old.eq_ignore_ascii_case(name));
            headers.push((name.clone(), value.clone()));
        }
        let method = if self.shape.method.is_empty() { "POST" } else { &self.shape.method };
        HttpRequest { method: method.to_owned(), url: Secret::new(self.url), headers, body: body.map(Secret::new) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(options: &str, values: &str, tokens: &str) -> Result<HttpRequest, BadValue> {
        let client = Client::from_json(Json::parse(options).unwrap());
        let values = Values::from_json(Json::parse(values).unwrap());
        client.refresh_request(&values, &Tokens::from_json(Json::parse(tokens).unwrap()))
    }

    fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
        request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.reveal())
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
        assert_eq!(header(&request, "accept"), Some("application/json"));
        assert_eq!(header(&request, "authorization"), None);
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
        assert_eq!(header(&request, "authorization"), Some("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"));
        assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=r");

        let values = r#"{"endpoint":"https://as/token","client_secret":"3na+9=="}"#;
        let encoded = build(r#"{"client_id":"id","clientAuth":"client_secret_basic"}"#, values, "{}").unwrap();
        assert_eq!(header(&encoded, "authorization"), Some(format!("Basic {}", base64(b"id:3na%2B9%3D%3D")).as_str()));
        let raw = build(r#"{"client_id":"id","clientAuth":"client_secret_basic","basicEncoding":"raw"}"#, values, "{}")
            .unwrap();
        assert_eq!(header(&raw, "authorization"), Some(format!("Basic {}", base64(b"id:3na+9==")).as_str()));
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
        assert_eq!(header(&request, "grantType"), Some("refresh_token"));
        assert_eq!(header(&request, "partnerId"), Some("7"));

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
        let client = Client { client_id: "c".into(), ..Client::default() };
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

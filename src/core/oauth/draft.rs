//! Builds a token request: the provider's shape says where each parameter goes and under which name (RFC 6749 section 3.2, and the
//! ways in which servers differ from it).

use alloc::string::String;
use alloc::vec::Vec;

use super::encoding::{push_pair, push_path, replaced};
use crate::core::json::{cut, push_comma, push_name, push_raw, push_string, push_text, Json, Value};
use crate::core::provider::{flaw, BodyFormat, Place, RequestShape};

use crate::core::secret::Secret;
use crate::core::tokens::is_reserved;

/// The values that a driver resolved for one attempt, in JSON: `{endpoint, client_secret, clientAuth, parameters, headers}`.
#[derive(Clone, Debug, Default)]
pub struct Values(Value);

/// A request, ready for `fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, usually `POST`.
    pub method: String,
    /// The URL with its query.
    pub url: Secret,
    /// Header fields, each name once.
    pub headers: Vec<(String, Value)>,
    /// The body, if there is one.
    pub body: Option<Secret>,
}

/// A value of the options that fails its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The parameter or header field.
    pub name: String,
    /// What to write instead.
    pub wanted: &'static str,
}

/// A request that is being built.
pub struct Draft<'a> {
    shape: RequestShape<'a>,
    format: BodyFormat,
    url: String,
    query: String,
    body: String,
    headers: Vec<(String, Value)>,
}

impl Values {
    /// From the driver's JSON.
    pub fn from_json(values: Json<'_>) -> Self {
        Self(Value::from_json(values))
    }

    /// For that endpoint, with the client's secret, further parameters and further header fields.
    pub fn new(endpoint: &str, client_secret: String, parameters: Value, headers: Value) -> Self {
        let member = |name: &str, value| (String::from(name), value);
        Self(Value::List(alloc::vec![
            member("endpoint", Value::Text(String::from(endpoint))),
            member("client_secret", Value::Text(client_secret)),
            member("parameters", parameters),
            member("headers", headers),
        ]))
    }

    /// The URL of the endpoint.
    pub fn endpoint(&self) -> &str {
        self.text("endpoint")
    }

    /// The client secret (RFC 6749 section 2.3.1).
    pub fn client_secret(&self) -> &str {
        self.text("client_secret")
    }

    /// The refresh token to revoke (RFC 7009 section 2.1).
    pub fn refresh_token(&self) -> &str {
        self.text("refresh_token")
    }

    /// The client authentication from the metadata, if no option has it.
    pub fn client_auth(&self) -> &str {
        self.text("clientAuth")
    }

    /// Further parameters.
    pub fn parameters(&self) -> &[(String, Value)] {
        self.0.member("parameters").each()
    }

    /// Further header fields.
    pub fn headers(&self) -> &[(String, Value)] {
        self.0.member("headers").each()
    }

    /// A parameter or a header field of the options, in any letter case.
    fn given(&self, name: &str) -> &str {
        let mut all = self.parameters().iter().chain(self.headers());
        all.find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.text())
    }

    fn text(&self, name: &str) -> &str {
        self.0.member(name).text()
    }
}

impl HttpRequest {
    /// In JSON: `{"method":…,"url":…,"body":…,"headers":{…}}`.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        push_text(&mut out, "method", &self.method);
        push_text(&mut out, "url", self.url.reveal());
        if let Some(body) = &self.body {
            push_text(&mut out, "body", body.reveal());
        }
        push_name(&mut out, "headers");
        out.push('{');
        for (name, value) in &self.headers {
            push_text(&mut out, name, value.text());
        }
        out.push_str("}}");
        out
    }
}

impl<'a> Draft<'a> {
    /// A draft without parameters. Fails if a value of the options fails its check.
    pub fn new(shape: RequestShape<'a>, values: &Values) -> Result<Self, BadValue> {
        for (name, check) in shape.member("check").each() {
            if let Some(wanted) = flaw(check.text(), values.given(name)) {
                return Err(BadValue { name: name.clone(), wanted });
            }
        }
        let format = shape.body();
        let mut draft = Self {
            shape,
            format,
            url: String::from(values.endpoint()),
            query: String::new(),
            body: String::new(),
            headers: Vec::new(),
        };
        // Without it some servers reply in another format (GitHub does).
        draft.header("accept", "application/json");
        match format {
            BodyFormat::Form => draft.header("content-type", "application/x-www-form-urlencoded"),
            BodyFormat::Json | BodyFormat::String => draft.header("content-type", "application/json"),
            BodyFormat::Query | BodyFormat::None => {}
        }
        if format == BodyFormat::Json {
            draft.body.push('{');
        }
        Ok(draft)
    }

    /// Adds a parameter with several values: repeated (RFC 8707 section 2), or as a list in JSON.
    pub fn list(&mut self, registered: &'a str, values: &[(String, Value)]) {
        let in_json = self.format == BodyFormat::Json && self.shape.place_of(registered) == Place::Body;
        if let (true, Some(name)) = (in_json && values.len() > 1, self.shape.name_of(registered)) {
            push_name(&mut self.body, name);
            self.body.push('[');
            for (_, value) in values {
                push_comma(&mut self.body);
                push_string(&mut self.body, value.text());
            }
            return self.body.push(']');
        }
        for (_, value) in values {
            self.parameter(registered, value.text());
        }
    }

    /// Adds a parameter, unless it is empty (RFC 6749 section 3.2).
    pub fn parameter(&mut self, registered: &str, value: &str) {
        let Some(name) = self.shape.name_of(registered).filter(|name| !value.is_empty() && !is_reserved(name)) else {
            return;
        };
        match (self.shape.place_of(registered), self.format) {
            (Place::Header, _) => self.header(name, value),
            (Place::Query, _) => push_pair(&mut self.query, name, value),
            (Place::Path, _) => {
                let mut encoded = String::new();
                push_path(&mut encoded, value);
                let mut placeholder = String::from("{");
                placeholder.push_str(name);
                placeholder.push('}');
                self.url = replaced(&self.url, &placeholder, &encoded);
            }
            (Place::Body, BodyFormat::Json) if self.shape.is_json(registered) && Json::parse(value).is_some() => {
                push_raw(&mut self.body, name, value);
            }
            (Place::Body, BodyFormat::Json) => push_text(&mut self.body, name, value),
            (Place::Body, BodyFormat::String) if registered == "refresh_token" => push_string(&mut self.body, value),
            (Place::Body, BodyFormat::String) => {}
            (Place::Body, BodyFormat::Form | BodyFormat::Query | BodyFormat::None) => {
                push_pair(&mut self.body, name, value);
            }
        }
    }

    /// Adds the parameters of the options and the driver, except those of the grant.
    pub fn further(&mut self, values: &Values) {
        for (name, value) in values.parameters() {
            if !matches!(name.as_str(), "grant_type" | "refresh_token") {
                self.parameter(name, value.text());
            }
        }
    }

    /// Adds a header field, or replaces the one of that name in any letter case (RFC 9110 section 5.1).
    pub fn header(&mut self, name: &str, value: &str) {
        let field = (String::from(name), Value::Text(String::from(value)));
        match self.headers.iter_mut().find(|(old, _)| old.eq_ignore_ascii_case(name)) {
            Some(old) => *old = field,
            None => self.headers.push(field),
        }
    }

    /// The finished request. Header fields of the options replace all others.
    pub fn finish(mut self, values: &Values) -> HttpRequest {
        if !self.query.is_empty() {
            self.url.push(if cut(&self.url, b'?').is_some() { '&' } else { '?' });
            self.url.push_str(&self.query);
        }
        for (name, value) in values.headers() {
            // A value that is no text is no field.
            if matches!(value, Value::Text(_)) && !is_reserved(name) {
                self.header(name, value.text());
            }
        }
        if self.format == BodyFormat::Json {
            self.body.push('}');
        }
        let has_body = !matches!(self.format, BodyFormat::Query | BodyFormat::None);
        HttpRequest {
            method: String::from(self.shape.text_or("method", "POST")),
            url: Secret::new(self.url),
            headers: self.headers,
            body: has_body.then(|| Secret::new(self.body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(shape: &str, fill: impl Fn(&mut Draft<'_>)) -> HttpRequest {
        let values = Values::new("https://as/{id}/t?v=1", String::new(), Value::default(), Value::default());
        let shape = Value::from_json(Json::parse(shape).unwrap());
        let mut draft = Draft::new(RequestShape::new(&shape), &values).unwrap();
        fill(&mut draft);
        draft.finish(&values)
    }

    fn body(request: &HttpRequest) -> Option<&str> {
        request.body.as_ref().map(Secret::reveal)
    }

    #[test]
    fn k3_several_values_are_a_list_in_json_and_repeat_elsewhere() {
        let list = Value::from_json(Json::parse(r#"["a","b"]"#).unwrap());
        let (list, one) = (list.each(), &list.each()[..1]);
        let with = |shape: &str, values| drafted(shape, move |draft| draft.list("resource", values));
        assert_eq!(body(&with(r#"{"body":"json"}"#, list)), Some(r#"{"resource":["a","b"]}"#));
        assert_eq!(body(&with(r#"{"body":"json"}"#, one)), Some(r#"{"resource":"a"}"#));
        assert_eq!(body(&with(r#"{"body":"json","names":{"resource":null}}"#, list)), Some("{}"));
        assert_eq!(body(&with("{}", list)), Some("resource=a&resource=b"));
        let queried = with(r#"{"body":"json","place":{"resource":"query"}}"#, list);
        assert_eq!((body(&queried), queried.url.reveal()), (Some("{}"), "https://as/{id}/t?v=1&resource=a&resource=b"));
    }

    #[test]
    fn k3_only_json_goes_into_json_as_it_is() {
        let shape = r#"{"body":"json","check":{"n":"json"}}"#;
        let values = Values::from_json(Json::parse(r#"{"parameters":{"n":"[1]"}}"#).unwrap());
        let shape = Value::from_json(Json::parse(shape).unwrap());
        let mut draft = Draft::new(RequestShape::new(&shape), &values).unwrap();
        draft.further(&values);
        draft.parameter("n", "1,\"x\":2");
        assert_eq!(body(&draft.finish(&values)), Some(r#"{"n":[1],"n":"1,\"x\":2"}"#));
    }

    #[test]
    fn k3_a_string_body_is_the_refresh_token_and_nothing_else() {
        let request = drafted(r#"{"body":"string"}"#, |draft| {
            draft.parameter("grant_type", "refresh_token");
            draft.parameter("refresh_token", "a\"b");
        });
        assert_eq!(body(&request), Some(r#""a\"b""#));
    }

    #[test]
    fn k1_a_slot_in_the_path_is_filled_and_nothing_of_it_is_read_again() {
        let request = drafted(r#"{"place":{"id":"path"}}"#, |draft| draft.parameter("id", "{id}/../?x"));
        assert_eq!(request.url.reveal(), "https://as/%7Bid%7D%2F..%2F%3Fx/t?v=1");
    }

    #[test]
    fn no_parameter_is_sent_under_a_name_that_reaches_a_prototype() {
        for name in ["__proto__", "constructor", "prototype"] {
            for shape in ["{}", r#"{"body":"json"}"#, r#"{"body":"query"}"#] {
                let request = drafted(shape, |draft| draft.parameter(name, "x"));
                assert!(!request.url.reveal().contains(name) && !body(&request).unwrap_or("").contains(name));
            }
            let shape = format!(r#"{{"names":{{"a":"{name}"}},"place":{{"a":"header"}}}}"#);
            assert!(drafted(&shape, |draft| draft.parameter("a", "x")).headers.iter().all(|(own, _)| own != name));
        }
    }
}

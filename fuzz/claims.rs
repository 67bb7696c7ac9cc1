//! Claims about arbitrary bytes from a server, a storage or a user: no panic, and these assertions. libFuzzer searches for bytes that
//! break them (`fuzz_targets/`); tests/fuzz.rs checks them with its corpus and random bytes in every test run.

#![allow(dead_code, reason = "each target uses one of them")]

use oauth_refresher::core::json::Json;
use oauth_refresher::core::oauth::calendar::iso8601;
use oauth_refresher::core::oauth::challenge::{read, rejects_token, Part};
use oauth_refresher::core::oauth::request::{HttpRequest, Values};
use oauth_refresher::core::oauth::response::{judge, login, Reply, Verdict};
use oauth_refresher::core::oauth::retry_after::retry_after as later;
use oauth_refresher::core::options::Options;
use oauth_refresher::core::record::{Record, Stored, Tokens};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::UnixTime;

/// A target, by name.
pub type Claim = fn(&[u8]);

pub const TARGETS: [(&str, Claim); 5] = [
    ("replies", replies),
    ("shapes", shapes),
    ("records", records),
    ("challenges", challenges),
    ("retry_after", retry_after),
];

/// Every option of a response's shape, in shapes of real servers and in one artificial shape.
pub const RESPONSES: [&str; 12] = [
    "{}",
    r#"{"format":"form"}"#,
    r#"{"format":"string"}"#,
    r#"{"format":"json","root":"data"}"#,
    r#"{"root":"authed_user","tokenTypes":{"user":"Bearer"},"scopeSeparator":",","errorWhen":[{"path":"ok","isNot":true}]}"#,
    r#"{"names":{"access_token":"accessToken","refresh_token":"user.refresh","expires_in":"expireIn"}}"#,
    r#"{"names":{"refresh_token":"access_token"}}"#,
    r#"{"names":{"access_token":"token","refresh_token":"token"},"expiry":{"in":"iso8601","name":"until","defaultSeconds":60}}"#,
    r#"{"expiry":{"in":"unix_milliseconds","name":"expires_at"},"errors":{"1":"session_ended","slow":"unavailable"},"error":"code"}"#,
    r#"{"extendedWhen":[{"path":"result","is":"0000"}],"expiry":{"in":"milliseconds","defaultSeconds":9}}"#,
    r#"{"errorWhen":[{"path":"errors.0.errorType","is":"x","means":"session_ended"},{"path":"code","isNot":0}],"token_type":"mac"}"#,
    r#"{"names":{"a":"__proto__","__proto__":"a","refresh_token":"a.b"},"root":"a.0.b","expiry":{"in":"x","name":""}}"#,
];

const STATUSES: [u16; 8] = [200, 201, 0, 302, 400, 401, 429, 503];
const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

/// A token endpoint's reply: the first byte selects a shape, the second a status, the rest is the body.
pub fn replies(data: &[u8]) {
    let [shape, status, body @ ..] = data else { return };
    let shape = RESPONSES[usize::from(*shape) % RESPONSES.len()];
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let options = format!(r#"{{"response":{shape},"endsWhen":["x"]}}"#);
    let body = String::from_utf8_lossy(body);
    claim_reply(&body, status, Json::parse(&options).unwrap());
}

/// Options in JSON, a zero byte, and a reply that is also a record's tokens.
pub fn shapes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (options, reply) = text.split_once('\0').unwrap_or((&text, r#"{"access_token":"a","refresh_token":"r"}"#));
    let Some(options) = Json::parse(options) else { return };
    claim_reply(reply, 200, options);
    let tokens = Tokens::from_json(Json::parse(reply).unwrap_or_default());
    let values = r#"{"endpoint":"https://as.example/{tenant}/t?v=1","client_secret":"s3cr3t-of-all","parameters":{"tenant":"[1, 2]","grant_type":"password"},"headers":{"Accept":"x/y","__proto__":"z"}}"#;
    let values = Values::from_json(Json::parse(values).unwrap());
    if let Ok(request) = Options::from_json(options).client().refresh_request(&values, &tokens) {
        claim_request(&request, options);
    }
}

/// A record from a storage.
pub fn records(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Stored::Record(record) = Stored::from_json(&text) {
        claim_tokens(&record.tokens, true);
        assert_eq!(Stored::from_json(&record.to_json()), Stored::Record(record), "a record survives its own writing");
    }
}

/// A `WWW-Authenticate` field.
pub fn challenges(data: &[u8]) {
    let field = String::from_utf8_lossy(data);
    let first = rejects_token(&field);
    assert_eq!(first, rejects_token(&field));
    let mut scheme = None;
    read(&format!("Basic realm=\"x\", {field}"), &mut |part| {
        if let (Part::Scheme(name), None) = (part, &scheme) {
            scheme = Some(name.to_owned());
        }
    });
    assert_eq!(scheme.as_deref(), Some("Basic"), "what came before the rubbish counts");
}

/// A `Retry-After` field, and a date as servers write it.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let end_of_9999 = UnixTime::from_millis(253_402_300_800_000);
    if let Some(at) = later(&text, NOW, None) {
        let is_delay = text.trim().bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_delay || at <= end_of_9999, "{text:?}");
        assert!(!is_delay || at >= NOW, "{text:?}");
    }
    if let Some(at) = iso8601(&text) {
        // An offset of 99:99 carries it four days further.
        assert!(at.since(end_of_9999).as_millis() <= 102 * 3_600_000, "{text:?}");
    }
}

fn claim_reply(body: &str, status: u16, options: Json<'_>) {
    let reply = Reply { status, body: Some(Secret::new(body)), ..Reply::default() };
    let extends = options.at("response.extendedWhen").is_some();
    let any_status = options.at("response.successStatus").is_some();
    let parsed = Options::from_json(options);
    let shape = parsed.response();
    let verdict = judge(&reply, shape, NOW);
    assert_eq!(verdict, judge(&reply, shape, NOW), "the same bytes mean the same");
    match verdict {
        Verdict::Tokens(tokens) => {
            assert!(any_status || (200..300).contains(&status), "{status} is no success");
            assert!(extends || tokens.access_token().is_some());
            claim_tokens(&tokens, extends);
            claim_nothing_nested(&tokens);
        }
        Verdict::UnknownType(tokens, _) => assert_eq!(tokens.access_token(), None),
        _ => {}
    }
    if let Some(tokens) = login(Json::parse(body).unwrap_or_default(), shape) {
        assert!(tokens.access_token().is_some() || tokens.refresh_token().is_some());
        claim_tokens(&tokens, true);
        claim_nothing_nested(&tokens);
    }
}

/// `may_lack`: access token and type are optional.
fn claim_tokens(tokens: &Tokens, may_lack: bool) {
    let record = Record::new(tokens.clone(), NOW, 7);
    let text = record.token_set();
    let set = Json::parse(&text).expect("a TokenSet is JSON");
    let names: Vec<String> = set.members().map(|(name, _)| name).collect();
    for (at, name) in names.iter().enumerate() {
        assert!(!matches!(name.as_str(), "refresh_token" | "__proto__" | "constructor" | "prototype"), "{name}");
        assert!(!names[..at].contains(name), "{name} stands there twice");
        assert!(!set.member(name).unwrap().is_null(), "{name} is null");
    }
    for name in ["access_token", "token_type", "scope", "id_token"] {
        let text = set.member(name).map(|value| value.string().unwrap_or_default());
        assert!(text != Some(String::new()), "{name} is no text");
    }
    assert!(may_lack || set.member("access_token").is_some());
    if let Some(end) = record.expires_at() {
        assert!(end > UnixTime::EPOCH);
    }
    let stored = Stored::from_json(&record.to_json());
    assert_eq!(stored, Stored::Record(Box::new(record)), "a record survives its own writing");
}

/// Another session's refresh token, which came in the same reply.
fn claim_nothing_nested(tokens: &Tokens) {
    let text = Record::new(tokens.clone(), NOW, 7).token_set();
    for (name, value) in Json::parse(&text).unwrap().members() {
        assert!(value.member("refresh_token").is_none(), "{name} holds a refresh token");
    }
}

fn claim_request(request: &HttpRequest, options: Json<'_>) {
    let json = request.to_json();
    let json = Json::parse(&json).expect("a request is JSON");
    let url = request.url.reveal();
    assert!(url.starts_with("https://as.example/") && url.contains("t?v=1"), "{url}");
    let mut names = Vec::new();
    for (name, _) in json.member("headers").unwrap().members() {
        assert!(!matches!(name.as_str(), "__proto__" | "constructor" | "prototype"), "{name}");
        // Names of fields are case-insensitive (RFC 9110 5.1), names of members are not.
        let name = name.to_ascii_lowercase();
        assert!(!names.contains(&name), "{name} stands there twice");
        names.push(name);
    }
    let body = request.body.as_ref().map_or("", Secret::reveal);
    let word = |name: &str| options.at(name).and_then(Json::string).unwrap_or_default();
    match word("request.body").as_str() {
        "json" => assert!(Json::parse(body).is_some_and(Json::is_object), "{body}"),
        "string" => assert!(body.is_empty() || Json::parse(body).is_some(), "{body}"),
        "none" | "query" => assert!(request.body.is_none()),
        _ => assert!(body.is_ascii() && !body.contains([' ', '"', '\n']), "{body}"),
    }
    let leads_there = |name: &str| matches!(word(name).as_str(), "query" | "path");
    let shaped = leads_there("request.place.client_secret")
        || word("request.body") == "query"
        || word("request.method") == "GET";
    let posted = word("clientAuth") == "client_secret_post";
    assert!(
        !url.contains("s3cr3t-of-all") || posted && shaped,
        "the secret is in the address, and no option put it there"
    );
}

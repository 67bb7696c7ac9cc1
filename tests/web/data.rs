//! Options and token sets to and from JavaScript values.

use js_sys::{Function, Reflect, JSON};
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::web::{Options, Refresher, TokenSet};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn evaluated(expression: &str) -> JsValue {
    Function::new_no_args(&format!("return {expression}")).call0(&JsValue::UNDEFINED).expect("it can be evaluated")
}

#[wasm_bindgen_test]
fn a_token_set_is_the_same_value_on_both_sides() {
    let value = evaluated(
        "{ access_token: 'at', token_type: 'DPoP', expires_at: 1700000000.5, principal: { roles: ['a', null, 1.5] } }",
    );
    let set: TokenSet = serde_wasm_bindgen::from_value(value).expect("it is a token set");
    assert_eq!((set.access_token(), set.token_type()), ("at", "DPoP"));
    let back = set.to_js().expect("it is data");
    assert_eq!(
        JSON::stringify(&back).expect("it is JSON"),
        r#"{"access_token":"at","token_type":"DPoP","expires_at":1700000000.5,"principal":{"roles":["a",null,1.5]}}"#
    );
    assert!(serde_wasm_bindgen::from_value::<TokenSet>(evaluated("{ token_type: 'Bearer' }")).is_err());
}

#[wasm_bindgen_test]
fn a_record_through_serde_is_the_record_through_json() {
    let text = r#"{"format":1,"generation":7,"tokens":{"access_token":"at","refresh_token":"rt","expires_in":60},"obtained_at":1000.25,"pending":{"attempt":"a-1","started_at":1000,"fingerprint":"f"},"session":"s"}"#;
    let value = JSON::parse(text).expect("it is JSON");
    let record: Record = serde_wasm_bindgen::from_value(value).expect("it is a record");
    assert_eq!(Stored::from_json(text), Stored::Record(Box::new(record.clone())));
    let back =
        serde::Serialize::serialize(&record, &serde_wasm_bindgen::Serializer::json_compatible()).expect("it is data");
    assert_eq!(JSON::stringify(&back).expect("it is JSON"), text);
}

#[wasm_bindgen_test]
async fn the_npm_packages_options_object_is_options() {
    let value = evaluated(
        "{ token_endpoint: 'https://auth.example/token', client_id: 'my-app', client_secret: async () => 'shhh-secret',
           parameters: { tenant: () => '42' }, reuse: { graceSeconds: 30 }, resource: 'https://api.example/', background: 'never',
           tokens: { refresh_token: 'first' }, storage: { load() { return this.held }, save(record) { this.held = record } },
           fetch: (url, init) => (globalThis.seen = [init.headers.get('authorization'), init.body], Promise.resolve(new Response('{\"access_token\":\"at\"}'))) }",
    );
    let options = Options::from_js(&value).expect("they are good");
    let data =
        JSON::stringify(&options.to_js().expect("they are data")).expect("it is JSON").as_string().expect("text");
    assert!(data.contains(r#""reuse":{"graceSeconds":30}"#) && !data.contains("shhh"), "{data}");
    let refresher = Refresher::new(options).expect("they are good");
    assert_eq!(refresher.access_token().await.as_deref(), Ok("at"));
    let seen = Reflect::get(&js_sys::global(), &"seen".into()).expect("it was asked");
    let seen = JSON::stringify(&seen).expect("it is JSON").as_string().expect("text");
    assert!(seen.contains("Basic bXktYXBwOnNoaGgtc2VjcmV0"), "{seen}");
    assert!(seen.contains("resource=https%3A%2F%2Fapi.example%2F&tenant=42"), "{seen}");
}

#[wasm_bindgen_test]
async fn a_response_without_a_stream_is_read_by_its_text() {
    let value = evaluated(
        "{ token_endpoint: 'https://auth.example/token', background: 'never', tokens: { refresh_token: 'first' },
           fetch: async () => ({ status: 200, headers: new Headers(), text: async () => '{\"access_token\":\"at\"}' }) }",
    );
    let refresher = Refresher::new(Options::from_js(&value).expect("they are good")).expect("they are good");
    assert_eq!(refresher.access_token().await.as_deref(), Ok("at"));
}

#[wasm_bindgen_test]
fn plain_http_is_for_loopback_or_on_purpose() {
    for endpoint in ["http://localhost:1/t", "http://127.0.0.1:1/t", "http://[::1]:1/t", "https://as.example/t"] {
        assert!(Refresher::new(Options::new(endpoint)).is_ok(), "{endpoint}");
    }
    for endpoint in ["http://keycloak:8080/t", "http://127.example.com/t", "http://127.0.0.1.example.com/t"] {
        let Err(error) = Refresher::new(Options::new(endpoint)) else { panic!("{endpoint} is refused") };
        assert!(
            error.to_string().contains("must be an https URL without credentials or fragment (http on loopback"),
            "{error}"
        );
    }
    let asked = Options::new("http://keycloak:8080/t").allow_insecure_requests(true).origins(["http://api:8080"]);
    assert!(Refresher::new(asked).is_ok());
}

#[wasm_bindgen_test]
fn options_that_are_none_are_named() {
    for (given, wanted) in [
        ("{ token_endpiont: 'https://a.example/t' }", "token_endpiont is no option"),
        ("{ token_endpoint: 'https://a.example/t', storage: {} }", "load() and save()"),
        (
            "{ token_endpoint: 'https://a.example/t', storage: { load() {}, save() {}, lock: true } }",
            "storage.lock must be a function",
        ),
        ("{ token_endpoint: 'https://a.example/t', retries: '3' }", "retries must be a whole number (given: string 3)"),
        (
            "{ token_endpoint: 'https://a.example/t', response: { rot: 'a' } }",
            "response.rot is no option: write one of format, root, names",
        ),
        (
            "{ token_endpoint: 'https://a.example/t', parameters: { tenant: 42 } }",
            "parameters.tenant must be a string or a function",
        ),
        ("{ token_endpoint: 'https://a.example/t', headers: new Headers() }", "headers must be an object"),
        ("{ token_endpoint: 'https://a.example/t', client_secret: 7 }", "client_secret must be a string or a function"),
        (
            "{ token_endpoint: 'https://a.example/t', allowInsecureRequests: 1 }",
            "allowInsecureRequests must be true or false",
        ),
        ("7", "options must be"),
    ] {
        let error = Options::from_js(&evaluated(given)).expect_err(given);
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[wasm_bindgen_test]
fn a_wrong_value_is_told_where_it_is_no_secret() {
    for (options, wanted) in [
        (Options::new("/token"), "token_endpoint must be an https URL without credentials or fragment (http on loopback, or with allowInsecureRequests) (given: string /token)"),
        (Options::new("http://me:s3cret@a.example/t"), "(given: string)"),
        (
            Options::new("https://a.example/t").origins(["https://a.example", "https://*.example"]),
            "origins[1] must be an https origin without a path (given: string https://*.example)",
        ),
    ] {
        let Err(error) = Refresher::new(options) else { panic!("{wanted}") };
        assert!(error.to_string().ends_with(wanted), "{error}");
    }
}

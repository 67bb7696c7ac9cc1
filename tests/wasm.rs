//! The machine and `src/npm.rs` as WebAssembly in a browser, compared with the platform's encoders.

#![cfg(all(target_arch = "wasm32", feature = "npm"))]

use oauth_refresher::core::json::{push_string, Json};
use oauth_refresher::core::machine::{Demand, Effect, EffectId, Event, Input, Machine, Reach, Source, State};
use oauth_refresher::core::oauth::encoding::{base64, push_form};
use oauth_refresher::core::oauth::request::Values;
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};
use oauth_refresher::npm::Core;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen]
extern "C" {
    type URLSearchParams;
    #[wasm_bindgen(constructor)]
    fn new() -> URLSearchParams;
    #[wasm_bindgen(method)]
    fn append(this: &URLSearchParams, name: &str, value: &str);
    #[wasm_bindgen(method, js_name = toString)]
    fn text(this: &URLSearchParams) -> String;

    fn btoa(latin1: &str) -> String;
}

const OPTIONS: &str = r#"{"client_id":"s6BhdRkqt3","clientAuth":"client_secret_basic"}"#;
const VALUES: &str = r#"{"endpoint":"https://auth.example/token","client_secret":"7Fjfp0ZBr1KtDRbnfVdmIw"}"#;
const STORED: &str = r#"{"format":1,"generation":7,"obtained_at":1000,"tokens":{"access_token":"old","refresh_token":"r+1/=","expires_in":60}}"#;
const REPLY: &str = r#"{"access_token":"new","token_type":"Bearer","expires_in":3600,"refresh_token":"r2"}"#;
const NOW_MS: f64 = 2_000_000.0;

#[wasm_bindgen_test]
fn one_refresh_takes_the_whole_way_from_look_to_notify() {
    let mut machine = Machine::new(Json::parse(OPTIONS).unwrap(), 42);
    let now = UnixTime::from_millis_f64(NOW_MS);
    let wish = Demand { deadline: now + Duration::from_secs(30), ..Demand::default() };

    let look = one(machine.step(now, Input::Demanded(1, wish)), load);
    let lock = one(machine.step(now, Input::Loaded(look, Stored::from_json(STORED))), lock);
    let reread = one(machine.step(now, Input::Locked(lock, Reach::AllContexts)), load);
    let (marking, marked, replaced) = one(machine.step(now, Input::Loaded(reread, Stored::from_json(STORED))), save);
    assert_eq!((marked.generation, replaced), (8, Some(7)));
    assert!(marked.in_doubt().is_some(), "written before the refresh token is sent");

    let sending = one(machine.step(now, Input::Saved(marking)), send);
    let values = Values::from_json(Json::parse(VALUES).unwrap());
    let request = machine.request(&values).unwrap();
    assert_eq!(request.body.unwrap().reveal(), "grant_type=refresh_token&refresh_token=r%2B1%2F%3D");

    let reply = Reply { status: 200, body: Some(Secret::new(REPLY)), ..Reply::default() };
    let (saving, record, replaced) = one(machine.step(now, Input::Replied(sending, reply)), save);
    assert_eq!((record.generation, replaced), (9, Some(8)));
    assert!(record.in_doubt().is_none());

    let orders = machine.step(now, Input::Saved(saving));
    let at = |wanted: fn(&Effect) -> bool| orders.iter().position(wanted).expect("the order is there");
    let unlocked = at(|order| matches!(order, Effect::Unlock(_)));
    let granted = at(|order| matches!(order, Effect::Grant(1)));
    let told = at(
        |order| matches!(order, Effect::Notify(event) if matches!(**event, Event::TokenChanged(Source::Refresh, 9))),
    );
    assert!(unlocked < granted && granted < told, "{unlocked} {granted} {told}");
    assert_eq!(machine.state(), State::Active);
}

#[wasm_bindgen_test]
fn the_door_gives_orders_as_json_and_builds_the_request() {
    let mut core = Core::new(OPTIONS, 1, 2);
    let look = order(&core.tell(NOW_MS, "demanded", 1, r#"{"deadline":2030}"#), "load");
    let lock = order(&core.tell(NOW_MS, "loaded", look, STORED), "lock");
    let reread = order(&core.tell(NOW_MS, "locked", lock, ""), "load");
    let marking = order(&core.tell(NOW_MS, "loaded", reread, STORED), "save");
    let sending = order(&core.tell(NOW_MS, "saved", marking, ""), "send");

    let request = core.ask("request", VALUES);
    let request = Json::parse(&request).unwrap();
    let authorization = request.at("headers.authorization").and_then(Json::string).unwrap();
    // RFC 6749 section 2.3.1 has this header for this client
    assert_eq!(authorization, "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");

    let mut replied = String::from(r#"{"status":200,"body":"#);
    push_string(&mut replied, REPLY);
    replied.push('}');
    let saving = order(&core.tell(NOW_MS, "replied", sending, &replied), "save");
    let orders = core.tell(NOW_MS, "saved", saving, "");
    assert_eq!(order(&orders, "grant"), 1);
    assert!(orders.contains(r#"["rest","active""#), "{orders}");
    assert!(!orders.contains("r2"), "a refresh token is only in the effect that saves it");
}

#[wasm_bindgen_test]
fn an_unknown_word_at_the_door_has_no_answer() {
    let mut core = Core::new(OPTIONS, 1, 2);
    for word in ["wok", "", "Woke", "reject"] {
        assert_eq!(core.tell(NOW_MS, word, 0, ""), "", "{word}");
    }
    for word in ["reject", "", "woke"] {
        assert_eq!(core.ask(word, ""), "", "{word}");
    }
    // a question is told as an event is
    assert_eq!(core.tell(NOW_MS, "rejects", 0, r#"Bearer error="insufficient_scope""#), "false");
}

#[wasm_bindgen_test]
fn form_encoding_is_the_platforms_own() {
    for text in ["", " %&+£€", "abc-._*~!'()", "7Fjfp0ZBr1K+/=", "\u{1F511}\u{0}\n\"\\", "a b+c%20"] {
        let mut ours = String::from("v=");
        push_form(&mut ours, text);
        let theirs = URLSearchParams::new();
        theirs.append("v", text);
        assert_eq!(ours, theirs.text());
    }
}

#[wasm_bindgen_test]
fn base64_is_the_platforms_own() {
    for text in ["", "s", "s6", "s6:", "s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw", "~~~???"] {
        assert_eq!(base64(text.as_bytes()), btoa(text));
    }
}

#[wasm_bindgen_test]
fn what_is_in_memory_stays_as_it_was_however_much_comes_and_goes_beside_it() {
    let mut dice = 88_172_645_463_325_252_u64;
    let mut draw = |limit: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice % limit as u64) as usize
    };
    let mut held: Vec<(u8, Vec<u8>)> = Vec::new();
    for round in 0..20_000 {
        let mark = round as u8;
        match draw(4) {
            0 if !held.is_empty() => {
                let (mark, bytes) = held.swap_remove(draw(held.len()));
                assert!(bytes.iter().all(|byte| *byte == mark), "round {round}");
            }
            1 if !held.is_empty() => {
                let at = draw(held.len());
                let (mark, bytes) = &mut held[at];
                bytes.resize(bytes.len() + draw(3000), *mark);
            }
            _ => held.push((mark, vec![mark; 1 << draw(if round % 500 == 0 { 20 } else { 9 })])),
        }
        if held.len() > 300 {
            held.truncate(100);
        }
    }
    assert!(held.iter().all(|(mark, bytes)| bytes.iter().all(|byte| byte == mark)));
}

#[wasm_bindgen_test]
fn a_challenge_is_read_as_rfc_6750_has_it() {
    let core = Core::new(OPTIONS, 1, 2);
    assert_eq!(core.ask("rejects", r#"Bearer realm="api", error="invalid_token""#), "true");
    assert_eq!(core.ask("rejects", r#"Bearer realm="api", error="insufficient_scope""#), "false");
}

fn one<T>(orders: Vec<Effect>, wanted: fn(Effect) -> Option<T>) -> T {
    let mut found: Vec<T> = orders.into_iter().filter_map(wanted).collect();
    assert_eq!(found.len(), 1, "one such order");
    found.remove(0)
}

fn load(order: Effect) -> Option<EffectId> {
    match order {
        Effect::Load(id) => Some(id),
        _ => None,
    }
}

fn lock(order: Effect) -> Option<EffectId> {
    match order {
        Effect::Lock(id) => Some(id),
        _ => None,
    }
}

fn send(order: Effect) -> Option<EffectId> {
    match order {
        Effect::Send(id) => Some(id),
        _ => None,
    }
}

fn save(order: Effect) -> Option<(EffectId, Record, Option<u64>)> {
    match order {
        Effect::Save(id, record, replaced) => Some((id, *record?, replaced)),
        _ => None,
    }
}

/// The number of the effect with this word.
fn order(orders: &str, word: &str) -> u32 {
    let all = Json::parse(orders).expect("orders are JSON");
    for order in all.items() {
        let mut parts = order.items();
        if parts.next().and_then(Json::string).as_deref() == Some(word) {
            return parts.next().and_then(|number| number.raw().parse().ok()).expect("a number");
        }
    }
    panic!("no {word} in {orders}");
}

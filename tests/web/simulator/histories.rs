//! Every trace, and random histories, through a driver.

use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use super::history::{play, Played};
use super::traces::TRACES;
use crate::reader::read;
use crate::script::History;
use crate::subject;

/// Ten seconds of them; with `--long` so many that a minute or two is needed.
const SEEDS: u64 = if option_env!("OAUTH_REFRESHER_LONG").is_some() { 2_000 } else { 100 };

#[wasm_bindgen_test]
async fn no_trace_breaks_what_callers_are_promised() {
    subject::prepare().await;
    let mut all = Played::default();
    for (name, text) in TRACES {
        add(&mut all, name, play(read(text).unwrap_or_else(|| panic!("{name} is no trace"))).await);
    }
    judge(&all, TRACES.len());
}

#[wasm_bindgen_test]
async fn no_random_history_breaks_what_callers_are_promised() {
    subject::prepare().await;
    let mut all = Played::default();
    for seed in 0..SEEDS {
        let history = History::random(seed);
        add(&mut all, &format!("seed {seed}: {history:?}"), play(history).await);
    }
    judge(&all, SEEDS as usize);
}

fn add(all: &mut Played, name: &str, played: Played) {
    all.broken.extend(played.broken.into_iter().map(|what| format!("{name}: {what}")));
    all.requests += played.requests;
    all.granted += played.granted;
}

fn judge(all: &Played, histories: usize) {
    console_log!("{histories} histories: {} token requests, {} callers were granted", all.requests, all.granted);
    assert!(all.broken.is_empty(), "{}", all.broken.join("\n"));
    assert!(all.requests > histories && all.granted > 3 * histories, "little happened");
}

//! Checks the claims of the fuzz targets (fuzz/claims.rs) with a corpus of real replies, records and fields, with mutations of it
//! (bytes removed, doubled, replaced), and with words in random order. A seed reproduces every input.

#[path = "../fuzz/claims.rs"]
mod claims;
/// The simulator's generator of random values.
#[allow(dead_code)]
#[path = "world/dice.rs"]
mod dice;

use std::panic::catch_unwind;

use claims::{RESPONSES, TARGETS};
use dice::Dice;

/// Replies, records, options, challenges and dates, one in a line. Each target gets all of them.
const SEEDS: &str = include_str!("../fuzz/seeds.txt");

const WORDS: [&str; 46] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u00e9",
    "\\ud800",
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "3600",
    "\"access_token\"",
    "\"refresh_token\"",
    "\"expires_in\"",
    "\"expires_at\"",
    "\"token_type\"",
    "\"Bearer\"",
    "\"mac\"",
    "\"a\"",
    "\"__proto__\"",
    "\"error\"",
    "\"data\"",
    "\"request\"",
    "\"response\"",
    "\"names\"",
    "\"place\"",
    "\"path\"",
    "\"body\"",
    "\"query\"",
    "\"{a}\"",
    "=",
    "&",
    "%",
    "%41",
    "+",
    " ",
    "\0",
    "é",
    "GMT",
    "Bearer",
    "1994",
];

#[test]
fn the_corpus_and_its_mutations_break_no_claim() {
    let corpus = corpus();
    for (name, claim) in TARGETS {
        for (at, input) in corpus.iter().enumerate() {
            assert!(catch_unwind(|| claim(input)).is_ok(), "{name} {at}: {:?}", String::from_utf8_lossy(input));
        }
        for seed in 1..=draws() {
            let mut dice = Dice::new(seed);
            let mut input = corpus[dice.index(corpus.len())].clone();
            for _ in 0..=dice.index(4) {
                mutate(&mut input, &corpus, &mut dice);
            }
            assert!(
                catch_unwind(|| claim(&input)).is_ok(),
                "{name}, seed {seed}: {:?}",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

#[test]
fn words_in_any_order_break_no_claim() {
    for (name, claim) in TARGETS {
        for seed in 1..=draws() {
            let mut dice = Dice::new(seed);
            let mut input = vec![dice.index(256) as u8, dice.index(256) as u8];
            for _ in 0..dice.index(24) {
                input.extend(WORDS[dice.index(WORDS.len())].bytes());
            }
            assert!(
                catch_unwind(|| claim(&input)).is_ok(),
                "{name}, seed {seed}: {:?}",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

/// Each text alone, after every shape and status, and after each of the options.
fn corpus() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = SEEDS.lines().map(|text| text.as_bytes().to_vec()).collect();
    for text in SEEDS.lines() {
        for (number, shape) in RESPONSES.iter().enumerate() {
            all.push([&[number as u8, 0], text.as_bytes()].concat());
            all.push(format!("{{\"response\":{shape}}}\0{text}").into_bytes());
        }
        for options in SEEDS.lines().filter(|options| options.contains("\"request\"")) {
            all.push(format!("{options}\0{text}").into_bytes());
        }
    }
    all
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.index(input.len() + 1);
    let to = (at + dice.index(8)).min(input.len());
    match dice.index(5) {
        0 => drop(input.drain(at..to)),
        1 => {
            let piece = input[at..to].to_vec();
            input.splice(at..at, piece);
        }
        2 => drop(input.splice(at..to, WORDS[dice.index(WORDS.len())].bytes())),
        3 => {
            let other = &corpus[dice.index(corpus.len())];
            input.splice(at.., other[dice.index(other.len())..].iter().copied());
        }
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte = dice.index(256) as u8;
            }
        }
    }
}

/// The number of inputs of each test for each target; the environment variable `FUZZ` overrides it.
fn draws() -> u64 {
    std::env::var("FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

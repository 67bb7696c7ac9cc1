//! `WWW-Authenticate` (RFC 9110 section 11.6.1) with random fields: a written challenge is read back, with any spacing, quoting
//! and letter case, and invalid text does not panic. A seed reproduces every field.

/// The simulator's generator of random values.
#[allow(dead_code)]
#[path = "world/dice.rs"]
mod dice;

use dice::Dice;
use oauth_refresher::core::oauth::challenge::{read, rejects_token, Part};

const TOKEN: &[u8] = b"!#$%&'*+-.^_`|~09azAZ";
const TOKEN68: &[u8] = b"-._~+/09azAZ";
const QUOTABLE: &[&str] = &["a", "Z", " ", ",", "=", "\t", "\"", "\\", "Bearer", "error", "é", "✓", "'"];

/// The number of fields of each test; the environment variable `CHALLENGES` overrides it.
fn draws() -> u64 {
    std::env::var("CHALLENGES").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000)
}

#[derive(Debug, Clone, PartialEq)]
enum Credentials {
    None,
    Token68(String),
    Parameters(Vec<(String, String)>),
}

type Challenge = (String, Credentials);

#[test]
fn d3_whatever_list_of_challenges_is_written_is_read_back() {
    for seed in 1..=draws() {
        let mut dice = Dice::new(seed);
        let wanted: Vec<Challenge> = (0..=dice.index(3)).map(|_| challenge(&mut dice)).collect();
        let field = written(&wanted, &mut dice);
        assert_eq!(parsed(&field), wanted, "seed {seed}: {field:?}");
    }
}

#[test]
fn d3_rubbish_is_read_without_a_fault_and_what_came_before_counts() {
    let pieces = ["Bearer", "DPoP", "error", "=", "\"", "\\", ",", " ", "invalid_token", "realm", "é", "\u{0}", "=="];
    for seed in 1..=draws() {
        let mut dice = Dice::new(seed);
        let rubbish: String = (0..dice.index(12)).map(|_| pieces[dice.index(pieces.len())]).collect();
        rejects_token(&rubbish);
        let field = format!("Basic realm=\"x\", {rubbish}");
        let first = &parsed(&field)[0];
        assert_eq!(first.0, "Basic", "seed {seed}: {field:?}");
    }
}

#[test]
fn d3_a_refusal_is_found_wherever_it_stands() {
    for seed in 1..=draws() {
        let mut dice = Dice::new(seed);
        let mut list: Vec<Challenge> = (0..dice.index(3)).map(|_| challenge(&mut dice)).collect();
        list.retain(|(scheme, _)| !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("dpop"));
        let nothing_refuses = !rejects_token(&written(&list, &mut dice));
        assert!(nothing_refuses || list.is_empty(), "seed {seed}: no challenge refused a token");
        let refusal = Credentials::Parameters(vec![("error".to_owned(), "invalid_token".to_owned())]);
        list.insert(dice.index(list.len() + 1), ("Bearer".to_owned(), refusal));
        let field = written(&list, &mut dice);
        assert!(rejects_token(&field), "seed {seed}: {field:?}");
    }
}

fn challenge(dice: &mut Dice) -> Challenge {
    let scheme = word(dice, TOKEN);
    let credentials = match dice.index(4) {
        0 => Credentials::None,
        1 => Credentials::Token68(word(dice, TOKEN68) + &"=".repeat(dice.index(3))),
        _ => Credentials::Parameters((0..=dice.index(3)).map(|_| (word(dice, TOKEN), value(dice))).collect()),
    };
    (scheme, credentials)
}

fn value(dice: &mut Dice) -> String {
    match dice.index(3) {
        0 => (0..dice.index(6)).map(|_| QUOTABLE[dice.index(QUOTABLE.len())]).collect(),
        _ => word(dice, TOKEN),
    }
}

/// The list in any form of the grammar: white space, empty members, quoted or not, any character escaped.
fn written(list: &[Challenge], dice: &mut Dice) -> String {
    let mut field = commas(dice, false);
    for (number, (scheme, credentials)) in list.iter().enumerate() {
        if number > 0 {
            field += &commas(dice, true);
        }
        field += scheme;
        match credentials {
            Credentials::None => {}
            Credentials::Token68(token) => field += &format!("{}{token}", " ".repeat(1 + dice.index(2))),
            Credentials::Parameters(parameters) => {
                for (number, (name, value)) in parameters.iter().enumerate() {
                    field += &if number > 0 { commas(dice, true) } else { " ".repeat(1 + dice.index(2)) };
                    field += &format!("{name}{}={}{}", space(dice), space(dice), quoted(value, dice));
                }
            }
        }
    }
    field + &commas(dice, false)
}

fn commas(dice: &mut Dice, one_at_least: bool) -> String {
    let count = dice.index(3).max(usize::from(one_at_least));
    (0..count).map(|_| format!("{},{}", space(dice), space(dice))).collect()
}

fn quoted(value: &str, dice: &mut Dice) -> String {
    let is_token = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || TOKEN.contains(&byte));
    if is_token && dice.index(2) == 0 {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') || dice.index(5) == 0 {
            text.push('\\');
        }
        text.push(character);
    }
    text + "\""
}

fn parsed(field: &str) -> Vec<Challenge> {
    let mut list: Vec<Challenge> = Vec::new();
    read(field, &mut |part| match part {
        Part::Scheme(scheme) => list.push((scheme.to_owned(), Credentials::None)),
        Part::Token68(token) => list.last_mut().unwrap().1 = Credentials::Token68(token.to_owned()),
        Part::Parameter(name, value) => {
            let last = &mut list.last_mut().unwrap().1;
            match last {
                Credentials::Parameters(all) => all.push((name.to_owned(), value)),
                _ => *last = Credentials::Parameters(vec![(name.to_owned(), value)]),
            }
        }
    });
    list
}

fn word(dice: &mut Dice, from: &[u8]) -> String {
    (0..=dice.index(6)).map(|_| char::from(from[dice.index(from.len())])).collect()
}

fn space(dice: &mut Dice) -> &'static str {
    dice.pick(&["", "", " ", "\t", "  "])
}

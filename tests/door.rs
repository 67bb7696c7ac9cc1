//! The door's protocol exists twice, as words in src/npm.rs and as types in pkg-template/lib/door.d.ts. Both sides have the same words.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

mod node_script;

use node_script::said_by_node;
use oauth_refresher::core::machine::Code;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text between two marks.
fn between(text: &str, from: &str, to: &str) -> String {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0.to_owned()
}

/// The words of a match: `"word" =>`.
fn arms(text: &str) -> BTreeSet<String> {
    let words = text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"));
    words.map(|(word, _)| word.to_owned()).collect()
}

/// The quoted words after each `start`.
fn quoted(text: &str, start: &str) -> BTreeSet<String> {
    let start = format!("{start}\"");
    text.split(&start).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn the_events_of_both_sides_have_the_same_words() {
    let rust = arms(&between(&text("src/npm.rs"), "match event {", "_ => return self.ask"));
    let declared = between(&text("pkg-template/lib/door.d.ts"), "interface CoreEvents {", "\n}");
    let declared: BTreeSet<String> =
        declared.lines().filter_map(|line| Some(line.trim().split_once(": [")?.0.to_owned())).collect();
    assert!(rust.len() > 15, "the words are found: {rust:?}");
    assert_eq!(rust, declared);
}

#[test]
fn the_questions_of_both_sides_have_the_same_words() {
    let rust = arms(&between(&text("src/npm.rs"), "match question {", "_ => String::new()"));
    let declared =
        quoted(&between(&text("pkg-template/lib/door.d.ts"), "type Question =", ";").replace("| ", "|"), "|")
            .into_iter()
            .chain(quoted(&between(&text("pkg-template/lib/door.d.ts"), "type Question =", ";"), " "));
    assert!(rust.len() > 3, "the words are found: {rust:?}");
    assert_eq!(rust, declared.collect());
}

#[test]
fn the_effects_of_both_sides_have_the_same_words() {
    let door = text("src/npm.rs");
    let mut rust = quoted(&door, "push_numbered(out, ");
    rust.extend(quoted(&door, "open(out, "));
    rust.extend(quoted(&between(&door, "let word = match order {", "\n        };"), "=> "));
    rust.extend(quoted(&door, "open(&mut out, "));
    let declared = quoted(&between(&text("pkg-template/lib/door.d.ts"), "type CoreEffect =", ";"), "| [");
    assert!(rust.len() > 10, "the words are found: {rust:?}");
    assert_eq!(rust, declared);
}

#[test]
fn the_notifications_of_both_sides_have_the_same_words() {
    let rust = quoted(&between(&text("src/npm.rs"), "fn push_event", "\n}"), "push_word(out, ");
    let declared = quoted(&text("pkg-template/lib/door.d.ts"), "[\"notify\", ");
    assert!(rust.len() > 3, "the words are found: {rust:?}");
    assert_eq!(rust, declared);
}

#[test]
fn the_errors_of_both_sides_have_the_same_texts_and_meanings() {
    const ALL: [Code; 12] = [
        Code::SessionEnded,
        Code::SignedOut,
        Code::ClientRejected,
        Code::Unavailable,
        Code::OutcomeUnknown,
        Code::BadResponse,
        Code::IdentityMismatch,
        Code::StorageFailed,
        Code::LockTimeout,
        Code::Timeout,
        Code::Closed,
        Code::EngineFailed,
    ];
    let rust: BTreeSet<String> = ALL
        .iter()
        .map(|code| {
            let flags = [code.is_retryable(), code.is_session_ended(), code.is_login_required()];
            format!("{code} {flags:?} {}", code.message())
        })
        .collect();
    let script = r#"
        import { RefreshError } from "./pkg-template/lib/error.js";
        import { MESSAGES } from "./pkg-template/lib/messages.js";
        for (const code in MESSAGES) {
            const { message, retryable, sessionEnded, loginRequired } = new RefreshError({ code });
            console.log(`${code} [${[retryable, sessionEnded, loginRequired].join(", ")}] ${message}`);
        }"#;
    let said = said_by_node(script);
    assert_eq!(rust, said.lines().map(str::to_owned).collect());
}

//! A test of the prose in comments and documents: plain technical English has no "whoever", "nobody" or "somebody" (CONTRIBUTING.md, Style).

use std::fs;
use std::path::Path;

use crate::project;

const FOLDERS: [&str; 5] = ["src", "pkg-template", "xtask", "tests", "fuzz"];
const EXTENSIONS: [&str; 5] = ["rs", "js", "mjs", "ts", "py"];
/// This file, which quotes the words.
const ITSELF: &str = "prose.rs";
const RIDDLES: [&str; 4] = ["whoever", "nobody", "somebody", "anybody"];

#[test]
fn no_comment_and_no_document_gets_a_riddle() {
    let mut found = Vec::new();
    for folder in FOLDERS {
        search(&project::root().join(folder), &EXTENSIONS, comment, &mut found);
    }
    for folder in ["docs", "tests"] {
        search(&project::root().join(folder), &["md"], |line| line, &mut found);
    }
    assert!(found.is_empty(), "write who or what it is:\n{}", found.join("\n"));
}

/// `prose`: the part of a line that is read.
fn search(folder: &Path, extensions: &[&str], prose: fn(&str) -> &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "node_modules" && name != "target" {
            search(&path, extensions, prose, found);
        } else if name != ITSELF
            && path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
        {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let riddles = text.lines().enumerate().filter(|(_, line)| has_riddle(prose(line)));
            found.extend(riddles.map(|(at, line)| format!("{}:{}: {}", project::shown(&path), at + 1, line.trim())));
        }
    }
}

fn has_riddle(prose: &str) -> bool {
    prose
        .to_lowercase()
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .any(|word| RIDDLES.contains(&word))
}

/// The part of a line that is a comment in Rust, JavaScript, TypeScript or Python.
fn comment(line: &str) -> &str {
    let text = line.trim_start();
    if ["//", "/*", "* ", "# "].iter().any(|mark| text.starts_with(mark)) {
        return text;
    }
    line.find(" // ").or_else(|| line.find(" /* ")).map_or("", |at| &line[at..])
}

#[test]
fn only_the_comment_of_a_line_is_searched() {
    assert!(has_riddle(comment("    /// Nobody waits.")));
    assert!(has_riddle(comment("let a = 1; // for whoever asks")));
    assert!(!has_riddle(comment("fn somebody_elses_tokens() {}")));
    assert!(!has_riddle(comment("const client = \"nobody\";")));
    assert!(!has_riddle(comment("// calls somebody_elses_tokens")));
}

//! `generate`: the declarations of the provider presets and the table of docs/providers.md from the rows beside the presets, the
//! protocol in docs/architecture.md from its declarations, and the texts of RefreshError from those of the core. The package always holds fresh output. The committed copies are
//! for TypeScript in the checkout and for readers of the repository; tests fail when they are not current.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::files::{self, Files};
use crate::project::{self, shown};
use crate::{prepare, run};

const LIMIT: Duration = Duration::from_secs(60);
/// The rows and the program that reads them; not part of the package.
pub const SOURCE: &str = "pkg-template/providers/source/";

const ARCHITECTURE: &str = "docs/architecture.md";
const PROTOCOL: &str = "pkg-template/lib/door.d.ts";

const CODES: &str = "src/core/machine/failure.rs";
const MESSAGES: &str = "pkg-template/lib/messages.js";
const SENTENCES: &str = "src/core/messages.rs";
const REQUEST_MESSAGES: &str = "pkg-template/lib/ports/messages.js";
const REQUEST_SENTENCES: &str = "src/core/oauth/messages.rs";

/// The files of the package that are generated, by their path in the project.
pub fn generated() -> Result<Files> {
    prepare::npm_dependencies()?;
    let folder = project::target().join("xtask/generated");
    let _ = fs::remove_dir_all(&folder);
    let mut command = run::program("node");
    command.arg(project::root().join(SOURCE).join("generate.mjs")).arg(&folder);
    run::must(&mut command, LIMIT).context("the provider declarations cannot be generated")?;
    let mut files = texts()?;
    files::add_folder(&mut files, &folder, "")?;
    Ok(files)
}

/// What errors say, from the sources in core.
fn texts() -> Result<Files> {
    let source = |path: &str| project::read(&project::root().join(path));
    let mut files = Files::new();
    files.insert(MESSAGES.to_owned(), messages(&source(CODES)?, &source(SENTENCES)?)?.into_bytes());
    files.insert(REQUEST_MESSAGES.to_owned(), request_messages(&source(REQUEST_SENTENCES)?)?.into_bytes());
    Ok(files)
}

/// Writes the committed copies that are not current.
pub fn generate() -> Result<()> {
    let _lock = files::lock()?;
    // The program that reads the rows imports the package, and with it the texts.
    let of_texts = write_stale(&texts()?)?;
    let mut files = generated()?;
    files.insert(ARCHITECTURE.to_owned(), architecture()?.into_bytes());
    let count = of_texts + write_stale(&files)?;
    println!("{count} generated files changed");
    Ok(())
}

fn write_stale(files: &Files) -> Result<usize> {
    let files = stale(files);
    for (name, content) in &files {
        let path = project::root().join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", shown(&path)))?;
        println!("wrote {name}");
    }
    Ok(files.len())
}

/// The files whose committed copy differs.
pub fn stale(files: &Files) -> Files {
    let is_stale = |name: &str, content: &[u8]| !fs::read(project::root().join(name)).is_ok_and(|text| text == content);
    files.iter().filter(|(name, content)| is_stale(name, content)).map(|(n, c)| (n.clone(), c.clone())).collect()
}

/// The texts of `Code::message` by those of `Code::as_str`, for errors that are made without a core, and the sentences beside them.
fn messages(source: &str, beside: &str) -> Result<String> {
    let texts = arms(source, "pub fn message(self)")?;
    let own = own_texts(source)?;
    let mut out = String::from(
        "// @ts-check\n// Generated from `Code::message` and `Code::own_message` in src/core/machine/failure.rs, and from src/core/messages.rs, by\n\
        // `cargo xtask generate`.\n\n\
        /** @import { RefreshErrorCode } from \"../index.js\" */\n\n\
        /** What happened and what to do. Every page downloads this table. @type {Record<RefreshErrorCode, string>} */\n\
        export const MESSAGES = {\n",
    );
    let codes = arms(source, "pub fn as_str(self)")?;
    for (variant, code) in &codes {
        let text = texts.iter().find(|(other, _)| other == variant).map(|(_, text)| text);
        let text = text.with_context(|| format!("{CODES}: {variant} has no message"))?;
        out.push_str(&format!("  {code}: \"{text}\",\n"));
    }
    out.push_str(
        "};\n\n/** The same where no server spoke, if it differs. @type {{ [code: string]: string }} */\nexport const OWN = {\n",
    );
    for (variant, text) in own {
        let code = codes.iter().find(|(other, _)| *other == variant).map(|(_, code)| code);
        let code = code.with_context(|| format!("{CODES}: {variant} has no code"))?;
        out.push_str(&format!("  {code}: \"{text}\",\n"));
    }
    out.push_str("};\n");
    out.push_str(&sentences(beside)?);
    Ok(out)
}

/// Loaded with the core, when the first request is made.
fn request_messages(source: &str) -> Result<String> {
    let head = "// @ts-check\n// Generated from src/core/oauth/messages.rs by `cargo xtask generate`.\n";
    Ok(head.to_owned() + &sentences(source)?)
}

/// The constants of a file of sentences, with their comments.
fn sentences(source: &str) -> Result<String> {
    let constants = source.split("/// ").skip(1).map(|constant| {
        let (comment, rest) = constant.split_once("\npub const ")?;
        let (name, rest) = rest.split_once(": &str =")?;
        let (text, _) = rest.trim_start().strip_prefix('"')?.split_once("\";")?;
        let line = format!("export const {name} = \"{text}\";\n");
        // Prettier breaks what is longer.
        let line = if line.chars().count() > 111 { line.replacen("= ", "=\n  ", 1) } else { line };
        Some(format!("\n/** {comment} */\n{line}"))
    });
    constants
        .collect::<Option<_>>()
        .context("a constant of a file of sentences is no comment and text on lines of their own")
}

/// The arms of `Code::own_message` that have a text of their own.
fn own_texts(source: &str) -> Result<Vec<(&str, &str)>> {
    let arms = body_of(source, "pub fn own_message(self)")?.split("Self::").skip(1);
    Ok(arms
        .filter_map(|arm| arm.split_once(" => \""))
        .filter_map(|(v, rest)| Some((v, rest.split_once('"')?.0)))
        .collect())
}

/// The arms `Self::Variant => "text"` of a function: its variants and their texts.
fn arms<'a>(source: &'a str, function: &str) -> Result<Vec<(&'a str, &'a str)>> {
    let arms = body_of(source, function)?.split("Self::").skip(1).map(|arm| {
        let (variant, value) = arm.split_once(" => ")?;
        Some((variant, value.split('"').nth(1)?))
    });
    arms.collect::<Option<_>>().with_context(|| format!("{CODES}: an arm of `{function}` is no text"))
}

fn body_of<'a>(source: &'a str, function: &str) -> Result<&'a str> {
    let (_, body) = source.split_once(function).with_context(|| format!("{CODES} has no `{function}`"))?;
    let (body, _) = body.split_once("\n    }\n").with_context(|| format!("`{function}` has no end"))?;
    Ok(body)
}

/// docs/architecture.md with the current protocol.
fn architecture() -> Result<String> {
    let page = project::read(&project::root().join(ARCHITECTURE))?;
    with_protocol(&page, &project::read(&project::root().join(PROTOCOL))?)
}

/// Everything after the imports, between the marks of the page. The fence is not `ts`, because the suite `compose` compiles those.
fn with_protocol(page: &str, declarations: &str) -> Result<String> {
    const NO_MARKS: &str = "docs/architecture.md has no `<!-- protocol: begin …` and `<!-- protocol: end -->`";
    let (_, protocol) = declarations.split_once("\nimport ").context("door.d.ts has no import")?;
    let (_, protocol) = protocol.split_once(";\n").context("the import of door.d.ts has no end")?;
    let (before, rest) = page.split_once("<!-- protocol: begin").context(NO_MARKS)?;
    let (mark, rest) = rest.split_once("-->\n").context(NO_MARKS)?;
    let (_, after) = rest.split_once("<!-- protocol: end -->").context(NO_MARKS)?;
    let protocol = protocol.trim();
    Ok(format!("{before}<!-- protocol: begin{mark}-->\n```typescript\n{protocol}\n```\n<!-- protocol: end -->{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_in_the_architecture_document_is_current() {
        let page = project::read(&project::root().join(ARCHITECTURE)).expect("the page is there");
        assert!(architecture().expect("the page has its marks") == page, "run `cargo xtask generate`");
    }

    #[test]
    fn the_texts_of_errors_are_current() {
        let read = |path: &str| project::read(&project::root().join(path)).expect("the file is there");
        let (source, beside) = (read(CODES), read(SENTENCES));
        let written = messages(&source, &beside).expect("every code has a text");
        assert!(read(MESSAGES) == written, "run `cargo xtask generate`");
        let of_requests = request_messages(&read(REQUEST_SENTENCES)).expect("every sentence is a constant");
        assert!(read(REQUEST_MESSAGES) == of_requests, "run `cargo xtask generate`");
        let without = source.replace("Self::Closed => \"This", "Self::Other => \"This");
        assert!(messages(&without, &beside).unwrap_err().to_string().contains("Closed has no message"));
    }

    #[test]
    fn a_changed_declaration_makes_the_page_stale() {
        let page = "a\n<!-- protocol: begin (x) -->\nold\n<!-- protocol: end -->\nb\n";
        let declarations = "/** c */\nimport type { A } from \"a\";\n\ntype B = 1;\n";
        let written = with_protocol(page, declarations).expect("the page has its marks");
        assert_eq!(
            written,
            "a\n<!-- protocol: begin (x) -->\n```typescript\ntype B = 1;\n```\n<!-- protocol: end -->\nb\n"
        );
        assert_eq!(with_protocol(&written, declarations).expect("the page has its marks"), written);
    }
}

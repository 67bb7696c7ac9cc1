//! A test that no modules import each other in a circle: in `src`, in `xtask` and in the package's JavaScript. A module and those
//! inside it count as one, because a Rust module sees the private items of the one around it. Imports by a re-export count
//! as imports of the module that has the item.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::project;

type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_rust_modules_import_each_other_in_a_circle() {
    for folder in ["src", "xtask/src"] {
        let circle = circle(&rust_imports(&project::root().join(folder)));
        assert!(circle.is_none(), "{folder}: {}", circle.unwrap_or_default().join(" -> "));
    }
}

#[test]
fn no_javascript_modules_import_each_other_in_a_circle() {
    let circle = circle(&javascript_imports(&project::root().join("pkg-template")));
    assert!(circle.is_none(), "{}", circle.unwrap_or_default().join(" -> "));
}

/// The modules of a circle, the first one once more at the end.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let mut left: Imports = imports.clone();
    loop {
        // Modules without imports among those that are left are in no circle.
        let names: BTreeSet<String> = left.keys().cloned().collect();
        left.retain(|_, to| to.iter().any(|name| names.contains(name)));
        if left.len() == names.len() {
            break;
        }
    }
    let mut path = vec![left.keys().next()?.clone()];
    loop {
        let next = left[path.last()?].iter().find(|name| left.contains_key(*name))?.clone();
        if let Some(start) = path.iter().position(|name| *name == next) {
            path.push(next);
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

/// By module path without `crate`, which modules a module takes from.
fn rust_imports(root: &Path) -> Imports {
    let mut sources = BTreeMap::new();
    for path in files(root, &["rs"]) {
        let relative = path.strip_prefix(root).expect("the file is below the root").with_extension("");
        let mut name: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        name.retain(|part| !["mod", "lib", "main"].contains(&part.as_str()));
        let text = fs::read_to_string(&path).expect("the source is text");
        sources.insert(name.join("::"), code(&text));
    }
    let reexports: BTreeMap<_, _> = sources.iter().flat_map(|(module, text)| reexports(module, text)).collect();
    let mut imports = Imports::new();
    for (module, text) in &sources {
        let targets = paths(text).into_iter().filter_map(|path| {
            let mut full = absolute(module, &path)?;
            if let Some(own) = (0..full.len()).find_map(|at| reexports.get(&full[..=at])) {
                full.clone_from(own);
            }
            (0..=full.len()).rev().map(|length| full[..length].join("::")).find(|name| sources.contains_key(name))
        });
        let apart = targets.filter(|target| !is_inside(target, module) && !is_inside(module, target));
        imports.insert(module.clone(), apart.collect());
    }
    imports
}

/// Whether a module is another one, or in it.
fn is_inside(module: &str, outer: &str) -> bool {
    outer.is_empty() || module == outer || module.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
}

/// Without comments and unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Every path in a `use`, and every other one that begins with `crate`, `super` or `self`.
fn paths(text: &str) -> Vec<String> {
    let mut found: Vec<String> = uses(text, "use ").into_iter().chain(uses(text, "use\n")).collect();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let word = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
            if at == 0 || !text[..at].ends_with(word) {
                found.push(text[at..].chars().take_while(|character| word(*character)).collect());
            }
        }
    }
    found
}

/// The paths of each declaration that begins so, one for every name in braces.
fn uses(text: &str, start: &str) -> Vec<String> {
    let declarations = text.match_indices(start).filter(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '\n']));
    let trees = declarations.filter_map(|(at, _)| text[at + start.len()..].split_once(';'));
    trees.flat_map(|(tree, _)| expanded(tree)).collect()
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().replace(char::is_whitespace, "")];
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(&inner[std::mem::replace(&mut start, at + 1)..at]),
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts.iter().flat_map(|part| expanded(part)).map(|part| format!("{}{part}", prefix.trim())).collect()
}

/// The path from the root of the crate; `None` for another crate's.
fn absolute(module: &str, path: &str) -> Option<Vec<String>> {
    let mut base: Vec<String> = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut parts = path.split("::").filter(|part| !part.is_empty()).peekable();
    match *parts.peek()? {
        "crate" => {
            base.clear();
            parts.next();
        }
        "self" => {
            parts.next();
        }
        "super" => {
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        _ => return None,
    }
    Some(base.into_iter().chain(parts.map(str::to_owned)).collect())
}

/// What a module hands on from a module inside it: the path by which it can be had, and its own.
fn reexports(module: &str, text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let handed = text.lines().filter(|line| line.starts_with("pub")).filter_map(|line| {
        let at = text.find(line)?;
        text[at..].split_once(';')?.0.split_once("use ")
    });
    let own = handed.flat_map(|(_, tree)| expanded(tree)).filter_map(|path| {
        let path = path.strip_prefix("self::").unwrap_or(&path).to_owned();
        let inner = absolute(module, &format!("self::{path}"))?;
        let outer = absolute(module, &format!("self::{}", path.rsplit("::").next()?))?;
        let is_inner = !["crate", "super"].contains(&path.split("::").next()?);
        is_inner.then_some((outer, inner))
    });
    own.collect()
}

/// By path in the folder, which files a file imports or loads.
fn javascript_imports(root: &Path) -> Imports {
    let mut imports = Imports::new();
    for path in files(root, &["js", "mjs"]) {
        let text = fs::read_to_string(&path).expect("the source is text");
        // `@import` in a comment takes types from a declaration.
        let is_code = |line: &&str| !line.trim_start().starts_with(['/', '*']);
        let text = text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
        let folder = path.parent().expect("a file is in a folder");
        let named = ["from \"./", "from \"../", "import(\"./", "import(\"../", "import \"./", "import \"../"];
        let mut targets = BTreeSet::new();
        for start in named {
            for (at, _) in text.match_indices(start) {
                let rest = text[at..].split('"').nth(1).unwrap_or_default();
                targets.insert(project::shown(&normal(&folder.join(rest))));
            }
        }
        imports.insert(project::shown(&path), targets);
    }
    imports
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.iter() {
        match part.to_str() {
            Some(".") => {}
            Some("..") => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    out
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_circle_is_found_and_named() {
    let imports = |pairs: &[(&str, &[&str])]| {
        pairs
            .iter()
            .map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect()))
            .collect::<Imports>()
    };
    assert_eq!(circle(&imports(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    let found = circle(&imports(&[("a", &["b"]), ("b", &["c"]), ("c", &["b", "d"]), ("d", &[])]));
    assert_eq!(found.unwrap().join(" "), "b c b");
}

#[test]
fn paths_are_found_in_every_form_of_use() {
    assert_eq!(expanded("a::{b, c::{d, e as f}}"), ["a::b", "a::c::d", "a::c::e"]);
    assert_eq!(absolute("m::n", "super::x::Y").unwrap().join("::"), "m::x::Y");
    assert_eq!(absolute("m::n", "crate::x").unwrap().join("::"), "x");
    assert_eq!(absolute("m::n", "std::fs"), None);
    assert_eq!(
        reexports("m", "pub use a::{B, C};\n")[1],
        (vec!["m".into(), "C".into()], vec!["m".into(), "a".into(), "C".into()])
    );
    assert_eq!(paths("let x = super::y::z();"), ["super::y::z"]);
}

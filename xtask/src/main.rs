//! The project's commands: `cargo xtask build | pack | size | test | mutants | generate | apps | bench | example | demo | docs | sbom | format | prepare`.
//! Plain Rust instead of scripts, so that a fresh machine needs only Rust and Node. wasm-bindgen is a library dependency, pinned to
//! the crate's version.

mod apps;
mod bench;
mod checks;
#[cfg(test)]
mod circles;
mod count;
mod demo;
mod docs;
mod example;
mod files;
mod fuzz;
mod generate;
mod glue;
mod inline;
mod kept;
mod mutant;
mod mutants;
mod pack;
mod package;
mod package_mutants;
mod prepare;
mod project;
#[cfg(test)]
mod prose;
mod report;
mod run;
mod sbom;
mod size;
mod suites;
mod wasm;
mod wasm2js;
mod wasm_opt;

use std::process::ExitCode;

use anyhow::{bail, Result};
use lexopt::Arg;

const USAGE: &str = "\
usage: cargo xtask <command>

  build                      the npm package in dist/package/
  pack                       … packed as dist/oauth-refresher.tgz and unpacked for the tests
  size                       … and its download size beside the budget
  test [--long] [suite …]    every suite, or the named ones (--list shows them); --long: more histories, rounds and browsers
  test quick                 while editing: format, clippy, host tests, a short world, types, tests/node; under three minutes
  mutants [--list] [--fit] [--package] [--only NAME …]
                             changes of the machine that the simulator must notice: seconds each, a quarter of an hour in all;
                             --package: changes of storages, ports and the vault, that a test in Node must notice;
                             --fit: only whether each still fits the sources
  generate                   provider declarations, the table of docs/providers.md and the protocol in docs/architecture.md
  apps                       the example applications in Rust, in target/apps/
  bench [--quick] [--only PART …]
                             the package beside its peers: bytes, CPU, starts, behaviour; a whole run, a quarter of an hour, writes
                             docs/peers.md
  demo [argument …]          starts the servers, refreshes through the packed package, serves the page
  example NAME               an application of examples/, installed and started: node, react, worker, rust
  docs [--serve [port]]      these pages, the declarations and the crate as a site with a search, in target/docs/
  sbom                       what the package and the crate are made of, in CycloneDX, in dist/
  format                     rustfmt and prettier, written
  prepare                    installs the prerequisites of the others: wasm target, npm dependencies, browser
";

fn main() -> ExitCode {
    match command() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<ExitCode> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(Arg::Value(command)) => command.to_string_lossy().into_owned(),
        Some(Arg::Short('h') | Arg::Long("help")) | None => {
            print!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    if command == "demo" {
        let forwarded: Vec<_> = arguments.raw_args()?.collect();
        return demo::demo(&forwarded);
    }
    if command == "example" {
        let forwarded: Vec<_> = arguments.raw_args()?.collect();
        return example::example(&forwarded);
    }
    if command == "bench" {
        let forwarded: Vec<_> = arguments.raw_args()?.collect();
        return bench::bench(&forwarded).map(|()| ExitCode::SUCCESS);
    }
    if command == "docs" {
        let forwarded: Vec<_> = arguments.raw_args()?.collect();
        return docs::docs(&forwarded).map(|()| ExitCode::SUCCESS);
    }
    let mut long = false;
    let mut list = false;
    let mut fit = false;
    let mut of_the_package = false;
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("long") if command == "test" => long = true,
            Arg::Long("list") if command == "test" || command == "mutants" => list = true,
            Arg::Long("fit") if command == "mutants" => fit = true,
            Arg::Long("package") if command == "mutants" => of_the_package = true,
            Arg::Long("only") if command == "mutants" => names.push(arguments.value()?.to_string_lossy().into_owned()),
            Arg::Value(name) if command == "test" => names.push(name.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    match command.as_str() {
        "build" => package::build()?,
        "pack" => pack::pack()?,
        "size" => {
            pack::pack()?;
            size::size()?;
        }
        "test" if list => suites::list(),
        "test" => return suites::test(&names, long),
        "mutants" if list => mutants::list()?,
        "mutants" if fit => return mutants::fit(),
        "mutants" if of_the_package => return package_mutants::mutants(&names),
        "mutants" => return mutants::mutants(&names),
        "generate" => generate::generate()?,
        "apps" => apps::apps()?,
        "sbom" => sbom::sbom()?,
        "format" => checks::format()?,
        "prepare" => prepare::everything()?,
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

//! Runs other programs with a time limit; their output is shown only on failure.
//! At its limit a program is killed together with its descendants, and no other process is.

use std::collections::HashMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, Context, Result};

use crate::project;

/// The result of a program.
pub struct Outcome {
    pub succeeded: bool,
    pub timed_out: bool,
    /// Standard output and standard error, interleaved by line.
    pub output: String,
}

/// A program on the search path, or None.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// The cargo that runs this xtask, in the project's folder.
pub fn cargo() -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Variables that `cargo run` set for xtask must not reach the crates that this cargo builds.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

/// A program in the project's folder.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(project::root()).stdin(Stdio::null());
    command
}

/// Standard output of a program that must succeed.
pub fn text_of(command: &mut Command) -> Result<String> {
    let name = name_of(command);
    let output = command.output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program that must succeed; its output is shown only if it fails.
pub fn must(command: &mut Command, limit: Duration) -> Result<String> {
    let name = name_of(command);
    let outcome = run(command, limit)?;
    if outcome.timed_out {
        bail!("{}\n{name} was killed at its limit of {} s", outcome.output.trim_end(), limit.as_secs());
    }
    if !outcome.succeeded {
        bail!("{}\n{name} failed", outcome.output.trim_end());
    }
    Ok(outcome.output)
}

/// Runs a program that must succeed and may take minutes: each line is shown as it comes.
pub fn must_aloud(command: &mut Command, limit: Duration) -> Result<String> {
    let name = name_of(command);
    let outcome = run_with(command, limit, Voice::Aloud)?;
    if outcome.timed_out {
        bail!("{name} was ended after {} s", limit.as_secs());
    }
    if !outcome.succeeded {
        bail!("{name} failed: see above");
    }
    Ok(outcome.output)
}

/// Whether the lines of a program are shown as they come, and how long it may say nothing before a line says that it still runs.
#[derive(Clone, Copy, PartialEq)]
enum Voice {
    Quiet,
    Aloud,
}

impl Voice {
    fn longest_silence(self) -> Duration {
        match self {
            Self::Quiet => Duration::from_secs(60),
            Self::Aloud => Duration::from_secs(10),
        }
    }
}

/// Runs a program to its end or to its limit.
pub fn run(command: &mut Command, limit: Duration) -> Result<Outcome> {
    run_with(command, limit, Voice::Quiet)
}

/// Runs a program that may take hours: each line is shown as it comes.
pub fn run_aloud(command: &mut Command, limit: Duration) -> Result<Outcome> {
    run_with(command, limit, Voice::Aloud)
}

fn run_with(command: &mut Command, limit: Duration, voice: Voice) -> Result<Outcome> {
    let name = name_of(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let lines = Arc::new(Mutex::new(String::new()));
    let readers = [
        child.stdout.take().map(|pipe| collect(pipe, &lines, voice)),
        child.stderr.take().map(|pipe| collect(pipe, &lines, voice)),
    ];
    let (succeeded, timed_out) = wait(&mut child, &name, limit, voice)?;
    // A grandchild may keep the pipes open for ever: wait two seconds for the rest of the output.
    let patience = Instant::now() + Duration::from_secs(2);
    for reader in readers.into_iter().flatten() {
        while !reader.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
    }
    let output = lines.lock().map_err(|_| anyhow!("a reader of {name} panicked"))?.clone();
    Ok(Outcome { succeeded, timed_out, output })
}

fn collect(pipe: impl Read + Send + 'static, lines: &Arc<Mutex<String>>, voice: Voice) -> thread::JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line);
            if voice == Voice::Aloud && !text.trim().is_empty() {
                println!("    {}", text.trim());
            }
            if let Ok(mut lines) = lines.lock() {
                lines.push_str(&text);
            }
            line.clear();
        }
    })
}

fn wait(child: &mut Child, name: &str, limit: Duration, voice: Voice) -> Result<(bool, bool)> {
    let started = Instant::now();
    let mut silent_since = started;
    loop {
        if let Some(status) = child.try_wait().with_context(|| format!("cannot wait for {name}"))? {
            return Ok((status.success(), false));
        }
        if started.elapsed() > limit {
            end(child);
            return Ok((false, true));
        }
        if silent_since.elapsed() > voice.longest_silence() {
            println!("  … {name}: {} s", started.elapsed().as_secs());
            silent_since = Instant::now();
        }
        thread::sleep(Duration::from_millis(if started.elapsed().as_secs() < 1 { 5 } else { 50 }));
    }
}

/// Kills a child and its descendants. Descendants are found through /proc; without it only the child is killed.
fn end(child: &mut Child) {
    let family = descendants(child.id());
    let _ = child.kill();
    for process in family {
        let _ = Command::new("kill").arg("-KILL").arg(process.to_string()).stderr(Stdio::null()).status();
    }
    let _ = child.wait();
}

fn descendants(ancestor: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // "4711 (a name (with) anything) S 42 …": the parent is the second word after the last parenthesis.
        let parent = status.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![ancestor];
    while let Some(process) = open.pop() {
        let next = children.remove(&process).unwrap_or_default();
        found.extend(&next);
        open.extend(next);
    }
    found
}

fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let arguments = command.get_args().take(3).map(|argument| {
        let argument = argument.to_string_lossy();
        argument.strip_prefix(&format!("{}/", project::root().display())).unwrap_or(&argument).to_owned()
    });
    std::iter::once(program.into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_outlives_its_limit_is_ended_with_what_it_started() {
        let mut command = program("sh");
        command.args(["-c", "echo before; sleep 30 & wait"]);
        let started = Instant::now();
        let outcome = run(&mut command, Duration::from_millis(300)).expect("sh can be started");
        assert!(outcome.timed_out && !outcome.succeeded);
        assert_eq!(outcome.output, "before\n");
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_failing_program_hands_back_what_it_said_on_both_streams() {
        let mut command = program("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let outcome = run(&mut command, Duration::from_secs(10)).expect("sh can be started");
        assert!(!outcome.succeeded && !outcome.timed_out);
        assert!(outcome.output.contains("out\n") && outcome.output.contains("err\n"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = must(&mut program("no-such-program-here"), Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"), "{error}");
    }
}

//! The world: contexts, a storage, a lock, devices with clocks of their own and an authorization server in virtual time.
//! One seed is one history. A seed that breaks an invariant is shrunk, and its trace is left in tests/traces, where every
//! trace is replayed; `WORLD_SEED=… cargo test --release --test world -- --nocapture` plays one seed again, WORLD_TRACE=… a trace.

mod checks;
mod checks_spending;
mod claims_failures;
mod claims_identity;
mod claims_leases;
mod claims_sessions;
mod claims_sharing;
mod claims_steps;
mod context;
mod dice;
mod driver;
mod lock;
mod network;
mod people;
mod queue;
mod reader;
mod replay;
mod scenarios;
mod script;
mod server;
mod setup;
mod shrink;
mod storage;
mod trace;
mod world;

use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::script::History;
use crate::world::{Broken, World};

const HISTORIES: u64 = 200_000;
const LONG: u64 = 10_000_000;
/// An hour is long: how far it is.
const SAYS_SO_EVERY: u64 = 100_000;
const WALL: Duration = Duration::from_secs(40);

#[test]
fn no_history_breaks_an_invariant() {
    if let Some(path) = env::var_os("WORLD_TRACE") {
        return replay(replay::from(path.as_ref()));
    }
    if let Some(seed) = number("WORLD_SEED") {
        return replay(History::random(seed));
    }
    let red = replay::all();
    for failure in &red {
        println!("{failure}");
    }
    let long = env::var_os("OAUTH_REFRESHER_LONG").is_some();
    let wanted = number("WORLD_HISTORIES").unwrap_or(if long { LONG } else { HISTORIES });
    // What is asked for on purpose is played to its end.
    let long = long || wanted > HISTORIES;
    let wall = if long { Duration::MAX } else { WALL };
    let first = number("WORLD_FROM").unwrap_or(1);
    let (started, next, ran, steps, most) =
        (Instant::now(), AtomicU64::new(first), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let failed = AtomicBool::new(false);
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let failures: Vec<(u64, Broken)> = thread::scope(|scope| {
        let run = || {
            let mut failures = Vec::new();
            while !failed.load(Ordering::Relaxed) && started.elapsed() < wall {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + wanted {
                    break;
                }
                let world = World::new(History::random(seed), false).run();
                let so_far = ran.fetch_add(1, Ordering::Relaxed) + 1;
                if long && so_far % SAYS_SO_EVERY == 0 {
                    println!("{so_far} histories after {:.0} s, seed {seed}", started.elapsed().as_secs_f64());
                }
                steps.fetch_add(u64::from(world.steps), Ordering::Relaxed);
                most.fetch_max(u64::from(world.most_steps), Ordering::Relaxed);
                if let Some(broken) = world.broken {
                    println!("broken by seed {seed}: {}", broken.claim);
                    failures.push((seed, broken));
                    failed.store(env::var_os("WORLD_GO_ON").is_none(), Ordering::Relaxed);
                }
            }
            failures
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let (ran, seconds) = (ran.into_inner(), started.elapsed().as_secs_f64());
    println!(
        "{ran} histories, {} steps, in {seconds:.1} s: {:.0} histories per second; at most {} steps of one context in a minute",
        steps.into_inner(),
        ran as f64 / seconds,
        most.into_inner()
    );
    if env::var_os("WORLD_GO_ON").is_some() {
        return summary(&failures);
    }
    if let Some((seed, broken)) = failures.iter().min_by_key(|(seed, _)| *seed) {
        explain(&History::random(*seed), broken);
    }
    assert!(red.is_empty(), "{}", red.join("\n"));
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn replay(history: History) {
    let world = World::new(history.clone(), true).run();
    match world.broken {
        Some(broken) => explain(&history, &broken),
        None => {
            println!("{:#?}\n{}", history.setup, world.trace.unwrap_or_default().join("\n"));
            println!("seed {} breaks nothing", history.seed);
        }
    }
}

/// Prints the smallest history that breaks the same invariant, keeps it, and fails.
fn explain(history: &History, broken: &Broken) {
    let seed = history.seed;
    let (history, smallest) = shrink::shrink(history, broken);
    let world = World::new(history, true).run();
    println!("{:?}", world.history.setup);
    println!("{}", world.trace.unwrap_or_default().join("\n"));
    println!("{}", replay::keep(&world.history, smallest.claim));
    panic!("seed {seed}: {}: {}", smallest.claim, smallest.detail);
}

/// How often which invariant breaks, and the first seed that shows it.
fn summary(failures: &[(u64, Broken)]) {
    let mut claims: Vec<&str> = failures.iter().map(|(_, broken)| broken.claim).collect();
    claims.sort_unstable();
    claims.dedup();
    for claim in &claims {
        let seeds: Vec<u64> =
            failures.iter().filter(|(_, broken)| broken.claim == *claim).map(|(seed, _)| *seed).collect();
        let first: Vec<String> = seeds.iter().take(6).map(u64::to_string).collect();
        println!("{:6} {claim}: seeds {}", seeds.len(), first.join(" "));
    }
    assert!(claims.is_empty(), "{} histories break something", failures.len());
}

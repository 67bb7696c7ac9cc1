//! Counts passed and failed tests in the output of the test runners.
//! A runner that fails without naming a failed test (a compile error, a time limit) counts as one failed test.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Tally {
    /// The tally of a single check.
    pub fn one(holds: bool) -> Tally {
        Tally { passed: usize::from(holds), failed: usize::from(!holds), skipped: 0 }
    }

    /// Counts one failure if the runner's exit code is not 0 although no test failed.
    pub fn judged(mut self, succeeded: bool) -> Tally {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per test binary; wasm-bindgen's runner prints the same line.
pub fn libtest(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines() {
        let Some((_, counts)) = line.split_once("test result: ") else { continue };
        let mut number = None;
        for word in counts.split([' ', '.', ';']).filter(|word| !word.is_empty()) {
            match word {
                "passed" => tally.passed += number.unwrap_or(0),
                "failed" => tally.failed += number.unwrap_or(0),
                "ignored" => tally.skipped += number.unwrap_or(0),
                "filtered" => break,
                _ => number = word.parse().ok(),
            }
        }
    }
    tally
}

/// The totals at the end of node's TAP output: `# pass 3`. A test's own output looks the same, so the last line of each kind counts.
pub fn tap(output: &str) -> Tally {
    let last = |kind: &str| {
        let count = |line: &str| line.strip_prefix("# ")?.strip_prefix(kind)?.trim().parse().ok();
        output.lines().rev().find_map(count).unwrap_or(0)
    };
    Tally {
        passed: last("pass "),
        failed: last("fail ") + last("cancelled "),
        skipped: last("skipped ") + last("todo "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn libtests_lines_of_all_binaries_are_summed() {
        let output = "running 3 tests\ntest a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n\
            test result: FAILED. 2 passed; 5 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(libtest(output), tally(5, 5, 1));
    }

    #[test]
    fn the_wasm_runners_line_is_read_too() {
        assert_eq!(
            libtest("test result: ok. 4 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.2s\n"),
            tally(4, 0, 0)
        );
    }

    #[test]
    fn nodes_totals_are_read_from_the_end() {
        let output = "TAP version 13\n# pass 99\n# Subtest: x\nok 1 - x\n    # pass 7\n1..1\n# tests 12\n# suites 1\n# pass 8\n# fail 1\n\
            # cancelled 2\n# skipped 1\n# todo 0\n# duration_ms 51.2\n";
        assert_eq!(tap(output), tally(8, 3, 1));
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_counts_as_one() {
        assert_eq!(libtest("error: could not compile\n").judged(false), tally(0, 1, 0));
        assert_eq!(tally(2, 3, 0).judged(false), tally(2, 3, 0));
        assert_eq!(tally(2, 0, 0).judged(true), tally(2, 0, 0));
    }
}

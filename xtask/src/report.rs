//! What a suite is asked, and what it answers.

use crate::count::Tally;

/// How much of a suite runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// `test quick`: fewer histories, without the slowest files.
    Quick,
    Usual,
    /// `test --long`: more histories, more rounds, more browsers.
    Long,
}

impl Length {
    pub fn is_long(self) -> bool {
        self == Length::Long
    }
}

/// A suite's result, and the output to show if a test failed.
pub struct Report {
    pub tally: Tally,
    pub output: String,
}

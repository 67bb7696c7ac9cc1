//! Points in time and spans of it, as numbers that arrive from outside.
//! The core has no clock: a driver says what time it is with every fact. Arithmetic saturates, because
//! `expires_in` comes from a server and a clock may be wrong by years.

use core::ops::{Add, Sub};

/// Milliseconds since the Unix epoch, by the clock of the device that runs the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(u64);

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl UnixTime {
    /// The epoch itself; also what an unusable clock reading becomes.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From a host's floating-point milliseconds; NaN and negative readings become the epoch.
    pub fn from_millis_f64(millis: f64) -> Self {
        // `as` saturates and maps NaN to 0, which is what is wanted here.
        Self(millis as u64)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs).times(1000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This many times as long.
    pub const fn times(self, factor: u64) -> Self {
        // Multiplication that saturates would bring in one of 128 bits.
        match u64::MAX.checked_div(factor) {
            Some(largest) if self.0 > largest => Self(u64::MAX),
            _ => Self(self.0.wrapping_mul(factor)),
        }
    }

    /// The whole number of milliseconds in one `divisor`th of it; a divisor of 0 counts as 1.
    pub fn part(self, divisor: u64) -> Self {
        Self(self.0.checked_div(divisor).unwrap_or(self.0))
    }
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = UnixTime::from_millis(u64::MAX);
        assert_eq!(end + Duration::from_secs(u64::MAX), end);
        assert_eq!(UnixTime::EPOCH - Duration::from_secs(1), UnixTime::EPOCH);
        assert_eq!(UnixTime::EPOCH.since(end), Duration::ZERO);
        assert_eq!(Duration::from_millis(u64::MAX / 2).times(3), Duration::from_millis(u64::MAX));
        assert_eq!(Duration::from_millis(u64::MAX).times(0), Duration::ZERO);
    }

    #[test]
    fn an_unusable_clock_reading_is_the_epoch() {
        assert_eq!(UnixTime::from_millis_f64(f64::NAN), UnixTime::EPOCH);
        assert_eq!(UnixTime::from_millis_f64(-5.0), UnixTime::EPOCH);
    }
}

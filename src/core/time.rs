//! Points in time and durations. The core has no clock: the driver passes the time with every input.
//! Arithmetic neither wraps nor panics, because `expires_in` comes from a server and a clock may be wrong by years.
//! A time is a floating-point number, exact up to 2^53, because 64-bit integers cost the core as JavaScript 2,900 bytes.

use core::cmp::Ordering;
use core::ops::{Add, Sub};

/// Milliseconds since the Unix epoch, by the device's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UnixTime(f64);

/// A duration in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duration(f64);

impl UnixTime {
    /// The epoch. An unusable clock reading counts as this.
    pub const EPOCH: Self = Self(0.0);

    /// After every other time: no expiry, or no deadline.
    pub const NEVER: Self = Self(f64::INFINITY);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis as f64)
    }

    /// From a host's floating-point milliseconds; NaN and negative readings become the epoch.
    pub fn from_millis_f64(millis: f64) -> Self {
        // `as` saturates, and maps NaN to 0.
        Self::from_millis(millis as u64)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0 as u64
    }

    /// This time, unless it is [`Self::NEVER`].
    pub fn known(self) -> Option<Self> {
        (self < Self::NEVER).then_some(self)
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(difference(self.0, earlier.0))
    }
}

impl Duration {
    /// Zero.
    pub const ZERO: Self = Self(0.0);

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis as f64)
    }

    /// From whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs as f64 * 1000.0)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0 as u64
    }

    /// The duration multiplied by `factor`.
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0 * factor as f64)
    }

    /// The duration divided by `divisor`; a divisor of 0 counts as 1.
    pub const fn part(self, divisor: u64) -> Self {
        Self(self.0 / if divisor == 0 { 1.0 } else { divisor as f64 })
    }
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(difference(self.0, span.0))
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// Times are neither NaN nor negative, so the order is total.
macro_rules! ordered {
    ($it:ty) => {
        impl Eq for $it {}

        impl PartialOrd for $it {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }

            fn lt(&self, other: &Self) -> bool {
                self.0 < other.0
            }

            fn le(&self, other: &Self) -> bool {
                self.0 <= other.0
            }

            fn gt(&self, other: &Self) -> bool {
                self.0 > other.0
            }

            fn ge(&self, other: &Self) -> bool {
                self.0 >= other.0
            }
        }

        impl Ord for $it {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
            }

            fn max(self, other: Self) -> Self {
                if other > self {
                    other
                } else {
                    self
                }
            }

            fn min(self, other: Self) -> Self {
                if other < self {
                    other
                } else {
                    self
                }
            }
        }
    };
}

ordered!(UnixTime);
ordered!(Duration);

/// The difference, at least zero. `f64::max` would also check for NaN.
fn difference(minuend: f64, subtrahend: f64) -> f64 {
    if minuend > subtrahend {
        minuend - subtrahend
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stays_within_both_ends() {
        let end = UnixTime::from_millis(u64::MAX);
        assert_eq!((end + Duration::from_secs(u64::MAX)).as_millis(), u64::MAX);
        assert_eq!(UnixTime::EPOCH - Duration::from_secs(1), UnixTime::EPOCH);
        assert_eq!(UnixTime::EPOCH.since(end), Duration::ZERO);
        assert_eq!(Duration::from_millis(u64::MAX / 2).times(3).as_millis(), u64::MAX);
        assert_eq!(Duration::from_millis(u64::MAX).times(0), Duration::ZERO);
        assert_eq!(Duration::from_secs(7).part(0), Duration::from_secs(7));
    }

    #[test]
    fn an_unusable_clock_reading_is_the_epoch() {
        assert_eq!(UnixTime::from_millis_f64(f64::NAN), UnixTime::EPOCH);
        assert_eq!(UnixTime::from_millis_f64(-5.0), UnixTime::EPOCH);
    }
}

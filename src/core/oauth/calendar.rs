//! Dates to Unix time, for `Retry-After` (RFC 9110 section 5.6.7) and for servers that write expiries as
//! ISO 8601 (the profile of RFC 3339 section 5.6).

use crate::core::time::{Duration, UnixTime};

/// A date and time of day in UTC, or `None` if there is no such date; a leap second counts as the one after it.
pub fn utc(year: u64, month: u64, day: u64, clock: &str) -> Option<UnixTime> {
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if parts.next().is_some() || !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years are counted from March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)?;
    Some(UnixTime::EPOCH + Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// `2026-11-22T04:21:46.5+01:00`; without an offset it is taken for UTC.
pub fn iso8601(text: &str) -> Option<UnixTime> {
    let (date, clock) = text.trim().split_once(['T', 't', ' '])?;
    let mut date = date.split('-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let end = clock.find(|character: char| !character.is_ascii_digit() && character != ':').unwrap_or(clock.len());
    let (clock, rest) = (clock.get(..end)?, clock.get(end..)?);
    let zone = rest.trim_start_matches(|character: char| character == '.' || character.is_ascii_digit());
    let at = utc(year, month, day, clock)?;
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(at);
    }
    let (east, offset) =
        zone.strip_prefix('+').map(|offset| (true, offset)).or_else(|| Some((false, zone.strip_prefix('-')?)))?;
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    let offset = Duration::from_secs((number / 100 * 60 + number % 100) * 60);
    Some(if east { at - offset } else { at + offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iso_date_is_read_with_fraction_and_offset() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14t22:13:20.999z",
            "2023-11-14 22:13:20",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T19:43:20-0230",
        ] {
            assert_eq!(iso8601(text), Some(UnixTime::from_millis(1_700_000_000_000)), "{text}");
        }
        for text in ["", "2023-11-14", "2023-13-14T00:00:00Z", "T", "2023-11-14T22:13:20+1", "2023-11-14T22:13Z"] {
            assert_eq!(iso8601(text), None, "{text}");
        }
    }
}

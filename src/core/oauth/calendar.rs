//! Dates to Unix time: for `Retry-After` (RFC 9110 section 5.6.7), and for expiries in ISO 8601 (RFC 3339 section 5.6).

use alloc::vec::Vec;

use crate::core::json::whole;
use crate::core::time::{Duration, UnixTime};

/// A date and time of day in UTC, or `None` if there is no such date. A leap second counts as the next second.
pub fn utc(year: u64, month: u64, day: &str, clock: [&str; 3]) -> Option<UnixTime> {
    let [hour, minute, second] = clock;
    let (day, hour, minute, second) = (whole(day)?, whole(hour)?, whole(minute)?, whole(second)?);
    let valid = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years begin in March, so that the leap day is the last day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = (year * 365 + year / 4 - year / 100 + year / 400 + day_of_year).checked_sub(719_468)?;
    Some(UnixTime::EPOCH + Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// A date such as `2026-11-22T04:21:46.5+01:00`. Without an offset it is in UTC.
pub fn iso8601(text: &str) -> Option<UnixTime> {
    let text = text.trim_ascii();
    let begin = text.bytes().position(|byte| matches!(byte, b'T' | b't' | b' '))?;
    let sign = text.bytes().skip(begin).position(|byte| matches!(byte, b'+' | b'-'));
    let (local, offset) = text.split_at_checked(sign.map_or(text.len(), |sign| begin + sign))?;
    let mut local = pieces(local);
    local.retain(|piece| !matches!(*piece, "T" | "t" | "Z" | "z"));
    let at = match *local.as_slice() {
        [year, month, day, hour, minute, second, ref fraction @ ..]
            if fraction.len() < 2 && fraction.iter().all(|digits| whole(digits).is_some()) =>
        {
            utc(whole(year)?, whole(month)?, day, [hour, minute, second])?
        }
        _ => return None,
    };
    if offset.is_empty() {
        return Some(at);
    }
    let (hours, minutes) = match *pieces(offset).as_slice() {
        [hours, minutes] if hours.len() == 2 && minutes.len() == 2 => (hours, minutes),
        [both] if both.len() == 4 => both.split_at_checked(2)?,
        _ => return None,
    };
    let offset_size = Duration::from_secs((whole(hours)? * 60 + whole(minutes)?) * 60);
    Some(if offset.starts_with('+') { at - offset_size } else { at + offset_size })
}

/// The words and the whole numbers of a text, without what separates them.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut kind) = (0, Kind::Neither);
    for at in 0..=text.len() {
        let next = match text.as_bytes().get(at) {
            Some(b'0'..=b'9') => Kind::Number,
            Some(byte) if byte.is_ascii_alphabetic() => Kind::Word,
            _ => Kind::Neither,
        };
        if next != kind {
            if kind != Kind::Neither {
                found.extend(text.get(start..at));
            }
            (start, kind) = (at, next);
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Neither,
    Number,
    Word,
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
        for text in [
            "",
            "2023-11-14",
            "2023-13-14T00:00:00Z",
            "T",
            "2023-11-14T22:13:20+1",
            "2023-11-14T22:13Z",
            "2023-11-14T22:13:20 EST",
        ] {
            assert_eq!(iso8601(text), None, "{text}");
        }
    }
}

//! `Retry-After` (RFC 9110 section 10.2.3): a number of seconds, or a date in one of three forms (section 5.6.7: IMF-fixdate, RFC 850,
//! asctime). Anything else is ignored.

use super::calendar::{pieces, utc};
use crate::core::json::whole;
use crate::core::time::{Duration, UnixTime};

/// The earliest time of the next request, or `None` if the field cannot be read. A date is by the server's clock: if the reply has a
/// `date`, the difference counts.
pub fn retry_after(field: &str, now: UnixTime, date: Option<UnixTime>) -> Option<UnixTime> {
    match whole(field.trim_ascii()) {
        Some(seconds) => Some(now + Duration::from_secs(seconds)),
        None => {
            let at = http_date(field, now)?;
            Some(date.map_or(at, |date| now + at.since(date)))
        }
    }
}

/// One of the three date forms, in any letter case for the names.
fn http_date(field: &str, now: UnixTime) -> Option<UnixTime> {
    match *pieces(field).as_slice() {
        // Sun Nov  6 08:49:37 1994
        [_, month, day, hour, minute, second, year] => {
            utc(whole(year)?, number_of(month)?, day, [hour, minute, second])
        }
        // Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, hour, minute, second, zone] if zone.eq_ignore_ascii_case("gmt") => {
            utc(full_year(year, now)?, number_of(month)?, day, [hour, minute, second])
        }
        _ => None,
    }
}

/// A two-digit year more than 50 years ahead is the last past year with those digits (section 5.6.7).
fn full_year(digits: &str, now: UnixTime) -> Option<u64> {
    let year = whole(digits)?;
    if digits.len() != 2 {
        return Some(year);
    }
    let this_year = 1970 + now.as_millis() / 31_556_952_000;
    let candidate = this_year - this_year % 100 + year;
    Some(if candidate > this_year + 50 { candidate - 100 } else { candidate })
}

fn number_of(month: &str) -> Option<u64> {
    let names = "jan feb mar apr may jun jul aug sep oct nov dec";
    let at = names
        .as_bytes()
        .chunks(4)
        .position(|name| name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(month.as_bytes())))?;
    Some(at as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

    fn epoch_seconds(field: &str) -> Option<u64> {
        retry_after(field, NOW, None).map(|at| at.as_millis() / 1000)
    }

    #[test]
    fn c6_seconds_are_counted_from_now() {
        assert_eq!(epoch_seconds("120"), Some(1_700_000_120));
        assert_eq!(epoch_seconds(" 0 "), Some(1_700_000_000));
        assert!(epoch_seconds("99999999999999999999999").is_some());
    }

    #[test]
    fn c6_all_three_date_forms_are_read() {
        for field in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(epoch_seconds(field), Some(784_111_777), "{field}");
        }
        assert_eq!(epoch_seconds("Fri, 31 Dec 1999 23:59:59 GMT"), Some(946_684_799));
        assert_eq!(epoch_seconds("Tue, 29 Feb 2028 00:00:00 GMT"), Some(1_835_395_200));
    }

    #[test]
    fn c6_a_date_is_read_against_the_replys_own_date() {
        let date = UnixTime::from_millis(784_111_777_000);
        for (field, seconds) in [
            ("Sun, 06 Nov 1994 08:49:42 GMT", 5),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("7", 7),
            ("Sun, 06 Nov 1994 08:40:00 GMT", 0),
        ] {
            assert_eq!(retry_after(field, NOW, Some(date)), Some(NOW + Duration::from_secs(seconds)), "{field}");
        }
    }

    #[test]
    fn c6_a_two_digit_year_far_ahead_is_in_the_past() {
        assert_eq!(epoch_seconds("Sunday, 06-Nov-72 08:49:37 GMT"), epoch_seconds("Sun, 06 Nov 2072 08:49:37 GMT"));
        assert_eq!(epoch_seconds("Sunday, 06-Nov-94 08:49:37 GMT"), epoch_seconds("Sun, 06 Nov 1994 08:49:37 GMT"));
    }

    #[test]
    fn c6_what_cannot_be_read_is_ignored() {
        for field in [
            "",
            "soon",
            "-5",
            "1.5",
            "12s",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 45 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "0x10",
        ] {
            assert_eq!(epoch_seconds(field), None, "{field}");
        }
    }
}

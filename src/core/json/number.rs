//! Numbers from text, without a floating-point parser. A lifetime becomes whole milliseconds, however the server writes it
//! (RFC 6749 section 5.1 and RFC 8259 section 6).

use super::scan::{digit, Scanner};

/// A decimal number such as `3600`, `3600.0` or `36e2`, multiplied by 1000 and rounded down. `None` for anything else and for a
/// negative number, which is neither a lifetime nor a point in time.
pub fn decimal_thousandths(text: &str) -> Option<u64> {
    let mut scanner = Scanner::new(text, 0);
    scanner.space();
    // The number is `value` times ten to the power of `shift`.
    let (mut value, mut shift, mut fraction) = (0, 3, false);
    digit(scanner.peek())?;
    loop {
        match digit(scanner.peek()) {
            Some(digit) if value < PRECISE => {
                value = value * 10 + digit;
                shift -= i64::from(fraction);
            }
            Some(_) => shift += i64::from(!fraction),
            None if !fraction && scanner.peek() == Some(b'.') => fraction = true,
            None => break,
        }
        scanner.at += 1;
    }
    if scanner.eat(b'e') || scanner.eat(b'E') {
        let down = scanner.eat(b'-');
        let _ = !down && scanner.eat(b'+');
        let mut exponent = 0;
        digit(scanner.peek())?;
        while let Some(digit) = digit(scanner.peek()) {
            exponent = (exponent * 10 + digit as i64).min(1000);
            scanner.at += 1;
        }
        shift += if down { -exponent } else { exponent };
    }
    scanner.space();
    (scanner.at == text.len()).then(|| scaled(value, shift))
}

/// A number that consists of digits only. Saturates.
pub fn whole(text: &str) -> Option<u64> {
    let mut value = 0;
    for byte in text.bytes() {
        let digit = digit(Some(byte))?;
        value = if value < PRECISE { value * 10 + digit } else { u64::MAX };
    }
    (!text.is_empty()).then_some(value)
}

/// The texts before and after the first `separator`, an ASCII character.
pub fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A number below this has room for another digit.
const PRECISE: u64 = 100_000_000_000_000_000;

fn scaled(mut value: u64, mut shift: i64) -> u64 {
    while shift > 0 && value > 0 {
        value = if value < PRECISE { value * 10 } else { return u64::MAX };
        shift -= 1;
    }
    while shift < 0 && value > 0 {
        value /= 10;
        shift += 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_to_the_millisecond() {
        for (text, thousandths) in [
            ("3600", Some(3_600_000)),
            (" 3600 ", Some(3_600_000)),
            ("3600.0", Some(3_600_000)),
            ("0.25", Some(250)),
            ("36e2", Some(3_600_000)),
            ("3.6E+3", Some(3_600_000)),
            ("36000e-1", Some(3_600_000)),
            ("1e-9", Some(0)),
            ("-5", None),
            ("-0", None),
            ("007.5", Some(7500)),
            ("1.", Some(1000)),
            ("3600.000000000000000000000000000001", Some(3_600_000)),
            ("0.00000000000000000000000036e28", Some(3_600_000)),
            ("1e", None),
            ("1.2.3", None),
            ("1e400", Some(u64::MAX)),
            ("99999999999999999999", Some(u64::MAX)),
            ("NaN", None),
            ("", None),
            (".5", None),
            ("1h", None),
        ] {
            assert_eq!(decimal_thousandths(text), thousandths, "{text}");
        }
    }
}

//! Appends JSON text (RFC 8259 section 7): strings, whole numbers, and milliseconds as seconds. Nothing else is written.

use alloc::string::String;

use super::scan::plain;

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let run = plain(rest.as_bytes());
        out.push_str(rest.get(..run).unwrap_or_default());
        // The byte is a quote, a backslash or a control character, so it is a whole character.
        let Some(special) = rest.as_bytes().get(run).copied() else {
            break;
        };
        out.push('\\');
        if special < b' ' {
            out.push_str("u00");
            push_digit(out, u64::from(special) >> 4);
            push_digit(out, u64::from(special));
        } else {
            out.push(char::from(special));
        }
        rest = rest.get(run + 1..).unwrap_or_default();
    }
    out.push('"');
}

/// Appends a whole number in decimal.
pub fn push_number(out: &mut String, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    push_digit(out, number % 10);
}

/// Appends milliseconds as seconds, with three decimals unless they are zero.
pub fn push_seconds(out: &mut String, millis: u64) {
    push_number(out, millis / 1000);
    let fraction = millis % 1000;
    if fraction > 0 {
        out.push('.');
        push_number(out, fraction / 100);
        push_number(out, fraction / 10 % 10);
        push_number(out, fraction % 10);
    }
}

/// Appends a number in hexadecimal, sixteen digits.
pub fn push_hex(out: &mut String, number: u64) {
    for place in (0..16).rev() {
        push_digit(out, number >> (place * 4));
    }
}

/// Appends `,` unless an object or array was just opened, then the quoted name and `:`.
pub fn push_name(out: &mut String, name: &str) {
    push_comma(out);
    push_string(out, name);
    out.push(':');
}

/// Appends a member whose value is JSON text.
pub fn push_raw(out: &mut String, name: &str, raw: &str) {
    push_name(out, name);
    out.push_str(raw);
}

/// Appends a member whose value is a string.
pub fn push_text(out: &mut String, name: &str, text: &str) {
    push_name(out, name);
    push_string(out, text);
}

/// Appends `,` unless an object or array was just opened.
pub fn push_comma(out: &mut String) {
    if !matches!(out.as_bytes().last(), Some(b'{' | b'[')) {
        out.push(',');
    }
}

fn push_digit(out: &mut String, digit: u64) {
    out.push(char::from_digit(digit as u32 & 15, 16).unwrap_or('0'));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::Json;

    #[test]
    fn a_written_string_reads_back() {
        let text = "quote \" slash \\ line \n bell \u{7} é 😀";
        let mut out = String::new();
        push_string(&mut out, text);
        assert_eq!(Json::parse(&out).unwrap().string().unwrap(), text);
    }

    #[test]
    fn seconds_are_written_with_the_fraction_they_have() {
        for (millis, written) in [(0, "0"), (1000, "1"), (1050, "1.050"), (1_700_000_000_123, "1700000000.123")] {
            let mut out = String::new();
            push_seconds(&mut out, millis);
            assert_eq!(out, written);
        }
    }
}

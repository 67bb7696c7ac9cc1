//! Encodes the core as text, for the entries that contain it in their JavaScript. Brotli compresses the operands of one kind apart
//! from those of another better than a module that mixes them: the text needs 4,000 bytes less than the module's bytes in order.
//! It is ASCII, so no bundler escapes it.

mod streams;

use anyhow::{Context, Result};

use streams::{Operand, Streams};

/// The characters from `#` to `~` are the digits, and `!` replaces the backslash; there is no quotation mark among them. `|` is 0 and
/// `~` is 2: brotli tells the small digits apart as contexts (RFC 7932 section 7.1), which saves 100 bytes.
const DIGITS: u64 = 92;
const ZERO: u8 = b'|';
/// The last digit of a number is below this, and the others are this and more: most numbers are one character.
const LAST: u64 = 64;
/// Digits that are not the last one.
const OTHERS: u64 = DIGITS - LAST;

/// `lib/core-bytes.js`: the text, and the function that makes the module's bytes of it.
pub fn module(bytes: &[u8]) -> Result<String> {
    let streams = Streams::of(bytes, &order(include_str!("inline/order.txt"))?)?;
    let texts: String = streams.numbers.iter().map(|numbers| format!("  \"{}\",\n", encoded(numbers))).collect();
    let decoder = include_str!("inline/decoder.js");
    let decoder = [
        ("LAST", LAST),
        ("OTHERS", OTHERS),
        ("DIGITS", DIGITS),
        ("ZERO", u64::from(ZERO) - DIGITS),
        ("BACKSLASH", u64::from(b'\\')),
        ("STAND_IN", u64::from(b'!')),
        ("LENGTH", bytes.len() as u64),
        ("FUNCTIONS", streams.functions),
        ("NUMBERS", streams.numbers.iter().map(Vec::len).sum::<usize>() as u64),
        ("LOCALS", streams::LOCALS as u64),
        ("OPCODES", streams::OPCODES as u64),
        ("MOST", streams.most_locals),
        ("CALLED", streams.called),
        ("ADDRESS", Operand::Address as u64),
        ("STATIC", streams::STATIC_MEMORY),
        ("SIGNED64", Operand::Signed64 as u64),
        ("FUNCTION", Operand::Function as u64),
        ("NEAREST", streams::LOCAL_USED_LAST),
    ]
    .iter()
    .fold(decoder.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), &value.to_string()));
    let escape = escape_for(&[streams.before, streams.after])?;
    let decoder = decoder.replace("$ESCAPE", &escape.to_string());
    let (before, after) = (escaped(streams.before, escape), escaped(streams.after, escape));
    Ok(format!("{decoder}\nconst before = \"{before}\";\nconst after =\n  \"{after}\";\nconst texts = [\n{texts}];\n"))
}

/// The order of symbols, one a line: the kind of the operand, and the bytes before it in hexadecimal. Brotli reads a character in the
/// context of the two before it, of which it knows only the class (letter, digit, kind of punctuation), so it matters which instructions
/// have characters of one class. `inline/order.mjs` searches for an order, and finds one that is 400 bytes shorter than by frequency.
fn order(text: &str) -> Result<Vec<streams::Symbol>> {
    let symbol = |line: &str| {
        let (kind, bytes) = line.split_once(' ')?;
        let byte = |at: usize| u8::from_str_radix(bytes.get(at..at + 2)?, 16).ok();
        Some((kind.parse().ok()?, (0..bytes.len()).step_by(2).map(byte).collect::<Option<_>>()?))
    };
    text.lines()
        .map(|line| symbol(line).with_context(|| format!("inline/order.txt has no symbol in {line:?}")))
        .collect()
}

/// A printable character that is in none of the texts: before the lower seven bits of a byte that is not ASCII it stands for the highest.
/// JavaScript's own escapes would not do: some bundlers write what they stand for, and a page in windows-1252 reads other characters.
pub fn escape_for(texts: &[&[u8]]) -> Result<u8> {
    let is_free = |character: &u8| !b"\"\\".contains(character) && !texts.iter().any(|text| text.contains(character));
    (b'!'..=b'~')
        .find(is_free)
        .context("every printable character is in the core's static memory: none is left to escape with")
}

/// A byte is a character of a JavaScript string, or two. Static memory is mostly words, which brotli knows.
pub fn escaped(bytes: &[u8], escape: u8) -> String {
    let mut text = String::new();
    for byte in bytes {
        if !byte.is_ascii() {
            text.push(char::from(escape));
        }
        match byte & 127 {
            character @ (b'"' | b'\\') => text.extend(['\\', char::from(character)]),
            character @ b' '..=b'~' => text.push(char::from(character)),
            control => text.push_str(&format!("\\x{control:02x}")),
        }
    }
    text
}

/// `lib/core-base64.js`: for places where decoding takes longer than the download.
pub fn base64_module(bytes: &[u8]) -> String {
    format!("// @ts-nocheck\n// Generated: core.wasm.\nexport default\n  \"{}\";\n", base64(bytes))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |place: usize| char::from(DIGITS[group >> (18 - 6 * place) & 63]);
        text.extend((0..4).map(|place| if place > chunk.len() { '=' } else { digit(place) }));
    }
    text
}

/// Digits, the most significant first.
fn encoded(numbers: &[u64]) -> String {
    let mut text = String::new();
    for number in numbers {
        let mut digits = vec![number % LAST];
        let mut rest = number / LAST;
        while rest > 0 {
            digits.push(LAST + rest % OTHERS);
            rest /= OTHERS;
        }
        text.extend(digits.into_iter().rev().map(character));
    }
    text
}

fn character(digit: u64) -> char {
    let code = u64::from(ZERO) + digit;
    let code = u8::try_from(if code > u64::from(b'~') { code - DIGITS } else { code }).unwrap_or(u8::MAX);
    char::from(if code == b'\\' { b'!' } else { code })
}

#[cfg(test)]
mod tests {
    use super::*;

    // tests/packaging runs the decoder in JavaScript and compares the whole module.

    fn decoded(text: &str) -> Vec<u64> {
        let (mut numbers, mut number) = (Vec::new(), 0);
        for character in text.bytes() {
            let code = u64::from(if character == b'!' { b'\\' } else { character });
            let digit = (code + DIGITS - u64::from(ZERO)) % DIGITS;
            if digit < LAST {
                numbers.push(number * LAST + digit);
                number = 0;
            } else {
                number = number * OTHERS + digit - LAST;
            }
        }
        numbers
    }

    #[test]
    fn every_number_comes_back() {
        let numbers: Vec<u64> = (0..5_000).chain([65_535, 1_048_576, u64::from(u32::MAX)]).collect();
        assert_eq!(decoded(&encoded(&numbers)), numbers);
    }

    #[test]
    fn a_byte_that_is_not_ascii_is_two_characters_that_are() {
        let bytes = b"caf\xc3\xa9! \xa3\xff";
        let escape = escape_for(&[bytes]).expect("there are free characters");
        assert_eq!(escape, b'#');
        assert_eq!(escaped(bytes, escape), "caf#C#)! ###\\x7f");
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert!(escape_for(&[&all]).is_err());
        assert!(escaped(&all, escape).is_ascii());
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!([&b"f"[..], b"fo", b"foo"].map(base64), ["Zg==", "Zm8=", "Zm9v"]);
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn nothing_in_the_text_needs_an_escape() {
        let text = encoded(&(0..100_000).collect::<Vec<_>>());
        assert!(text.bytes().all(|character| (b'!'..=b'~').contains(&character)));
        assert!(!text.contains(['"', '\\']));
    }
}

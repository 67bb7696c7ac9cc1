//! The encodings of a token request and its reply: `application/x-www-form-urlencoded` (RFC 6749 appendix B) for bodies and for Basic
//! credentials (section 2.3.1), base64 (RFC 4648 section 4) for the Basic header, and base64url (section 5) for the claims of a JWT.

use alloc::string::String;
use alloc::vec::Vec;

use crate::core::json::{cut, push_text, MOST_VALUES};

/// The alphabet of base64 (RFC 4648 section 4).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `text`, form-encoded.
pub fn push_form(out: &mut String, text: &str) {
    push_encoded(out, text, b'*', Some('+'));
}

/// Appends `text` as a path segment, percent-encoded (RFC 3986 section 2.3).
pub fn push_path(out: &mut String, text: &str) {
    push_encoded(out, text, b'~', None);
}

/// Appends `name=value`, after `&` unless it is the first.
pub fn push_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    push_form(out, name);
    out.push('=');
    push_form(out, value);
}

/// The pairs of a form-encoded text as a JSON object of strings. An invalid encoding is kept as it is. `None` if there are too many.
pub fn form_to_json(text: &str) -> Option<String> {
    let mut left = MOST_VALUES;
    let mut out = String::from("{");
    let mut rest = text;
    while !rest.is_empty() {
        left = left.checked_sub(1)?;
        let (pair, more) = cut(rest, b'&').unwrap_or((rest, ""));
        let (name, value) = cut(pair, b'=').unwrap_or((pair, ""));
        if !pair.is_empty() {
            push_text(&mut out, &decode(name), &decode(value));
        }
        rest = more;
    }
    out.push('}');
    Some(out)
}

/// `text` with every `slot` replaced.
pub fn replaced(text: &str, slot: &str, with: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    loop {
        if let Some(behind) = rest.as_str().strip_prefix(slot) {
            out.push_str(with);
            rest = behind.chars();
        } else if let Some(character) = rest.next() {
            out.push(character);
        } else {
            return out;
        }
    }
}

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = (group >> (18 - 6 * place)) as usize & 63;
            out.push(if place as usize > chunk.len() {
                '='
            } else {
                ALPHABET.get(digit).copied().map_or('=', char::from)
            });
        }
    }
    out
}

/// Decodes base64url without padding (RFC 7515 section 2). Empty if the result is no text.
pub fn base64url_text(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let (mut group, mut bits) = (0, 0);
    for digit in encoded.bytes() {
        let standard = match digit {
            b'-' => b'+',
            b'_' => b'/',
            b'+' | b'/' => b'=',
            other => other,
        };
        let Some(value) = ALPHABET.iter().position(|letter| *letter == standard) else {
            return String::new();
        };
        group = group << 6 | value;
        bits += 6;
        if bits > 7 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
        }
    }
    utf8(&bytes).unwrap_or_default()
}

/// Decodes UTF-8 (RFC 3629 section 3). The standard library's check is optimised for long texts, and costs 0.2 kB (brotli) more.
fn utf8(bytes: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut rest = bytes.iter();
    while let Some(first) = rest.next() {
        // The number of leading ones is the number of bytes of the character; 0 for ASCII.
        let length = first.leading_ones();
        if length == 1 || length > 4 {
            return None;
        }
        let mut code = u32::from(*first) & (0x7f >> length);
        for _ in 1..length {
            let next = rest.next().filter(|next| **next & 0xc0 == 0x80)?;
            code = code << 6 | u32::from(*next) & 0x3f;
        }
        // Only the shortest encoding of a character is valid.
        let character = char::from_u32(code).filter(|character| character.len_utf8() as u32 == length.max(1))?;
        out.push(character);
    }
    Some(out)
}

/// Letters, digits, `-`, `.`, `_` and `plain` are not encoded.
fn push_encoded(out: &mut String, text: &str, plain: u8, space: Option<char>) {
    for byte in text.bytes() {
        match (byte, space) {
            (b' ', Some(space)) => out.push(space),
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || byte == plain => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                push_nibble(out, byte >> 4);
                push_nibble(out, byte & 15);
            }
        }
    }
}

fn push_nibble(out: &mut String, nibble: u8) {
    out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let escaped = if byte == b'%' { nibble(ahead.next()).zip(nibble(ahead.next())) } else { None };
        bytes.push(match escaped {
            Some((high, low)) => {
                rest = ahead;
                high << 4 | low
            }
            None if byte == b'+' => b' ',
            None => byte,
        });
    }
    utf8(&bytes).unwrap_or_else(|| String::from(text))
}

fn nibble(digit: Option<u8>) -> Option<u8> {
    char::from(digit?).to_digit(16).map(|nibble| nibble as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        let mut out = String::new();
        push_form(&mut out, text);
        out
    }

    #[test]
    fn utf8_is_what_the_standard_library_takes_for_it() {
        // Each sequence of three bytes from the edges of what is valid, and of four after those of the longest characters.
        let edges = [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec];
        let edges: Vec<u8> =
            edges.into_iter().chain([0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff]).collect();
        for first in &edges {
            for second in &edges {
                for third in &edges {
                    for bytes in [
                        &[*first][..],
                        &[*first, *second],
                        &[*first, *second, *third],
                        &[*first, *second, *third, 0xbf],
                    ] {
                        assert_eq!(utf8(bytes), String::from_utf8(bytes.to_vec()).ok(), "{bytes:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn rfc6749_appendix_b_is_reproduced() {
        assert_eq!(form(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn a3_a_refresh_token_of_any_characters_survives_the_servers_decoding() {
        let token = "a+b/c%=&é~'()*!\u{1F600}";
        assert_eq!(decode(&form(token)), token);
    }

    #[test]
    fn base64_pads_every_length() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foo"), "Zm9v");
        assert_eq!(base64(b"s6BhdRkqt3:gX1fBat3bV"), "czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    }

    #[test]
    fn base64url_is_read_whatever_its_length_and_only_if_it_is_text() {
        for text in ["", "f", "fo", "foo", "foob", "{\"sub\":\"ann\u{1F600}\u{e9}>?\"}"] {
            let encoded = base64(text.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "");
            assert_eq!(base64url_text(&encoded), text);
        }
        for odd in ["Zg==", "Zm+v", "Zm/v", "_w", "Zm 9"] {
            assert_eq!(base64url_text(odd), "", "{odd}");
        }
    }

    #[test]
    fn a_form_becomes_json_and_a_broken_percent_sign_is_kept() {
        assert_eq!(
            form_to_json("a=%zz&b&=c&&d=1%2&e=%ff&f=%+1&g%C3%A9=1+2=3&h=%").as_deref(),
            Some(r#"{"a":"%zz","b":"","":"c","d":"1%2","e":"%ff","f":"% 1","gé":"1 2=3","h":"%"}"#)
        );
        assert_eq!(form_to_json("").as_deref(), Some("{}"));
    }
}

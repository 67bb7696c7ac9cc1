//! The two encodings of a token request.
//! `application/x-www-form-urlencoded` as RFC 6749 appendix B has it, for bodies and for Basic credentials
//! (section 2.3.1), and base64 (RFC 4648 section 4) for the Basic header itself.

/// Appends `text`, form-encoded.
pub fn push_form(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => push_percent(out, byte),
        }
    }
}

/// Appends one path segment's worth of `text`, percent-encoded (RFC 3986 section 2.3).
pub fn push_path(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => push_percent(out, byte),
        }
    }
}

/// Appends `&` unless it is the first, and `name=value`.
pub fn push_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() && !out.ends_with(['?', '&']) {
        out.push('&');
    }
    push_form(out, name);
    out.push('=');
    push_form(out, value);
}

/// The pairs of a form-encoded text; what is no valid encoding stays as it stands.
pub fn form_pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

fn push_percent(out: &mut String, byte: u8) {
    out.push('%');
    for nibble in [byte >> 4, byte & 15] {
        out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let hex = || {
            after
                .get(..2)
                .and_then(|two| std::str::from_utf8(two).ok())
                .and_then(|two| u8::from_str_radix(two, 16).ok())
        };
        match first {
            b'+' => bytes.push(b' '),
            b'%' => match hex() {
                Some(byte) => {
                    bytes.push(byte);
                    rest = after.get(2..).unwrap_or(&[]);
                }
                None => bytes.push(first),
            },
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
    fn a_broken_percent_sign_is_kept() {
        let pairs: Vec<_> = form_pairs("a=%zz&b&=c&d=1%2").collect();
        let expected =
            [("a", "%zz"), ("b", ""), ("", "c"), ("d", "1%2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
    }
}

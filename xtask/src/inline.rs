//! Encodes the core as text, for the entry that contains it in its JavaScript.
//! Base64 splits bytes at six bits, which destroys repetitions: brotli needs 28 % more than for the file. Here a byte is one
//! character, or two if it is 89 or more: 2.5 % more, decoded in half the time. The text is ASCII, so no bundler escapes it.

/// Characters from `#` on encode values from 0 on; `!` replaces the backslash. There is no quotation mark among them.
const FIRST: u8 = b'#';
const BACKSLASH: u8 = b'\\' - FIRST;
/// A value from here on is a multiple of this, added to the value of the next character.
const DIRECT: u8 = 89;

pub fn module(bytes: &[u8]) -> String {
    format!(
        "// @ts-nocheck
// Generated: core.wasm, a byte in one character, or in two if it is {DIRECT} or more.
export default function bytes() {{
  const bytes = new Uint8Array({length});
  let index = 0;
  let high = 0;
  for (let at = 0; at < text.length; at++) {{
    const code = text.charCodeAt(at);
    const value = code === {stand_in} ? {BACKSLASH} : code - {FIRST};
    if (value < {DIRECT}) {{
      bytes[index++] = high + value;
      high = 0;
    }} else high = (value - {previous}) * {DIRECT};
  }}
  return bytes;
}}

const text =
  \"{text}\";
",
        length = bytes.len(),
        stand_in = b'!',
        previous = DIRECT - 1,
        text = encoded(bytes),
    )
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5 / 4);
    for byte in bytes {
        if *byte >= DIRECT {
            text.push(character(DIRECT - 1 + byte / DIRECT));
        }
        text.push(character(byte % DIRECT));
    }
    text
}

fn character(value: u8) -> char {
    char::from(if value == BACKSLASH { b'!' } else { FIRST + value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decoder in Rust; tests/packaging runs the one in JavaScript.
    fn decoded(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut high = 0;
        for character in text.bytes() {
            let value = if character == b'!' { BACKSLASH } else { character - FIRST };
            if value < DIRECT {
                bytes.push(high + value);
                high = 0;
            } else {
                high = (value - DIRECT + 1) * DIRECT;
            }
        }
        bytes
    }

    #[test]
    fn every_byte_comes_back() {
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        assert_eq!(decoded(&encoded(&bytes)), bytes);
    }

    #[test]
    fn nothing_in_the_text_needs_an_escape() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = encoded(&bytes);
        assert!(text.bytes().all(|character| (b'!'..=b'~').contains(&character)));
        assert!(!text.contains(['"', '\\']));
    }
}

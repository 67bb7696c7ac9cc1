//! Reading and writing JSON text (RFC 8259), as far as a token endpoint and a record need it.
//! Members are handed out as the raw text they were, so what a server said stays untouched and nothing
//! formats a floating-point number; serde_json would cost every page 17 kB for the same work.

use std::borrow::Cow;

/// Nesting deeper than this is refused: no token response comes near it, and a stack is finite.
const MAX_DEPTH: u32 = 64;

/// One JSON value: a slice of text that was checked to be one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl Default for Json<'_> {
    fn default() -> Self {
        Self("null")
    }
}

impl<'a> Json<'a> {
    /// Reads `text` as one JSON value with nothing but white space around it.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner { text, at: 0 };
        let value = scanner.value(MAX_DEPTH)?;
        scanner.space();
        (scanner.at == text.len()).then_some(value)
    }

    /// The text of the value, as it stood.
    pub fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The text of a string, unescaped.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(if inner.contains('\\') { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// A string's text, or a number's as it was written: what a lenient reader takes for a code.
    pub fn word(self) -> Option<Cow<'a, str>> {
        match self.0.as_bytes().first()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(self.0)),
            _ => None,
        }
    }

    /// The members of an object, or nothing for any other value.
    pub fn members(self) -> Members<'a> {
        let at = if self.is_object() { 1 } else { self.0.len() };
        Members { scanner: Scanner { text: self.0, at } }
    }

    /// The items of an array, or nothing for any other value.
    pub fn items(self) -> Items<'a> {
        let at = if self.0.starts_with('[') { 1 } else { self.0.len() };
        Items { scanner: Scanner { text: self.0, at } }
    }

    /// The member of that name; the last one if the server repeated it, as `JSON.parse` has it.
    pub fn member(self, name: &str) -> Option<Json<'a>> {
        self.members().filter(|(key, _)| key == name).map(|(_, value)| value).last()
    }

    /// The value at a dotted path such as `result.token`; an empty path is the value itself.
    pub fn at(self, path: &str) -> Option<Json<'a>> {
        // A member may itself have a dot in its name, so the whole path is tried first.
        if path.is_empty() {
            return Some(self);
        }
        self.step(path).or_else(|| {
            let (first, rest) = path.split_once('.')?;
            self.step(first)?.at(rest)
        })
    }

    /// The member of that name, or the item of that index.
    fn step(self, name: &str) -> Option<Json<'a>> {
        self.member(name).or_else(|| self.items().nth(name.parse().ok()?))
    }
}

/// The members of an object, in order.
pub struct Members<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.scanner.skip(b',');
        let name = self.scanner.value(MAX_DEPTH)?.string()?;
        self.scanner.skip(b':');
        Some((name, self.scanner.value(MAX_DEPTH)?))
    }
}

/// The items of an array, in order.
pub struct Items<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.scanner.skip(b',');
        self.scanner.value(MAX_DEPTH)
    }
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\u{0}'..='\u{1f}' => {
                let code = character as u32;
                out.push_str("\\u00");
                out.push(hex_digit(code >> 4));
                out.push(hex_digit(code & 15));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Appends a whole number in decimal.
pub fn push_number(out: &mut String, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(char::from(b'0'.wrapping_add((number % 10) as u8)));
}

/// Appends milliseconds as seconds, with a fraction only where there is one.
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
    for place in (0..16u32).rev() {
        out.push(hex_digit((number >> (place * 4)) as u32 & 15));
    }
}

/// Appends `,` unless an object or array was just opened, then the quoted name and `:`.
pub fn push_name(out: &mut String, name: &str) {
    push_comma(out);
    push_string(out, name);
    out.push(':');
}

/// Appends `,` unless an object or array was just opened.
pub fn push_comma(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

/// A decimal number, thousandfold and rounded down to a whole one, or `None` for anything else: `"3600"`, `3600.0`, `36e2`.
pub fn decimal_thousandths(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix('+').unwrap_or(exponent).parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Where the decimal point ends up once the number is multiplied by 1000.
    let point = (whole.len() as i64).saturating_add(i64::from(exponent)).saturating_add(3);
    let mut value: i64 = 0;
    for place in 0..point.clamp(0, 40) {
        let digit = digits().nth(place as usize).map_or(0, |digit| digit.wrapping_sub(b'0'));
        value = value.saturating_mul(10).saturating_add(i64::from(digit));
    }
    Some(if negative { value.saturating_neg() } else { value })
}

fn hex_digit(digit: u32) -> char {
    char::from_digit(digit & 15, 16).unwrap_or('0')
}

/// Undoes the escapes of a checked string; half a surrogate pair becomes U+FFFD.
fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = after.chars();
        let plain = match characters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (character, used) = unicode_escape(after);
                out.push(character);
                rest = after.get(used..).unwrap_or("");
                continue;
            }
            Some(other) => other,
            None => break,
        };
        out.push(plain);
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// The character of `uXXXX` or `uXXXX\uXXXX` at the start of `text`, and how many bytes it took.
fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |from: usize| text.get(from..from.saturating_add(4)).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let first = unit(1).unwrap_or(0xfffd);
    if (0xd800..0xdc00).contains(&first) && text.get(5..7) == Some("\\u") {
        if let Some(second) = unit(7).filter(|second| (0xdc00..0xe000).contains(second)) {
            let code = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
            return (char::from_u32(code).unwrap_or('\u{fffd}'), 11);
        }
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 5)
}

/// A position in text that is being checked.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.take();
        }
    }

    /// Steps over `byte` and the space before it, if it is there.
    fn skip(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        if there {
            self.take();
        }
        there
    }

    /// One value, or `None` where there is none.
    fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        self.space();
        let start = self.at;
        match self.peek()? {
            b'{' => self.object(depth.checked_sub(1)?)?,
            b'[' => self.array(depth.checked_sub(1)?)?,
            b'"' => self.string()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at).map(Json)
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.take();
        if self.skip(b'}') {
            return Some(());
        }
        loop {
            self.space();
            self.string()?;
            self.skip(b':').then_some(())?;
            self.value(depth)?;
            if !self.skip(b',') {
                return self.skip(b'}').then_some(());
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        self.take();
        if self.skip(b']') {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if !self.skip(b',') {
                return self.skip(b']').then_some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        (self.take()? == b'"').then_some(())?;
        loop {
            match self.take()? {
                b'"' => return Some(()),
                b'\\' => match self.take()? {
                    b'u' => (0..4).all(|_| self.take().is_some_and(|byte| byte.is_ascii_hexdigit())).then_some(())?,
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return None,
                },
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        let end = self.at.saturating_add(word.len());
        (self.text.get(self.at..end)? == word).then(|| self.at = end)
    }

    fn number(&mut self) -> Option<()> {
        self.skip_if(|byte| byte == b'-');
        if self.peek() == Some(b'0') {
            self.take();
        } else {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'e' || byte == b'E') {
            self.skip_if(|byte| byte == b'+' || byte == b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        self.skip_if(|byte| byte.is_ascii_digit()).then_some(())?;
        while self.skip_if(|byte| byte.is_ascii_digit()) {}
        Some(())
    }

    fn skip_if(&mut self, wanted: fn(u8) -> bool) -> bool {
        let there = self.peek().is_some_and(wanted);
        if there {
            self.take();
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_and_its_members_keep_their_text() {
        let value =
            Json::parse(" {\"a\" : 1.50e2, \"b\":{\"c\":[1,\"x\\u00e9\\n\"]}, \"a\":12345678901234567890} ").unwrap();
        assert_eq!(value.member("a").unwrap().raw(), "12345678901234567890");
        assert_eq!(value.at("b.c.1").unwrap().string().unwrap(), "xé\n");
        assert_eq!(value.members().count(), 3);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1 2]",
            "01",
            "1.",
            "\"\u{1}\"",
            "\"\\x\"",
            "nul",
            "{} x",
            "{'a':1}",
            "-",
            "\"\\u12g4\"",
        ] {
            assert!(Json::parse(text).is_none(), "{text:?}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_none());
        assert!(Json::parse(&format!("{}1{}", "[".repeat(65), "]".repeat(65))).is_none());
        assert!(Json::parse(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).is_some());
    }

    #[test]
    fn surrogate_pairs_are_joined_and_halves_are_replaced() {
        let read = |text| Json::parse(text).unwrap().string().unwrap().into_owned();
        assert_eq!(read("\"\\ud83d\\ude00!\""), "😀!");
        assert_eq!(read("\"\\ud83dx\""), "\u{fffd}x");
        assert_eq!(read("\"\\ude00\\\\\""), "\u{fffd}\\");
    }

    #[test]
    fn a_written_string_reads_back() {
        let text = "quote \" slash \\ line \n bell \u{7} é 😀";
        let mut out = String::new();
        push_string(&mut out, text);
        assert_eq!(Json::parse(&out).unwrap().string().unwrap(), text);
    }

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
            ("-5", Some(-5000)),
            ("1e400", Some(i64::MAX)),
            ("99999999999999999999", Some(i64::MAX)),
            ("NaN", None),
            ("", None),
            (".5", None),
            ("1h", None),
        ] {
            assert_eq!(decimal_thousandths(text), thousandths, "{text}");
        }
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

//! Reading and writing JSON text (RFC 8259), as far as a token endpoint and a record need it.
//! Members are handed out as the raw text they were, so what a server said stays untouched and nothing
//! formats a floating-point number; serde_json would cost every page 17 kB for the same work.

use alloc::string::String;
use core::str::Chars;

use super::secret::Secret;

/// Nesting deeper than this is refused: no token response comes near it, and a stack is finite.
const MAX_DEPTH: u32 = 64;

/// One JSON value: a slice of text that was checked to be one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

/// A JSON object as its text, to keep and to change. It may hold tokens, so it is treated as a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(Secret);

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
    pub fn string(self) -> Option<String> {
        self.0.strip_prefix('"')?.strip_suffix('"').map(unescape)
    }

    /// A string's text, or a number's as it was written: what a lenient reader takes for a code.
    pub fn word(self) -> Option<String> {
        match self.0.as_bytes().first()? {
            b'-' | b'0'..=b'9' => Some(String::from(self.0)),
            _ => self.string(),
        }
    }

    /// The members of an object, or nothing for any other value.
    pub fn members(self) -> Members<'a> {
        Members { scanner: self.inside(b'{') }
    }

    /// The items of an array, or nothing for any other value.
    pub fn items(self) -> Items<'a> {
        Items { scanner: self.inside(b'[') }
    }

    /// The member of that name; the last one if the server repeated it, as `JSON.parse` has it.
    pub fn member(self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        for (key, value) in self.members() {
            if key == name {
                found = Some(value);
            }
        }
        found
    }

    /// The text of a string member, or nothing.
    pub fn text(self, name: &str) -> String {
        self.member(name).and_then(Json::string).unwrap_or_default()
    }

    /// The value at a dotted path such as `result.token`; an empty path is the value itself.
    pub fn at(self, path: &str) -> Option<Json<'a>> {
        // A member may itself have a dot in its name, so the whole path is tried first.
        if path.is_empty() {
            return Some(self);
        }
        if let Some(found) = self.step(path) {
            return Some(found);
        }
        let (first, rest) = cut(path, b'.')?;
        self.step(first)?.at(rest)
    }

    /// The member of that name, or the item of that index.
    fn step(self, name: &str) -> Option<Json<'a>> {
        if self.is_object() {
            return self.member(name);
        }
        let mut left = whole(name)?;
        for item in self.items() {
            left = match left.checked_sub(1) {
                Some(left) => left,
                None => return Some(item),
            };
        }
        None
    }

    /// Behind the bracket that opens the value, or at its end if that is another one.
    fn inside(self, bracket: u8) -> Scanner<'a> {
        let opens = self.0.as_bytes().first() == Some(&bracket);
        Scanner { text: self.0, at: if opens { 1 } else { self.0.len() } }
    }
}

impl Default for Object {
    fn default() -> Self {
        Self(Secret::new("{}"))
    }
}

impl Object {
    /// A copy of that object; an empty one if the value is none.
    pub fn of(value: Json<'_>) -> Self {
        if value.is_object() {
            return Self(Secret::new(value.raw()));
        }
        Self::default()
    }

    /// To read it.
    pub fn json(&self) -> Json<'_> {
        Json(self.0.reveal())
    }

    /// Takes a member in, in place of those of that name; `None` leaves it out.
    pub fn set(&mut self, name: &str, raw: Option<&str>) {
        let mut out = String::from("{");
        let mut raw = raw;
        for (key, value) in self.json().members() {
            if key != name {
                push_raw(&mut out, &key, value.raw());
            } else if let Some(raw) = raw.take() {
                push_raw(&mut out, &key, raw);
            }
        }
        if let Some(raw) = raw {
            push_raw(&mut out, name, raw);
        }
        out.push('}');
        self.0 = Secret::new(out);
    }

    /// Takes a string member in.
    pub fn set_text(&mut self, name: &str, text: &str) {
        let mut raw = String::new();
        push_string(&mut raw, text);
        self.set(name, Some(&raw));
    }
}

/// The members of an object, in order.
pub struct Members<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (String, Json<'a>);

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
        if character < ' ' {
            out.push_str("\\u00");
            push_digit(out, u64::from(character) >> 4);
            push_digit(out, u64::from(character));
            continue;
        }
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
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

/// A decimal number, thousandfold and rounded down to a whole one: `"3600"`, `3600.0`, `36e2`. `None` for anything else,
/// and for a negative number, which no lifetime and no point in time is.
pub fn decimal_thousandths(text: &str) -> Option<u64> {
    let mut scanner = Scanner { text, at: 0 };
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

/// A number that consists of nothing but digits; one that is too large is the largest there is.
pub fn whole(text: &str) -> Option<u64> {
    let mut value = 0;
    for byte in text.bytes() {
        let digit = digit(Some(byte))?;
        value = if value < PRECISE { value * 10 + digit } else { u64::MAX };
    }
    (!text.is_empty()).then_some(value)
}

/// What stands before and behind the first `separator`, an ASCII character.
pub fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whatever is below this has room for another digit.
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

fn digit(byte: Option<u8>) -> Option<u64> {
    byte.filter(u8::is_ascii_digit).map(|byte| u64::from(byte & 15))
}

fn push_digit(out: &mut String, digit: u64) {
    out.push(char::from_digit(digit as u32 & 15, 16).unwrap_or('0'));
}

/// Undoes the escapes of a checked string; half a surrogate pair becomes U+FFFD.
fn unescape(inner: &str) -> String {
    let mut out = String::new();
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        let escaped = if character == '\\' { rest.next() } else { None };
        out.push(match escaped {
            None => character,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => unicode_escape(&mut rest),
            Some(other) => other,
        });
    }
    out
}

/// The character of `XXXX` or `XXXX\uXXXX`.
fn unicode_escape(rest: &mut Chars<'_>) -> char {
    let mut code = utf16_unit(rest);
    let mut ahead = rest.clone();
    if (0xd800..0xdc00).contains(&code) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
        let second = utf16_unit(&mut ahead);
        if (0xdc00..0xe000).contains(&second) {
            *rest = ahead;
            code = 0x10000 + ((code & 0x3ff) << 10) + (second & 0x3ff);
        }
    }
    char::from_u32(code).unwrap_or('\u{fffd}')
}

fn utf16_unit(rest: &mut Chars<'_>) -> u32 {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | rest.next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    }
    unit
}

/// A position in text that is being read.
pub(super) struct Scanner<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Steps over `byte`, if it is there.
    pub fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Steps over `byte` and the space before it, if it is there.
    pub fn skip(&mut self, byte: u8) -> bool {
        self.space();
        self.eat(byte)
    }

    /// One value, or `None` where there is none.
    fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        self.space();
        let start = self.at;
        match self.peek()? {
            b'{' => self.list(depth.checked_sub(1)?, b'}')?,
            b'[' => self.list(depth.checked_sub(1)?, b']')?,
            b'"' => self.string()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at).map(Json)
    }

    /// The members of an object, or the items of an array.
    fn list(&mut self, depth: u32, close: u8) -> Option<()> {
        self.at += 1;
        if self.skip(close) {
            return Some(());
        }
        loop {
            if close == b'}' {
                self.space();
                self.string()?;
                self.skip(b':').then_some(())?;
            }
            self.value(depth)?;
            if !self.skip(b',') {
                return self.skip(close).then_some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"').then_some(())?;
        loop {
            match self.take()? {
                b'"' => return Some(()),
                b'\\' => match self.take()? {
                    b'u' => {
                        for _ in 0..4 {
                            self.take().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return None,
                },
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        for byte in word.bytes() {
            self.eat(byte).then_some(())?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while digit(self.peek()).is_some() {
            self.at += 1;
        }
        (self.at > start).then_some(())
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
        let read = |text| Json::parse(text).unwrap().string().unwrap();
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

    #[test]
    fn seconds_are_written_with_the_fraction_they_have() {
        for (millis, written) in [(0, "0"), (1000, "1"), (1050, "1.050"), (1_700_000_000_123, "1700000000.123")] {
            let mut out = String::new();
            push_seconds(&mut out, millis);
            assert_eq!(out, written);
        }
    }
}

//! Reading and writing JSON text (RFC 8259), as far as a token endpoint and a record need it.
//! A member's value stays the raw text that it was, so a server's numbers are never reformatted. serde_json would cost every page
//! 17 kB.

use alloc::string::String;
use core::str::Chars;

use super::secret::Secret;

mod fields;
mod number;
mod scan;
mod value;
mod write;

pub use fields::{Fields, MOST_MEMBERS, MOST_VALUES};
pub use number::{cut, decimal_thousandths, whole};
#[cfg(test)]
pub(in crate::core) use scan::work;
pub(in crate::core) use scan::Scanner;
pub use value::Value;
pub use write::{push_comma, push_hex, push_name, push_number, push_raw, push_seconds, push_string, push_text};

/// Maximum nesting, which bounds the stack. Token responses are far below it.
const MAX_DEPTH: u32 = 64;

/// One JSON value: a slice of checked text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

/// There are more members or values than a server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// An owned JSON object, as text. It may contain tokens, so it is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(Secret);

impl Default for Json<'_> {
    fn default() -> Self {
        Self("null")
    }
}

impl<'a> Json<'a> {
    /// Parses `text` as one JSON value with only white space around it.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::parse_within(text, usize::MAX).ok().flatten()
    }

    /// The same with a limit: reading stops at more than `most` values, counted at every depth.
    pub fn parse_within(text: &'a str, most: usize) -> Result<Option<Self>, TooMany> {
        let mut scanner = Scanner { most, ..Scanner::new(text, 0) };
        let value = scanner.value(MAX_DEPTH);
        if scanner.values > most {
            return Err(TooMany);
        }
        scanner.space();
        Ok(value.filter(|_| scanner.at == text.len()))
    }

    /// A value whose text was checked before, or written by this module.
    pub(in crate::core) fn checked(text: &'a str) -> Self {
        Self(text)
    }

    /// The raw text of the value.
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

    /// Whether it is that string. Names are compared at every step of a machine, so a name without escapes is not copied.
    fn is_string(self, text: &str) -> bool {
        if self.0.bytes().any(|byte| byte == b'\\') {
            return self.string().as_deref() == Some(text);
        }
        self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(text)
    }

    /// The text of a string, or a number as it was written: servers write error codes as either.
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

    /// The items of an array; any other value is a list of itself.
    pub fn each(self) -> Items<'a> {
        let at = usize::from(self.0.starts_with('['));
        Items { scanner: Scanner::new(self.0, at) }
    }

    /// The member of that name. If the name is repeated, the last one, as in `JSON.parse`.
    pub fn member(self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        let mut members = self.members();
        while let Some((key, value)) = members.raw() {
            if key.is_string(name) {
                found = Some(value);
            }
        }
        found
    }

    /// The text of a string member, or an empty text.
    pub fn text(self, name: &str) -> String {
        self.member(name).and_then(Json::string).unwrap_or_default()
    }

    /// A string's text, or the raw text of anything else.
    pub fn shown(self) -> String {
        self.string().unwrap_or_else(|| String::from(self.0))
    }

    /// The value at a dotted path such as `result.token`; an empty path is the value itself.
    pub fn at(self, path: &str) -> Option<Json<'a>> {
        // A member's name may contain a dot, so the whole path is tried first.
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

    /// A scanner after the value's opening bracket, or at the end if the value opens with another one.
    fn inside(self, bracket: u8) -> Scanner<'a> {
        let opens = self.0.as_bytes().first() == Some(&bracket);
        Scanner::new(self.0, if opens { 1 } else { self.0.len() })
    }
}

impl Default for Object {
    fn default() -> Self {
        Self(Secret::new("{}"))
    }
}

impl Object {
    /// A copy of that object, or an empty object if the value is not an object.
    pub fn of(value: Json<'_>) -> Self {
        if value.is_object() {
            return Self(Secret::new(value.raw()));
        }
        Self::default()
    }

    /// The object as a value to read.
    pub fn json(&self) -> Json<'_> {
        Json(self.0.reveal())
    }

    /// Replaces all members of that name by one; `None` removes them.
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

    /// Sets a string member.
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

impl<'a> Members<'a> {
    /// From members in sequence, without braces around them.
    pub(in crate::core) fn listed(text: &'a str) -> Self {
        Self { scanner: Scanner::new(text, 0) }
    }

    /// The next member, its name as raw text.
    fn raw(&mut self) -> Option<(Json<'a>, Json<'a>)> {
        self.scanner.skip(b',');
        let name = self.scanner.value(MAX_DEPTH)?;
        self.scanner.skip(b':');
        Some((name, self.scanner.value(MAX_DEPTH)?))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (String, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.raw()?;
        Some((name.string()?, value))
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

/// Decodes the escapes of a checked string. Half a surrogate pair becomes U+FFFD.
fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((run, behind)) = cut(rest, b'\\') {
        out.push_str(run);
        let mut behind = behind.chars();
        out.push(match behind.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => unicode_escape(&mut behind),
            Some(other) => other,
            None => '\\',
        });
        rest = behind.as_str();
    }
    out.push_str(rest);
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
}

//! An owned JSON value (RFC 8259 section 3), read once, so that no look-up scans text. For options, which are small; a server's
//! reply stays text.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Json;

/// A value with all values inside it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A number, `true`, `false` or `null` as written; empty for an absent value.
    Raw(String),
    /// The members of an object, or the items of an array with empty names.
    List(Vec<(String, Value)>),
}

/// The value of an absent member.
static ABSENT: Value = Value::Raw(String::new());

impl Value {
    /// From checked JSON.
    pub fn from_json(json: Json<'_>) -> Self {
        if let Some(text) = json.string() {
            return Self::Text(text);
        }
        if !matches!(json.raw().as_bytes().first(), Some(b'{' | b'[')) {
            return Self::Raw(String::from(json.raw()));
        }
        let mut list = Vec::new();
        for (name, value) in json.members() {
            list.push((name, Self::from_json(value)));
        }
        for item in json.items() {
            list.push((String::new(), Self::from_json(item)));
        }
        Self::List(list)
    }

    /// The member of that name, the last one if it is repeated. [`Self::is_absent`] if there is none.
    pub fn member(&self, name: &str) -> &Self {
        let found = self.each().iter().rev().find(|(other, _)| other == name);
        found.map_or(&ABSENT, |(_, value)| value)
    }

    /// The members of an object or the items of an array.
    pub fn each(&self) -> &[(String, Self)] {
        match self {
            Self::List(list) => list,
            Self::Text(_) | Self::Raw(_) => &[],
        }
    }

    /// The text of a string, or an empty text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Raw(_) | Self::List(_) => "",
        }
    }

    /// The text of a string, or a number, `true`, `false` or `null` as written.
    pub fn word(&self) -> &str {
        match self {
            Self::Text(text) | Self::Raw(text) => text,
            Self::List(_) => "",
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Raw(raw) if raw == "true")
    }

    /// Whether there is no such member.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Raw(raw) if raw.is_empty())
    }
}

impl Default for &Value {
    fn default() -> Self {
        &ABSENT
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::Raw(String::new())
    }
}

/// Options may contain secrets.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_in_a_value_is_found_by_name_and_in_order() {
        let json = r#"{"a":{"b":"\u00e9","n":null},"l":[1,"x",{}],"a2":true,"n":1,"n":2}"#;
        let value = Value::from_json(Json::parse(json).unwrap());
        assert_eq!(value.member("a").member("b").text(), "é");
        assert_eq!((value.member("a").member("n").word(), value.member("n").word()), ("null", "2"));
        let items: Vec<_> = value.member("l").each().iter().map(|(_, item)| item.word()).collect();
        assert_eq!(items, ["1", "x", ""]);
        assert!(value.member("x").member("y").is_absent() && !value.member("a").member("n").is_absent());
    }
}

//! The public data types for serde (feature `serde`). Records and token sets have the same form in serde as in JSON: serde and
//! [`Record::to_json`] write the same value.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::json::{push_comma, push_raw, push_string, Json, Object};
use super::machine::{Code, Operation, Source, State};
use super::policy::Reuse;
use super::record::{Record, Stored, Tokens};
use super::time::{Duration, UnixTime};
use super::token_set::TokenSet;

/// Beyond this a JavaScript number is not exact.
const LARGEST_SAFE: u64 = 1 << 53;

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = self.raw();
        match raw.as_bytes().first() {
            Some(b'{') => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in self.members() {
                    map.serialize_entry(&name, &value)?;
                }
                map.end()
            }
            Some(b'[') => {
                let mut list = serializer.serialize_seq(None)?;
                for item in self.items() {
                    list.serialize_element(&item)?;
                }
                list.end()
            }
            Some(b'"') => serializer.serialize_str(&self.string().unwrap_or_default()),
            Some(b't') => serializer.serialize_bool(true),
            Some(b'f') => serializer.serialize_bool(false),
            Some(b'n') | None => serializer.serialize_unit(),
            Some(_) => match (raw.parse::<u64>(), raw.parse::<i64>()) {
                (Ok(number), _) if number <= LARGEST_SAFE => serializer.serialize_u64(number),
                (Err(_), Ok(number)) if number.unsigned_abs() <= LARGEST_SAFE => serializer.serialize_i64(number),
                // as in `JSON.parse`
                _ => serializer.serialize_f64(raw.parse().unwrap_or(f64::NAN)),
            },
        }
    }
}

/// Any value, as its JSON text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(if value.is_finite() { value.to_string() } else { String::from("null") }))
    }

    fn visit_str<E>(self, value: &str) -> Result<Text, E> {
        let mut out = String::new();
        push_string(&mut out, value);
        Ok(Text(out))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(String::from("null")))
    }

    fn visit_none<E>(self) -> Result<Text, E> {
        Ok(Text(String::from("null")))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        Text::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        Text::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
        let mut out = String::from("[");
        while let Some(Text(item)) = items.next_element()? {
            push_comma(&mut out);
            out.push_str(&item);
        }
        out.push(']');
        Ok(Text(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Text, A::Error> {
        let mut out = String::from("{");
        while let Some((name, Text(value))) = members.next_entry::<String, Text>()? {
            push_raw(&mut out, &name, &value);
        }
        out.push('}');
        Ok(Text(out))
    }
}

/// Reads any value through its JSON text. The error does not quote it, because it may contain tokens.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    meaning: impl FnOnce(&str) -> Option<T>,
    wanted: &str,
) -> Result<T, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    meaning(&text).ok_or_else(|| D::Error::custom(wanted))
}

fn write<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    Json::parse(text).unwrap_or_default().serialize(serializer)
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, |text| Json::parse(text).filter(|json| json.is_object()).map(Self::of), "not an object")
    }
}

/// With the refresh token, because tokens are serialised to be stored.
impl Serialize for Tokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.to_json(), serializer)
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer).map(|object| Self::from_json(object.json()))
    }
}

impl Serialize for TokenSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(self.to_json(), serializer)
    }
}

impl<'de> Deserialize<'de> for TokenSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, Self::from_json, "not a token set: access_token must be a string that is not empty")
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.to_json(), serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = |text: &str| match Stored::from_json(text) {
            Stored::Record(record) => Some(*record),
            Stored::Nothing | Stored::Unreadable(_) | Stored::Foreign(_) => None,
        };
        read(deserializer, record, "not a record of this library")
    }
}

/// An unreadable value is [`Stored::Unreadable`] and no error, as in the machine.
impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|Text(text)| Self::from_json(&text))
    }
}

/// In seconds, like all times in a record.
impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        seconds(self.as_millis(), serializer)
    }
}

/// In seconds.
impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        seconds(self.as_millis(), serializer)
    }
}

fn seconds<S: Serializer>(millis: u64, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = String::new();
    super::json::push_seconds(&mut out, millis);
    write(&out, serializer)
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, super::json::decimal_thousandths, "not a number of seconds").map(Self::from_millis)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, super::json::decimal_thousandths, "not a number of seconds").map(Self::from_millis)
    }
}

/// In the form of the option `reuse`.
impl Serialize for Reuse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str("never"),
            Self::Always => serializer.serialize_str("always"),
            Self::UntilSuccessorUsed => serializer.serialize_str("until-successor-used"),
            Self::Grace(window) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("graceSeconds", window)?;
                map.end()
            }
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Refresh => "refresh",
            Self::Login => "login",
            Self::Peer => "peer",
            Self::SignOut => "sign-out",
            Self::SessionEnded => "session-ended",
        })
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Load => "load",
            Self::Save => "save",
            Self::Lock => "lock",
        })
    }
}

/// A boxed record is a record.
impl From<Box<Record>> for Record {
    fn from(record: Box<Record>) -> Self {
        *record
    }
}

//! The members of an object (RFC 8259 section 4), read once: a look-up by name does not scan the text again.

use alloc::string::String;
use alloc::vec::Vec;

use super::{cut, Json, Members};

/// The members of one object. A repeated name has its last value at its first position, as in `JSON.parse`.
#[derive(Default)]
pub struct Fields<'a> {
    list: Vec<(String, Json<'a>)>,
    /// Number of values in all members, at every depth. Names count too.
    values: usize,
}

/// Maximum number of members in a server's object. It keeps look-ups cheap and records small.
pub const MOST_MEMBERS: usize = 1000;

/// Maximum number of values in a server's object, at every depth. A megabyte of nested objects would take seconds to store and load.
pub const MOST_VALUES: usize = 10_000;

/// Maximum number of members of a record, which has more members than a server's reply. Repeated names count.
const MOST_READ: usize = 2 * MOST_MEMBERS;

impl<'a> Fields<'a> {
    /// The members of `object`; none for any other value. `None` if there are too many.
    pub fn read(object: Json<'a>) -> Option<Self> {
        Self::listed(object.members())
    }

    /// The same, from a list of members.
    pub fn listed(mut members: Members<'a>) -> Option<Self> {
        let mut fields = Self::default();
        for (count, (name, value)) in members.by_ref().enumerate() {
            if count >= MOST_READ {
                return None;
            }
            fields.set(name, value);
        }
        fields.values = members.scanner.values;
        Some(fields)
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.list.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
    }

    /// The text of a string member, or an empty text.
    pub fn text(&self, name: &str) -> String {
        self.get(name).and_then(Json::string).unwrap_or_default()
    }

    /// The value at a dotted path such as `result.token`. A member's name may contain a dot, so the whole path is tried first.
    pub fn at(&self, path: &str) -> Option<Json<'a>> {
        if let Some(found) = self.get(path) {
            return Some(found);
        }
        let (first, rest) = cut(path, b'.')?;
        self.get(first)?.at(rest)
    }

    /// Adds a member, or replaces the one of that name.
    pub fn set(&mut self, name: String, value: Json<'a>) {
        match self.list.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name, value)),
        }
    }

    /// Sets a member to null, if there is one: null is no token.
    pub fn remove(&mut self, name: &str) {
        if let Some((_, value)) = self.list.iter_mut().find(|(other, _)| other == name) {
            *value = Json::default();
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.list.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Whether a server may send this many.
    pub fn are_few(&self) -> bool {
        self.list.len() <= MOST_MEMBERS && self.values <= MOST_VALUES
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_repeated_name_counts_in_the_place_of_the_first() {
        let fields = Fields::read(Json::parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap()).unwrap();
        let found: Vec<_> = fields.iter().map(|(name, value)| (name, value.raw())).collect();
        assert_eq!(found, [("a", "3"), ("b", "2")]);
    }

    #[test]
    fn absurdly_many_members_are_refused_and_repeated_ones_count() {
        for (count, taken) in [(MOST_READ, true), (MOST_READ + 1, false)] {
            let object = format!("{{{}}}", vec!["\"a\":1"; count].join(","));
            assert_eq!(Fields::read(Json::parse(&object).unwrap()).is_some(), taken, "{count}");
        }
        assert!(Fields::read(Json::parse("[1,2,3]").unwrap()).is_some_and(|fields| fields.is_empty()));
    }

    #[test]
    fn a_path_leads_into_objects_and_lists_and_a_dotted_name_comes_first() {
        let fields = Fields::read(Json::parse(r#"{"a.b":1,"a":{"b":2,"c":[3,{"d":4}]}}"#).unwrap()).unwrap();
        let at = |path| fields.at(path).map(Json::raw);
        assert_eq!((at("a.b"), at("a.c.1.d"), at("a.c.2"), at("x.y")), (Some("1"), Some("4"), None, None));
    }
}

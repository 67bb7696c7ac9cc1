//! The members of an object, read once (RFC 8259 section 4): found by name without scanning text again.

use alloc::string::String;
use alloc::vec::Vec;

use super::{cut, Json, Members};

/// The members of one object. Of a repeated name the last value counts, in the place of the first, as `JSON.parse` has it.
#[derive(Default)]
pub struct Fields<'a> {
    list: Vec<(String, Json<'a>)>,
    /// How many values there are in all of them, at every depth; names count too.
    values: usize,
}

/// A server's object with more members than this is not taken: that keeps a look-up by name cheap, and what is stored small.
pub const MOST_MEMBERS: usize = 1000;

/// The same of all values in them, at every depth. A megabyte of nested objects would cost seconds on its way to a storage and back.
pub const MOST_VALUES: usize = 10_000;

/// Of a record, which adds some to those of a server. Repeated names count.
const MOST_READ: usize = 2 * MOST_MEMBERS;

impl<'a> Fields<'a> {
    /// The members of `object`, none of any other value; `None` if they are absurdly many.
    pub fn read(object: Json<'a>) -> Option<Self> {
        Self::listed(object.members())
    }

    /// The same, of members that are listed somewhere.
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

    /// The text of a string member, or nothing.
    pub fn text(&self, name: &str) -> String {
        self.get(name).and_then(Json::string).unwrap_or_default()
    }

    /// The value at a dotted path such as `result.token`. A member may itself have a dot in its name, so the whole path is tried
    /// first.
    pub fn at(&self, path: &str) -> Option<Json<'a>> {
        if let Some(found) = self.get(path) {
            return Some(found);
        }
        let (first, rest) = cut(path, b'.')?;
        self.get(first)?.at(rest)
    }

    /// Takes a member in, in place of one of that name.
    pub fn set(&mut self, name: String, value: Json<'a>) {
        match self.list.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name, value)),
        }
    }

    /// Leaves a member null, if it is there: what is null is no token.
    pub fn remove(&mut self, name: &str) {
        if let Some((_, value)) = self.list.iter_mut().find(|(other, _)| other == name) {
            *value = Json::default();
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.list.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Whether a server may send as many.
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

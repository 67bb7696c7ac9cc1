//! What is persisted: one record per session, written as one value, with a generation that grows by one
//! with every write, and a mark that says when a refresh token may have been spent.
//! Invariants 1, 7 and 12 of rotation safety rest on this; the members of a token response are RFC 6749 section 5.1.

use alloc::boxed::Box;
use alloc::string::String;

use super::json::{
    decimal_thousandths, push_hex, push_name, push_number, push_raw, push_seconds, push_text, whole, Json, Members,
    Object,
};
use super::secret::Secret;
use super::time::{Duration, UnixTime};

/// Lifetimes beyond ten years are taken for a mistake, and the lifetime for unknown.
const LONGEST_LIFETIME: Duration = Duration::from_secs(315_360_000);

/// The members of a token response under their registered names, each as the JSON text it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(Object);

/// What one session is, in one atomic value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Grows by one with every write.
    pub generation: u64,
    /// The token response, with the refresh token.
    pub tokens: Tokens,
    /// When the request for the tokens was sent, by this device's clock.
    pub obtained_at: UnixTime,
    /// Set while a refresh token may have been spent and its successor is not stored.
    pub pending: Option<Pending>,
    /// Names the login that the tokens descend from; every refresh carries it on.
    pub session: String,
    /// The server asked not to be asked before (RFC 9110 section 10.2.3), in whichever context it said so.
    pub retry_at: Option<UnixTime>,
}

/// Written before a refresh token is sent; cleared by the write of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Which attempt of which context.
    pub attempt: String,
    /// When the refresh token was first sent.
    pub started_at: UnixTime,
    /// Names the refresh token without showing it.
    pub fingerprint: String,
    /// When it was sent once more although the first outcome was unknown.
    pub probed_at: Option<UnixTime>,
}

/// What a storage held when it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// No session.
    Nothing,
    /// A session.
    Record(Box<Record>),
    /// Something that is not a record of this format; with its generation, if it has one.
    Unreadable(Option<u64>),
}

impl Tokens {
    /// The text of a member that is a string and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.member(name)?.string().filter(|text| !text.is_empty())
    }

    /// The access token (RFC 6749 section 1.4).
    pub fn access_token(&self) -> Option<String> {
        self.text("access_token")
    }

    /// The refresh token (RFC 6749 section 1.5).
    pub fn refresh_token(&self) -> Option<String> {
        self.text("refresh_token")
    }

    /// What a sign-out revokes (RFC 7009): the refresh token, or the access token where there is none.
    pub fn revocable(&self) -> Option<Secret> {
        self.refresh_token().or_else(|| self.access_token()).map(Secret::new)
    }

    /// A member as JSON.
    pub fn member(&self, name: &str) -> Option<Json<'_>> {
        self.0.json().member(name)
    }

    /// All members, in order.
    pub fn members(&self) -> Members<'_> {
        self.0.json().members()
    }

    /// Takes a member in, in place of one of that name.
    pub fn set(&mut self, name: &str, raw: &str) {
        self.0.set(name, Some(raw));
    }

    /// Takes a string member in.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.0.set_text(name, text);
    }

    /// Leaves a member out.
    pub fn remove(&mut self, name: &str) {
        self.0.set(name, None);
    }

    /// Keeps what the older response said and this one leaves out: the refresh token (RFC 6749 section 6), the scope
    /// (section 5.1), the id_token (OpenID Connect Core section 12.2) and whatever else, but no lifetime.
    pub fn keep_from(&mut self, older: &Self) {
        for (name, value) in older.0.json().members() {
            if !matches!(name.as_str(), "expires_in" | "expires_at") && self.member(&name).is_none() {
                self.set(&name, value.raw());
            }
        }
    }

    /// From the text of a JSON object.
    pub fn parse(text: &str) -> Option<Self> {
        Json::parse(text).filter(|json| json.is_object()).map(Self::from_json)
    }

    /// From a JSON object. Members that are null are left out; so are the names that mean something to a JavaScript object.
    pub fn from_json(object: Json<'_>) -> Self {
        let mut tokens = Self::default();
        for (name, value) in object.members() {
            if !value.is_null() && !is_reserved(&name) {
                tokens.set(&name, value.raw());
            }
        }
        for name in &["access_token", "refresh_token", "token_type", "id_token", "scope"] {
            if tokens.text(name).is_none() {
                tokens.remove(name);
            }
        }
        tokens
    }

    /// The lifetime the server gave, if it is one: `0`, negative, absurd and unreadable ones are unknown.
    pub fn lifetime(&self) -> Option<Duration> {
        let lifetime = Duration::from_millis(self.number("expires_in")?);
        (lifetime <= LONGEST_LIFETIME).then_some(lifetime)
    }

    /// An expiry given as a point in time.
    pub fn stated_expiry(&self) -> Option<UnixTime> {
        self.number("expires_at").map(UnixTime::from_millis)
    }

    /// A member that is a positive number, thousandfold.
    fn number(&self, name: &str) -> Option<u64> {
        decimal_thousandths(&self.member(name)?.word()?).filter(|number| *number > 0)
    }

    fn push_members(&self, out: &mut String, without: &[&str]) {
        for (name, value) in self.0.json().members() {
            if !without.contains(&name.as_str()) {
                push_raw(out, &name, value.raw());
            }
        }
    }
}

impl Record {
    /// A record for tokens that just arrived. The lifetime a server gives counts from `obtained_at`, the moment before its
    /// request was sent; an `expires_at` counts only where there is no such lifetime.
    pub fn new(mut tokens: Tokens, obtained_at: UnixTime, generation: u64) -> Self {
        if tokens.lifetime().is_some() {
            tokens.remove("expires_at");
        } else {
            tokens.remove("expires_in");
        }
        Self { generation, tokens, obtained_at, pending: None, retry_at: None, session: String::new() }
    }

    /// When the access token ends, if that is known.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match self.tokens.lifetime() {
            Some(lifetime) => Some(self.obtained_at + lifetime),
            None => self.tokens.stated_expiry(),
        }
    }

    /// How long the access token lives in all, if that is known.
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires_at().map(|end| end.since(self.obtained_at))
    }

    /// Whether the mark, if there is one, is about the refresh token that is here.
    pub fn in_doubt(&self) -> Option<&Pending> {
        let token = self.tokens.refresh_token()?;
        self.pending.as_ref().filter(|pending| pending.fingerprint == fingerprint(&token))
    }

    /// What callers see: everything but the refresh token, with `expires_at` in place of `expires_in`.
    pub fn token_set(&self) -> String {
        let mut out = String::from("{");
        self.tokens.push_members(&mut out, &["refresh_token", "expires_in", "expires_at"]);
        if self.tokens.text("token_type").is_none() {
            push_text(&mut out, "token_type", "Bearer");
        }
        if let Some(end) = self.expires_at() {
            push_time(&mut out, "expires_at", end);
        }
        out.push('}');
        out
    }

    /// The record as JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"format\":1,\"generation\":");
        push_number(&mut out, self.generation);
        out.push_str(",\"tokens\":{");
        self.tokens.push_members(&mut out, &[]);
        out.push('}');
        push_time(&mut out, "obtained_at", self.obtained_at);
        if let Some(pending) = &self.pending {
            push_name(&mut out, "pending");
            out.push('{');
            push_text(&mut out, "attempt", &pending.attempt);
            push_time(&mut out, "started_at", pending.started_at);
            push_text(&mut out, "fingerprint", &pending.fingerprint);
            if let Some(at) = pending.probed_at {
                push_time(&mut out, "probed_at", at);
            }
            out.push('}');
        }
        if let Some(at) = self.retry_at {
            push_time(&mut out, "retry_at", at);
        }
        if !self.session.is_empty() {
            push_text(&mut out, "session", &self.session);
        }
        out.push('}');
        out
    }
}

impl Stored {
    /// What the JSON text of a storage's answer means.
    pub fn from_json(text: &str) -> Self {
        let Some(value) = Json::parse(text) else {
            return Self::Unreadable(None);
        };
        if value.is_null() {
            return Self::Nothing;
        }
        let generation = value.member("generation").and_then(|generation| whole(generation.raw()));
        read_record(value, generation).map_or(Self::Unreadable(generation), |record| Self::Record(Box::new(record)))
    }

    /// The same for a storage that holds texts, and an empty one for nothing.
    pub fn from_text(text: &str) -> Self {
        if text.is_empty() {
            return Self::Nothing;
        }
        Self::from_json(text)
    }

    /// The generation a conditional write must name to replace this.
    pub fn generation(&self) -> Option<u64> {
        match self {
            Self::Nothing => None,
            Self::Record(record) => Some(record.generation),
            Self::Unreadable(generation) => *generation,
        }
    }
}

/// Names a refresh token without showing it: FNV-1a of 64 bits, which nobody can turn back into a random token.
pub fn fingerprint(token: &str) -> String {
    let hash = token
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mut out = String::new();
    push_hex(&mut out, hash);
    out
}

/// Names that would reach a prototype if somebody copied the members into a JavaScript object.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "__proto__" | "constructor" | "prototype")
}

fn read_record(value: Json<'_>, generation: Option<u64>) -> Option<Record> {
    let tokens = value.member("tokens").filter(|tokens| tokens.is_object())?;
    (value.member("format")?.raw() == "1").then_some(())?;
    Some(Record {
        generation: generation?,
        tokens: Tokens::from_json(tokens),
        obtained_at: value.member("obtained_at").and_then(moment)?,
        pending: value.member("pending").and_then(read_pending),
        retry_at: value.member("retry_at").and_then(moment),
        session: value.text("session"),
    })
}

fn read_pending(value: Json<'_>) -> Option<Pending> {
    Some(Pending {
        attempt: value.member("attempt")?.string()?,
        started_at: value.member("started_at").and_then(moment)?,
        fingerprint: value.member("fingerprint")?.string()?,
        probed_at: value.member("probed_at").and_then(moment),
    })
}

fn moment(value: Json<'_>) -> Option<UnixTime> {
    decimal_thousandths(value.raw()).map(UnixTime::from_millis)
}

fn push_time(out: &mut String, name: &str, at: UnixTime) {
    push_name(out, name);
    push_seconds(out, at.as_millis());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Tokens {
        Tokens::from_json(Json::parse(text).unwrap())
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_record_survives_a_round_trip_through_json() {
        let mut record = Record::new(
            tokens(
                r#"{"access_token":"at","refresh_token":"rt","expires_in":3600,"principal":{"id":12345678901234567890}}"#,
            ),
            at(1000),
            7,
        );
        record.pending = Some(Pending {
            attempt: "a-1".into(),
            started_at: UnixTime::from_millis(1_000_250),
            fingerprint: fingerprint("rt"),
            probed_at: Some(at(1002)),
        });
        record.retry_at = Some(at(1010));
        assert_eq!(Stored::from_json(&record.to_json()), Stored::Record(Box::new(record)));
    }

    #[test]
    fn a_token_set_never_holds_the_refresh_token() {
        let record = Record::new(
            tokens(r#"{"access_token":"at","refresh_token":"rt","expires_in":"3600","principal":""}"#),
            at(1000),
            1,
        );
        assert_eq!(
            record.token_set(),
            r#"{"access_token":"at","principal":"","token_type":"Bearer","expires_at":4600}"#
        );
    }

    #[test]
    fn b6_a_refresh_token_that_is_absent_null_empty_or_no_string_keeps_the_old_one() {
        for reply in [
            r#"{"access_token":"b"}"#,
            r#"{"access_token":"b","refresh_token":null}"#,
            r#"{"access_token":"b","refresh_token":""}"#,
            r#"{"access_token":"b","refresh_token":7}"#,
        ] {
            let mut fresh = tokens(reply);
            fresh.keep_from(&tokens(r#"{"access_token":"a","refresh_token":"rt","scope":"x","expires_in":5}"#));
            assert_eq!(fresh.refresh_token().as_deref(), Some("rt"), "{reply}");
            assert_eq!(fresh.text("scope").as_deref(), Some("x"));
            assert_eq!(fresh.access_token().as_deref(), Some("b"));
            assert_eq!(fresh.lifetime(), None);
        }
    }

    #[test]
    fn b4_a_lifetime_is_read_from_every_form_that_is_one_and_unknown_otherwise() {
        for (expires_in, seconds) in [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("3600.0", Some(3600)),
            ("\" 3600 \"", Some(3600)),
            ("0", None),
            ("-1", None),
            ("null", None),
            ("\"NaN\"", None),
            ("1e12", None),
            ("true", None),
            ("{}", None),
        ] {
            let record =
                Record::new(tokens(&format!(r#"{{"access_token":"a","expires_in":{expires_in}}}"#)), at(100), 1);
            assert_eq!(record.expires_at(), seconds.map(|seconds| at(100 + seconds)), "{expires_in}");
        }
    }

    #[test]
    fn names_that_reach_a_prototype_cannot_get_in() {
        let record =
            Record::new(tokens(r#"{"access_token":"a","__proto__":{"x":1},"constructor":1,"prototype":2}"#), at(0), 1);
        assert_eq!(record.token_set(), r#"{"access_token":"a","token_type":"Bearer"}"#);
    }

    #[test]
    fn rubbish_in_a_storage_is_unreadable_and_not_nothing() {
        assert_eq!(Stored::from_json("null"), Stored::Nothing);
        for (text, generation) in [
            ("{", None),
            ("7", None),
            (r#"{"generation":3}"#, Some(3)),
            (r#"{"format":2,"generation":4,"tokens":{},"obtained_at":1}"#, Some(4)),
            (r#"{"format":1,"generation":1.5,"tokens":{},"obtained_at":1}"#, None),
        ] {
            assert_eq!(Stored::from_json(text), Stored::Unreadable(generation), "{text}");
        }
    }

    #[test]
    fn a_mark_about_another_refresh_token_is_no_doubt_about_this_one() {
        let mut record = Record::new(tokens(r#"{"refresh_token":"rt"}"#), at(0), 1);
        record.pending = Some(Pending {
            attempt: "a".into(),
            started_at: at(0),
            fingerprint: fingerprint("other"),
            probed_at: None,
        });
        assert!(record.in_doubt().is_none());
    }
}

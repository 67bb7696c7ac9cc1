//! What is persisted: one record per session, written as one value, with a generation that grows by one
//! with every write, and a mark that says when a refresh token may have been spent.
//! Invariants 1, 7 and 12 of rotation safety rest on this; the members of a token response are RFC 6749 section 5.1.

use alloc::boxed::Box;
use alloc::string::String;

use super::json::{
    decimal_thousandths, push_comma, push_hex, push_name, push_number, push_raw, push_seconds, push_string, push_text,
    whole, Fields, Json, Members, MOST_MEMBERS,
};
use super::secret::Secret;
use super::time::{Duration, UnixTime};

/// Lifetimes beyond ten years are taken for a mistake, and the lifetime for unknown.
const LONGEST_LIFETIME: Duration = Duration::from_secs(315_360_000);

/// The members of a token response under their registered names (RFC 6749 section 5.1), read once. Clones share the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// RFC 6749 section 1.4. No text here is empty.
    pub access_token: Option<Secret>,
    /// RFC 6749 section 1.5.
    pub refresh_token: Option<Secret>,
    /// As the server wrote it, or as it is registered.
    pub token_type: Option<Secret>,
    /// The lifetime that the server gave, if it is one: `0`, negative, absurd and unreadable ones are unknown.
    pub expires_in: Option<Duration>,
    /// An end that was given as a point in time.
    pub expires_at: Option<UnixTime>,
    /// RFC 6749 section 3.3, with spaces between the scopes.
    pub scope: Option<Secret>,
    /// OpenID Connect Core section 2.
    pub id_token: Option<Secret>,
    /// Everything else, in order: members as the JSON text that they were, without braces around them.
    pub(super) extras: Secret,
}

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
    /// The access token (RFC 6749 section 1.4).
    pub fn access_token(&self) -> Option<&str> {
        self.access_token.as_ref().map(Secret::reveal)
    }

    /// The refresh token (RFC 6749 section 1.5).
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(Secret::reveal)
    }

    /// What a sign-out revokes (RFC 7009): the refresh token, or the access token where there is none.
    pub fn revocable(&self) -> Option<Secret> {
        self.refresh_token.as_ref().or(self.access_token.as_ref()).cloned()
    }

    /// The members without a registered name, in order, as JSON.
    pub fn extras(&self) -> Members<'_> {
        Members::listed(self.extras.reveal())
    }

    /// All the texts that are secret or may be, by their registered names.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        [
            ("access_token", &self.access_token),
            ("refresh_token", &self.refresh_token),
            ("token_type", &self.token_type),
            ("scope", &self.scope),
            ("id_token", &self.id_token),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)))
    }

    /// Keeps what the older response said and this one leaves out: the refresh token (RFC 6749 section 6), the scope
    /// (section 5.1), the id_token (OpenID Connect Core section 12.2) and whatever else, but no lifetime.
    pub fn keep_from(&mut self, older: &Self) {
        for (name, text) in older.texts() {
            if let Some(slot @ None) = self.slot(name) {
                *slot = Some(text.clone());
            }
        }
        if older.extras.is_empty() || self.extras == older.extras {
            return;
        }
        let known = Fields::listed(self.extras()).unwrap_or_default();
        let mut extras = String::from(self.extras.reveal());
        for (name, value) in older.extras().take(MOST_MEMBERS.saturating_sub(known.len())) {
            if known.get(&name).is_none() {
                push_extra(&mut extras, &name, value);
            }
        }
        self.extras = Secret::new(extras);
    }

    /// From the text of a JSON object.
    pub fn parse(text: &str) -> Option<Self> {
        Json::parse(text).filter(|json| json.is_object()).map(Self::from_json)
    }

    /// From a JSON object. Members that are null are left out; so are the names that mean something to a JavaScript object.
    pub fn from_json(object: Json<'_>) -> Self {
        Self::from_fields(&Fields::read(object).unwrap_or_default())
    }

    /// The same, from members that were read already.
    pub fn from_fields(fields: &Fields<'_>) -> Self {
        let mut tokens = Self::default();
        let mut extras = String::new();
        for (name, value) in fields.iter() {
            let number = || decimal_thousandths(&value.word()?);
            if let Some(slot) = tokens.slot(name) {
                *slot = value.string().filter(|text| !text.is_empty()).map(Secret::new);
            } else if name == "expires_in" {
                tokens.expires_in = number().and_then(lifetime);
            } else if name == "expires_at" {
                tokens.expires_at = number().and_then(point);
            } else if !value.is_null() && !is_reserved(name) {
                push_extra(&mut extras, name, value);
            }
        }
        tokens.extras = Secret::new(extras);
        tokens
    }

    /// As JSON text, with the refresh token: to be stored.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        self.push_members(&mut out, true);
        out.push('}');
        out
    }

    /// Where the text of a registered name is.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Secret>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "refresh_token" => &mut self.refresh_token,
            "token_type" => &mut self.token_type,
            "scope" => &mut self.scope,
            "id_token" => &mut self.id_token,
            _ => return None,
        })
    }

    /// The members as they are stored, or without the refresh token and the lifetime as a caller sees them.
    fn push_members(&self, out: &mut String, stored: bool) {
        for (name, text) in self.texts() {
            if stored || name != "refresh_token" {
                push_text(out, name, text.reveal());
            }
        }
        if let Some(lifetime) = self.expires_in.filter(|_| stored) {
            push_name(out, "expires_in");
            push_seconds(out, lifetime.as_millis());
        }
        if let Some(end) = self.expires_at.filter(|_| stored) {
            push_time(out, "expires_at", end);
        }
        if !self.extras.is_empty() {
            push_comma(out);
            out.push_str(self.extras.reveal());
        }
    }
}

impl Record {
    /// A record for tokens that just arrived. The lifetime a server gives counts from `obtained_at`, the moment before its
    /// request was sent; an `expires_at` counts only where there is no such lifetime.
    pub fn new(mut tokens: Tokens, obtained_at: UnixTime, generation: u64) -> Self {
        if tokens.expires_in.is_some() {
            tokens.expires_at = None;
        }
        Self { generation, tokens, obtained_at, pending: None, retry_at: None, session: String::new() }
    }

    /// When the access token ends, if that is known.
    pub fn expires_at(&self) -> Option<UnixTime> {
        match self.tokens.expires_in {
            Some(lifetime) => Some(self.obtained_at + lifetime),
            None => self.tokens.expires_at,
        }
    }

    /// How long the access token lives in all, if that is known.
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires_at().map(|end| end.since(self.obtained_at))
    }

    /// Whether the mark, if there is one, is about the refresh token that is here.
    pub fn in_doubt(&self) -> Option<&Pending> {
        let token = self.tokens.refresh_token.as_ref()?;
        self.pending.as_ref().filter(|pending| pending.fingerprint == fingerprint(token))
    }

    /// What callers see: everything but the refresh token, with `expires_at` in place of `expires_in`.
    pub fn token_set(&self) -> String {
        let mut out = String::from("{");
        self.tokens.push_members(&mut out, false);
        if self.tokens.token_type.is_none() {
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
        push_raw(&mut out, "tokens", &self.tokens.to_json());
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

/// The last generation: 2^53 - 1, the largest integer that JavaScript compares exactly. What has another number, or none, is unreadable.
pub const LAST_GENERATION: u64 = (1 << 53) - 1;

impl Stored {
    /// What the JSON text of a storage's answer means.
    pub fn from_json(text: &str) -> Self {
        let Some(value) = Json::parse(text) else {
            return Self::Unreadable(None);
        };
        if value.is_null() {
            return Self::Nothing;
        }
        let fields = Fields::read(value).unwrap_or_default();
        let generation = fields.get("generation").and_then(|generation| whole(generation.raw()));
        let generation = generation.filter(|generation| (1..=LAST_GENERATION).contains(generation));
        read_record(&fields, generation).map_or(Self::Unreadable(generation), |record| Self::Record(Box::new(record)))
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

/// Names a refresh token without showing it: FNV-1a of 64 bits, from which a random token cannot be found.
pub fn fingerprint(token: &Secret) -> String {
    let mut out = String::new();
    push_hex(&mut out, token.fingerprint());
    out
}

/// A number of milliseconds as a lifetime, if it is one: `0` and absurd ones are not.
pub fn lifetime(millis: u64) -> Option<Duration> {
    (1..=LONGEST_LIFETIME.as_millis()).contains(&millis).then_some(Duration::from_millis(millis))
}

/// A number of milliseconds as a point in time, if it is one: `0` is not.
pub fn point(millis: u64) -> Option<UnixTime> {
    (millis > 0).then_some(UnixTime::from_millis(millis))
}

/// Names that would reach a prototype if the members were copied into a JavaScript object.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "__proto__" | "constructor" | "prototype")
}

fn read_record(fields: &Fields<'_>, generation: Option<u64>) -> Option<Record> {
    let tokens = fields.get("tokens").filter(|tokens| tokens.is_object())?;
    (fields.get("format")?.raw() == "1").then_some(())?;
    Some(Record {
        generation: generation?,
        tokens: Tokens::from_fields(&Fields::read(tokens)?),
        obtained_at: fields.get("obtained_at").and_then(moment)?,
        pending: fields.get("pending").and_then(read_pending),
        retry_at: fields.get("retry_at").and_then(moment),
        session: fields.text("session"),
    })
}

fn read_pending(value: Json<'_>) -> Option<Pending> {
    let fields = Fields::read(value)?;
    Some(Pending {
        attempt: fields.get("attempt")?.string()?,
        started_at: fields.get("started_at").and_then(moment)?,
        fingerprint: fields.get("fingerprint")?.string()?,
        probed_at: fields.get("probed_at").and_then(moment),
    })
}

/// Appends a member that stands in no braces. Another session's refresh token, which came in the same reply, is left out.
fn push_extra(out: &mut String, name: &str, value: Json<'_>) {
    if !out.is_empty() {
        out.push(',');
    }
    push_string(out, name);
    out.push(':');
    if value.member("refresh_token").is_none() {
        return out.push_str(value.raw());
    }
    out.push('{');
    for (name, value) in value.members() {
        if name != "refresh_token" {
            push_raw(out, &name, value.raw());
        }
    }
    out.push('}');
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
            fingerprint: fingerprint(&Secret::new("rt")),
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
            assert_eq!(fresh.refresh_token(), Some("rt"), "{reply}");
            assert_eq!(fresh.scope.as_ref().map(Secret::reveal), Some("x"));
            assert_eq!(fresh.access_token(), Some("b"));
            assert_eq!(fresh.expires_in, None);
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
            (r#"{"format":1,"generation":0,"tokens":{},"obtained_at":1}"#, None),
            (r#"{"format":1,"generation":-1,"tokens":{},"obtained_at":1}"#, None),
            (r#"{"format":1,"generation":9007199254740992,"tokens":{},"obtained_at":1}"#, None),
            (r#"{"format":2,"generation":9007199254740991,"tokens":{},"obtained_at":1}"#, Some(9_007_199_254_740_991)),
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
            fingerprint: fingerprint(&Secret::new("other")),
            probed_at: None,
        });
        assert!(record.in_doubt().is_none());
    }
}

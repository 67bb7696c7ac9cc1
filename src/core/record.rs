//! The stored record: one value per session, with a generation that grows with every write, and with a mark while a refresh token
//! may be spent.
//! I1 (one value, one write), I7 (a mark before a token is sent) and I12 of tests/GUARANTEES.md depend on it.

use alloc::boxed::Box;
use alloc::string::String;

use super::json::{decimal_thousandths, push_hex, push_name, push_number, push_raw, push_text, whole, Fields, Json};
use super::secret::Secret;
use super::time::{Duration, UnixTime};
use super::tokens::push_time;
pub use super::tokens::Tokens;

/// The last generation: 2^53 - 1, the largest integer that JavaScript compares exactly. A value without a generation up to this is
/// unreadable.
pub const LAST_GENERATION: u64 = (1 << 53) - 1;

/// Default of `minValiditySeconds`.
pub const MIN_VALIDITY: Duration = Duration::from_secs(10);

/// Tolerated clock skew between devices that share a storage. A record from further in the future was written before the clock was set
/// back.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// One session, stored as one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Grows with every write.
    pub generation: u64,
    /// The tokens, with the refresh token.
    pub tokens: Tokens,
    /// When the request for these tokens was sent, by the clock of the device that sent it.
    pub obtained_at: UnixTime,
    /// The mark: set while the refresh token may be spent and its successor is not stored.
    pub pending: Option<Pending>,
    /// Names the login that the tokens descend from. Refreshes keep it.
    pub session: String,
    /// Time of a `Retry-After` (RFC 9110 section 10.2.3), for all contexts.
    pub retry_at: Option<UnixTime>,
    /// Names the issuer (or the token endpoint) and the client of the tokens. Empty in records of older versions.
    pub owner: String,
}

/// The mark: written before a refresh token is sent, removed by the write of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Names the attempt and its context.
    pub attempt: String,
    /// When the refresh token was first sent.
    pub started_at: UnixTime,
    /// The refresh token's fingerprint.
    pub fingerprint: String,
    /// When it was sent once more, after an unknown outcome.
    pub probed_at: Option<UnixTime>,
}

/// Result of a read of the storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// No session.
    Nothing,
    /// A session.
    Record(Box<Record>),
    /// Not a record of this format, with its generation if it has one.
    Unreadable(Option<u64>),
    /// A session of another issuer or client: only its generation may be used.
    Foreign(u64),
}

impl Record {
    /// A record for new tokens. `expires_in` counts from `obtained_at`, when the request was sent. `expires_at` counts only without
    /// `expires_in`.
    pub fn new(mut tokens: Tokens, obtained_at: UnixTime, generation: u64) -> Self {
        if tokens.expires_in.is_some() {
            tokens.expires_at = None;
        }
        Self {
            generation,
            tokens,
            obtained_at,
            pending: None,
            retry_at: None,
            session: String::new(),
            owner: String::new(),
        }
    }

    /// When the access token expires, if that is known.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.end().known()
    }

    /// When the access token expires; [`UnixTime::NEVER`] if that is not known.
    pub fn end(&self) -> UnixTime {
        match self.tokens.expires_in {
            Some(lifetime) => self.obtained_at + lifetime,
            None => self.tokens.expires_at.unwrap_or(UnixTime::NEVER),
        }
    }

    /// The lifetime of the access token.
    pub fn lifetime(&self) -> Duration {
        self.end().since(self.obtained_at)
    }

    /// From when until when a driver may hand out the access token before it has a machine, to callers without options. `None` under a
    /// mark, because the token may be replaced by now.
    pub fn fresh(&self) -> Option<(UnixTime, UnixTime)> {
        (self.pending.is_none() && self.tokens.access_token.is_some()).then(|| self.window())
    }

    /// From when until when the access token may be handed out to callers without options.
    pub fn window(&self) -> (UnixTime, UnixTime) {
        (self.obtained_at - CLOCK_TOLERANCE, self.end() - self.spare(MIN_VALIDITY))
    }

    /// The remaining validity that a caller wants, at most a quarter of the lifetime.
    pub fn spare(&self, wanted: Duration) -> Duration {
        wanted.min(self.lifetime().part(4))
    }

    /// The mark, if it is about the refresh token of this record.
    pub fn in_doubt(&self) -> Option<&Pending> {
        let token = self.tokens.refresh_token.as_ref()?;
        self.pending.as_ref().filter(|pending| pending.fingerprint == fingerprint(token))
    }

    /// The token set for callers, in JSON: without the refresh token, and with `expires_at` in place of `expires_in`.
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
        if let Some((from, until)) = self.fresh() {
            push_name(&mut out, "fresh");
            out.push('{');
            push_time(&mut out, "from", from);
            if let Some(expires_at) = self.expires_at() {
                push_time(&mut out, "until", until);
                push_time(&mut out, "expires_at", expires_at);
            }
            out.push('}');
        }
        if let Some(at) = self.retry_at {
            push_time(&mut out, "retry_at", at);
        }
        if !self.session.is_empty() {
            push_text(&mut out, "session", &self.session);
        }
        if !self.owner.is_empty() {
            push_text(&mut out, "owner", &self.owner);
        }
        out.push('}');
        out
    }
}

impl Stored {
    /// From the JSON text of a storage.
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

    /// The same for a storage of texts, where an empty text is no session.
    pub fn from_text(text: &str) -> Self {
        if text.is_empty() {
            return Self::Nothing;
        }
        Self::from_json(text)
    }

    /// The same as seen by a refresher of that owner.
    pub fn seen_by(self, owner: &str) -> Self {
        match self {
            Self::Record(record) if !record.owner.is_empty() && record.owner != owner => {
                Self::Foreign(record.generation)
            }
            Self::Nothing | Self::Record(_) | Self::Unreadable(_) | Self::Foreign(_) => self,
        }
    }

    /// The generation that a conditional write must name to replace it.
    pub fn generation(&self) -> Option<u64> {
        match self {
            Self::Nothing => None,
            Self::Record(record) => Some(record.generation),
            Self::Unreadable(generation) => *generation,
            Self::Foreign(generation) => Some(*generation),
        }
    }
}

/// A name of a refresh token that does not show it: FNV-1a of 64 bits, from which a random token cannot be computed.
pub fn fingerprint(token: &Secret) -> String {
    let mut out = String::new();
    push_hex(&mut out, token.fingerprint());
    out
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
        owner: fields.text("owner"),
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

fn moment(value: Json<'_>) -> Option<UnixTime> {
    decimal_thousandths(value.raw()).map(UnixTime::from_millis)
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

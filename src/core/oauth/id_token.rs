//! Whether a refreshed id_token is the session user's (OpenID Connect Core section 12.2).
//! It is compared with the stored id_token, which is from the same server. Signatures are not checked, because TLS replaces them for a
//! token that comes directly from the token endpoint (section 3.1.3.7, item 6).

use alloc::string::String;

use super::encoding::{base64url_text, replaced};
use crate::core::json::{cut, decimal_thousandths, Fields, Json};
use crate::core::time::UnixTime;

/// Which rules of section 12.2 are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityCheck {
    /// `iss`, `sub` and `aud`, which identify the session. `aud` must include the stored one, as section 12.2 requires, or name this
    /// client, because some servers compute the audiences anew at each refresh (Keycloak's mappers). The other claims change at real
    /// providers: `auth_time` after a login in another application, `nonce` and `azp` if the provider generates them anew.
    Subject,
    /// All of section 12.2. Also, `aud` must be the same set (the client does not trust a further audience, section 3.1.3.7), and the
    /// id_token must be for this client and not expired.
    Strict,
    /// Nothing.
    Off,
}

/// The claim that differs from the stored id_token. With one, the reply must be discarded: a session may not silently become another
/// user's. So a new id_token that cannot be read differs, if the stored one can be read. The stored id_token sent again does not differ,
/// and an encrypted one cannot be compared.
///
/// Under a strict check it must not expire before `earliest_end`: the server's time where it is known, because a device's clock may be
/// wrong by a day, which must not cost a session.
pub fn mismatch(
    new: &str,
    stored: &str,
    check: IdentityCheck,
    client_id: &str,
    earliest_end: UnixTime,
) -> Option<&'static str> {
    let (theirs, known) = (payload(new), payload(stored));
    let readable = |known: &Json<'_>| known.is_object() && new != stored && check != IdentityCheck::Off;
    let known = claims(Json::parse(&known).filter(readable)?);
    let theirs = claims(Json::parse(&theirs).unwrap_or_default());
    let strict = check == IdentityCheck::Strict;
    let mut ours = client_id.is_empty();
    for (place, &name) in ["iss", "sub", "aud", "auth_time", "nonce", "azp"].iter().enumerate() {
        let (theirs, known) = (claim(&theirs, name), claim(&known, name));
        // The last three are compared only if both have them: a refresh may omit them.
        let left_out = place > 2 && (!strict || theirs.is_null() || known.is_null());
        // The first two must be texts.
        let unfit = place < 2 && !(is_text(theirs) && is_text(known));
        // With audiences of other servers, `azp` names the client that the token was issued to (section 2).
        let names_us = place % 3 == 2 && !client_id.is_empty() && has(theirs, client_id);
        ours |= names_us;
        let grown = strict && !is_within(theirs, known);
        let fits = names_us && !strict || is_within(known, theirs);
        if !left_out && (unfit || grown || !fits) {
            return Some(name);
        }
    }
    let time = |name| decimal_thousandths(claim(&theirs, name).raw());
    let (issued, end) = (time("iat"), time("exp"));
    let of_time = if issued.is_none() { "iat" } else { "exp" };
    let fits = ours && issued.is_some() && end > issued && end >= Some(earliest_end.as_millis());
    (strict && !fits).then_some(if ours { of_time } else { "aud" })
}

/// The claims of a JWT as JSON text (RFC 7519 section 7.2). Empty or no JSON if it is encrypted. The scheme of `iss` is removed, because
/// Google documents its issuer with it and without it.
fn payload(token: &str) -> String {
    let rest = cut(token, b'.').unwrap_or_default().1;
    let text = base64url_text(cut(rest, b'.').unwrap_or_default().0);
    replaced(&text, "\"iss\":\"https://", "\"iss\":\"")
}

fn claims(token: Json<'_>) -> Fields<'_> {
    Fields::read(token).unwrap_or_default()
}

fn claim<'a>(claims: &Fields<'a>, name: &str) -> Json<'a> {
    claims.get(name).unwrap_or_default()
}

/// Whether each value (an audience may have several, section 2) is among the other's values.
fn is_within(these: Json<'_>, those: Json<'_>) -> bool {
    these.each().all(|one| has(those, &one.word().unwrap_or_default()))
}

/// Whether it is a non-empty text.
fn is_text(json: Json<'_>) -> bool {
    json.raw().len() > 2 && json.raw().starts_with('"')
}

fn has(these: Json<'_>, text: &str) -> bool {
    these.each().any(|one| one.word().unwrap_or_default() == text)
}

#[cfg(test)]
mod tests {
    use super::IdentityCheck::{Off, Strict, Subject};
    use super::*;
    use crate::core::oauth::encoding::base64;

    const NOW: UnixTime = UnixTime::from_millis(1_700_000_100_000);
    const ORIGINAL: &str = r#"{"iss":"https://as.example","sub":"ann","aud":"app","nonce":"n-0S6","auth_time":1700000000,
        "azp":"app","iat":1700000000,"exp":1700003600}"#;

    fn id_token(claims: &str) -> String {
        let payload = base64(claims.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "");
        format!("eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl")
    }

    fn by(new: &str, check: IdentityCheck) -> Option<&'static str> {
        mismatch(&id_token(new), &id_token(ORIGINAL), check, "app", NOW)
    }

    fn is_refused(new: &str) -> bool {
        by(new, Strict).is_some()
    }

    fn is_somebody_elses(new: &str, stored: &str, client_id: &str, earliest_end: UnixTime) -> bool {
        mismatch(new, stored, Strict, client_id, earliest_end).is_some()
    }

    /// The original with one claim that is another.
    fn with(from: &str, to: &str) -> String {
        let later = ORIGINAL.replace(r#""iat":1700000000,"exp":1700003600"#, r#""iat":1700000100,"exp":1700003700"#);
        assert!(later.contains(from), "{from}");
        later.replace(from, to)
    }

    #[test]
    fn an_id_token_of_the_same_login_is_taken() {
        assert!(!is_refused(&with("1700000000", "1700000000")));
        assert!(!is_refused(ORIGINAL));
    }

    #[test]
    fn h3_h4_h5_another_issuer_subject_or_audience_is_refused() {
        for (claim, other) in [
            ("https://as.example", "https://as.example/"),
            ("https://as.example", "https://AS.example"),
            (r#""iss":"https://as.example","#, ""),
            ("ann", "bob"),
            ("ann", "Ann"),
            (r#""sub":"ann","#, ""),
            (r#""aud":"app""#, r#""aud":"other""#),
            (r#""aud":"app""#, r#""aud":["app","other"]"#),
            (r#""aud":"app""#, r#""aud":[]"#),
            (r#""aud":"app","#, ""),
        ] {
            assert!(is_refused(&with(claim, other)), "{claim} {other}");
        }
    }

    #[test]
    fn by_default_only_issuer_subject_and_audience_decide_and_the_claim_is_named() {
        for (claim, other, name) in [
            ("https://as.example", "https://as.example/", "iss"),
            ("ann", "bob", "sub"),
            (r#""aud":"app""#, r#""aud":"other""#, "aud"),
        ] {
            let new = with(claim, other);
            assert_eq!((by(&new, Subject), by(&new, Strict), by(&new, Off)), (Some(name), Some(name), None), "{other}");
        }
        for (claim, other, name) in [
            ("\"auth_time\":1700000000", "\"auth_time\":1700000050", "auth_time"),
            ("n-0S6", "n-1S7", "nonce"),
            (r#""azp":"app""#, r#""azp":"other""#, "azp"),
            (r#""iat":1700000100,"#, "", "iat"),
            ("1700003700", "1600000000", "exp"),
            (r#","exp":1700003700"#, "", "exp"),
        ] {
            let new = with(claim, other);
            assert_eq!((by(&new, Subject), by(&new, Strict)), (None, Some(name)), "{other}");
        }
    }

    #[test]
    fn a_subject_is_a_text_exactly() {
        for (stored, new, same) in [
            (r#""42""#, r#""42""#, true),
            (r#""a\u006e""#, r#""an""#, true),
            (r#""42""#, "42", false),
            ("42", "42", false),
            (r#""ann""#, r#"["ann"]"#, false),
            (r#"["ann"]"#, r#"["ann"]"#, false),
            (r#""""#, r#""""#, false),
            ("null", "null", false),
            (r#""ann""#, r#""ann ""#, false),
            (r#""ann""#, r#""https://ann""#, false),
        ] {
            let token = |sub: &str| id_token(&with(r#""ann""#, sub));
            let found = mismatch(&token(new), &id_token(&ORIGINAL.replace(r#""ann""#, stored)), Subject, "app", NOW);
            assert_eq!(found, (!same).then_some("sub"), "{stored} {new}");
        }
    }

    #[test]
    fn an_issuer_is_the_same_with_its_scheme_and_without() {
        for (stored, new, same) in [
            ("https://accounts.google.com", "accounts.google.com", true),
            ("accounts.google.com", "https://accounts.google.com", true),
            ("accounts.google.com", "http://accounts.google.com", false),
            ("https://accounts.google.com", "https://accounts.google.com.evil", false),
            ("https://", "", false),
        ] {
            let token = |iss: &str| id_token(&with("https://as.example", iss));
            let found =
                mismatch(&token(new), &id_token(&ORIGINAL.replace("https://as.example", stored)), Subject, "app", NOW);
            assert_eq!(found, (!same).then_some("iss"), "{stored} {new}");
        }
    }

    #[test]
    fn h5_an_audience_is_a_set_whether_it_is_a_string_or_a_list() {
        assert!(!is_refused(&with(r#""aud":"app""#, r#""aud":["app"]"#)));
        let two = |list: &str| id_token(&with(r#""aud":"app""#, &format!(r#""aud":{list}"#)));
        assert!(!is_somebody_elses(&two(r#"["app","b"]"#), &two(r#"["b","app","b"]"#), "app", NOW));
        assert!(is_somebody_elses(&two(r#"["app","b"]"#), &two(r#"["app","c"]"#), "app", NOW));
        assert!(is_somebody_elses(&two(r#"["app"]"#), &two(r#"["app","c"]"#), "app", NOW));
    }

    #[test]
    fn h5_by_default_an_audience_that_grew_or_still_names_the_client_is_the_sessions() {
        for (stored, new, client_id, taken) in [
            (r#""app""#, r#"["app","api"]"#, "app", true),
            (r#""app""#, r#"["api","app","api"]"#, "app", true),
            (r#"["app","api"]"#, r#"["more","api","app"]"#, "app", true),
            (r#"["app","api"]"#, r#""app""#, "app", true),
            (r#"["app","api"]"#, r#"["app","other"]"#, "app", true),
            (r#"["app","api"]"#, r#""api""#, "app", false),
            (r#""app""#, r#"["apps","ap"]"#, "app", false),
            (r#""app""#, r#"[["app"]]"#, "app", false),
            (r#""app""#, r#"{"app":"app"}"#, "app", false),
            (r#""app""#, "[]", "app", false),
            (r#""app""#, "null", "app", false),
            // a stored one of another client, and no client_id
            (r#""web""#, r#"["web","app"]"#, "app", true),
            (r#""web""#, r#"["native"]"#, "app", false),
            (r#""web""#, r#"["web","native"]"#, "", true),
            (r#""web""#, r#""native""#, "", false),
            (r#""web""#, r#""""#, "", false),
            (r#""web""#, "null", "", false),
        ] {
            let token = |aud: &str| id_token(&with(r#""aud":"app""#, &format!(r#""aud":{aud}"#)));
            let found = |check| mismatch(&token(new), &token(stored), check, client_id, NOW);
            assert_eq!(found(Subject), (!taken).then_some("aud"), "{stored} {new}");
            assert_eq!(found(Strict), Some("aud"), "{stored} {new}");
        }
    }

    #[test]
    fn h6_another_time_of_login_is_refused_and_a_missing_one_is_not() {
        assert!(is_refused(&with(r#""auth_time":1700000000"#, r#""auth_time":1700000050"#)));
        assert!(!is_refused(&with(r#""auth_time":1700000000,"#, "")));
        assert!(is_refused(&with(r#""iat":1700000100,"#, "")));
        assert!(is_refused(&with(r#""iat":1700000100"#, r#""iat":"soon""#)));
    }

    #[test]
    fn h7_a_nonce_is_never_required_and_never_another() {
        assert!(!is_refused(&with(r#""nonce":"n-0S6","#, "")));
        assert!(is_refused(&with("n-0S6", "n-1S7")));
        let without = id_token(&with(r#""nonce":"n-0S6","#, ""));
        assert!(!is_somebody_elses(&id_token(&with("n-0S6", "n-0S6")), &without, "app", NOW));
    }

    #[test]
    fn h8_another_authorized_party_is_refused_and_a_missing_one_is_not() {
        assert!(is_refused(&with(r#""azp":"app""#, r#""azp":"other""#)));
        assert!(!is_refused(&with(r#""azp":"app","#, "")));
    }

    #[test]
    fn h9_the_signature_is_not_looked_at() {
        let unsigned = id_token(&with("ann", "ann")).replace(".c2lnbmF0dXJl", ".");
        assert!(!is_somebody_elses(&unsigned, &id_token(ORIGINAL), "app", NOW));
    }

    #[test]
    fn h10_an_id_token_that_has_ended_or_never_began_is_refused() {
        assert!(is_refused(&with("1700003700", "1700000099")));
        assert!(is_refused(&with("1700003700", "1700000100")));
        assert!(is_refused(&with(r#","exp":1700003700"#, "")));
        assert!(!is_refused(&with("1700003700", "1700000101")));
    }

    #[test]
    fn h10_an_id_token_that_is_not_for_this_client_is_refused() {
        let stranger = with(r#""azp":"app""#, r#""azp":"other""#).replace(r#""aud":"app""#, r#""aud":"other""#);
        let original = stranger.replace("1700003700", "1700003600");
        assert!(is_somebody_elses(&id_token(&stranger), &id_token(&original), "app", NOW));
        assert!(!is_somebody_elses(&id_token(&stranger), &id_token(&original), "other", NOW));
        assert!(!is_somebody_elses(&id_token(&stranger), &id_token(&original), "", NOW));
        // another server's audience, and this client named as the one it was issued to
        let (stranger, original) = (stranger.replace(r#""azp":"other""#, r#""azp":"app""#), original);
        assert!(!is_somebody_elses(
            &id_token(&stranger),
            &id_token(&original.replace(r#""azp":"other","#, "")),
            "app",
            NOW
        ));
    }

    #[test]
    fn what_cannot_be_read_is_refused_only_where_the_stored_one_could_be() {
        let encrypted = "a.b.c.d.e";
        for new in [encrypted, "", "opaque", "a.b.c", "a.!!.c", "a.bnVsbA.c", "a.e30", &id_token("{}")] {
            assert!(is_somebody_elses(new, &id_token(ORIGINAL), "app", NOW), "{new}");
            assert!(!is_somebody_elses(new, encrypted, "app", NOW), "{new}");
        }
        assert!(!is_somebody_elses(&id_token(ORIGINAL), "opaque", "app", NOW));
    }

    #[test]
    fn rubbish_of_any_length_is_read_without_a_fault_and_is_nobodys_id_token() {
        let alphabet: alloc::vec::Vec<char> = "AZaz09-_+/=.{}[]\":,é\u{1F600}".chars().collect();
        let (mut seed, original) = (7_u64, id_token(ORIGINAL));
        for round in 0..2_000 {
            let mut rubbish = String::new();
            for _ in 0..round % 40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                rubbish.push(alphabet[(seed >> 33) as usize % alphabet.len()]);
            }
            // as it is, as claims, and with a piece of a good one before it
            let cut_short = format!("{}{rubbish}", &original[..round % original.len()]);
            for new in [rubbish.clone(), id_token(&rubbish), cut_short] {
                let readable = new.starts_with(&original[..original.len() - 13]);
                assert!(readable || is_somebody_elses(&new, &original, "app", NOW), "{new}");
                is_somebody_elses(&original, &new, "app", NOW);
            }
        }
    }

    #[test]
    fn the_stored_one_once_more_claims_nothing_new() {
        let old = id_token(ORIGINAL);
        assert!(!is_somebody_elses(&old, &old, "app", UnixTime::from_millis(u64::MAX)));
    }
}

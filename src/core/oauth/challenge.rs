//! `WWW-Authenticate` (RFC 9110 section 11.6.1): several challenges in one field, `token68` or parameters, quoted pairs, empty list
//! members, any letter case. And whether the challenges refuse the access token (RFC 6750 section 3.1, RFC 9449 section 7.1, RFC 9470
//! section 3).

use alloc::string::String;

use crate::core::json::Scanner;

/// A piece of a field value.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The scheme of a new challenge: `Bearer`, `DPoP`, `Basic` …, in any letter case.
    Scheme(&'a str),
    /// The name, in any letter case, and the decoded value.
    Parameter(&'a str, String),
    /// A `token68`, for schemes that use it.
    Token68(&'a str),
}

/// Reads a field value part by part. Reading stops at a syntax error; the parts before it count.
pub fn read<'a>(field: &'a str, found: &mut dyn FnMut(Part<'a>)) {
    let mut scanner = Scanner::new(field, 0);
    let mut begun = false;
    loop {
        while scanner.skip(b',') {}
        let word = run(&mut scanner, "!#$%&'*+-.^_`|~");
        if word.is_empty() {
            return;
        }
        // `name = value` belongs to the current challenge; a word alone begins a new one.
        let behind = scanner.at;
        if scanner.skip(b'=') {
            match value(&mut scanner).filter(|_| begun) {
                Some(value) => found(Part::Parameter(word, value)),
                None => return,
            }
            continue;
        }
        found(Part::Scheme(word));
        begun = true;
        scanner.at = behind;
        scanner.space();
        let start = scanner.at;
        let token = run(&mut scanner, "-._~+/");
        while scanner.eat(b'=') {}
        let whole = field.get(start..scanner.at).filter(|_| !token.is_empty() && at_comma(&mut scanner));
        match whole {
            Some(token68) => found(Part::Token68(token68)),
            None => scanner.at = behind,
        }
    }
}

/// Whether the challenges refuse the access token. They do with `invalid_token`, with a bare `Bearer` or `DPoP` challenge unless another
/// one of these has another error, and if no challenge can be read (RFC 9110 section 15.5.2). They do not if they require more scope or a
/// stronger login (RFC 6750, RFC 9470), because a refresh brings neither. Challenges of other schemes do not count.
pub fn rejects_token(field: &str) -> bool {
    let (mut invalid, mut refused, mut something_else) = (false, false, false);
    // `of_token`: the current challenge is of a token's scheme. `refusing`: it refuses the token if it ends here.
    let (mut of_token, mut refusing, mut readable) = (false, false, false);
    read(field, &mut |part| match part {
        Part::Scheme(scheme) => {
            refused |= refusing;
            readable = true;
            of_token = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
            refusing = of_token;
        }
        Part::Parameter(name, error) if of_token && name.eq_ignore_ascii_case("error") => {
            refusing = false;
            invalid |= error == "invalid_token";
            something_else |= error != "invalid_token";
        }
        Part::Parameter(..) | Part::Token68(_) => {}
    });
    !readable || invalid || (refused || refusing) && !something_else
}

/// Reads letters, digits and characters of `others`.
fn run<'a>(scanner: &mut Scanner<'a>, others: &str) -> &'a str {
    let start = scanner.at;
    while scanner.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || others.bytes().any(|other| other == byte)) {
        scanner.at += 1;
    }
    scanner.text.get(start..scanner.at).unwrap_or_default()
}

/// `BWS ( token / quoted-string )`, the rest of a list member.
fn value(scanner: &mut Scanner<'_>) -> Option<String> {
    scanner.space();
    let value = if scanner.eat(b'"') {
        quoted(scanner)?
    } else {
        Some(run(scanner, "!#$%&'*+-.^_`|~")).filter(|token| !token.is_empty()).map(String::from)?
    };
    at_comma(scanner).then_some(value)
}

fn quoted(scanner: &mut Scanner<'_>) -> Option<String> {
    let mut value = String::new();
    let mut characters = scanner.text.get(scanner.at..)?.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
    scanner.at = scanner.text.len() - characters.as_str().len();
    Some(value)
}

fn at_comma(scanner: &mut Scanner<'_>) -> bool {
    scanner.space();
    matches!(scanner.peek(), None | Some(b','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::vec::Vec;

    fn read(field: &str) -> Vec<(String, Vec<(String, String)>)> {
        let mut challenges: Vec<(String, Vec<(String, String)>)> = Vec::new();
        super::read(field, &mut |part| match part {
            Part::Scheme(scheme) => challenges.push((scheme.to_ascii_lowercase(), Vec::new())),
            Part::Parameter(name, value) => {
                challenges.last_mut().unwrap().1.push((name.to_ascii_lowercase(), value));
            }
            Part::Token68(token) => challenges.last_mut().unwrap().1.push((String::new(), token.to_owned())),
        });
        challenges
    }

    fn expected(list: &[(&str, &[(&str, &str)])]) -> Vec<(String, Vec<(String, String)>)> {
        list.iter()
            .map(|(scheme, parameters)| {
                (
                    (*scheme).to_owned(),
                    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn d3_the_rfcs_examples_are_read() {
        assert_eq!(
            read(r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#),
            expected(&[
                ("basic", &[("realm", "simple")]),
                ("newauth", &[("realm", "apps"), ("type", "1"), ("title", "Login to \"apps\"")])
            ])
        );
        assert_eq!(
            read(r#"Bearer, DPoP algs="ES256 PS256""#),
            expected(&[("bearer", &[]), ("dpop", &[("algs", "ES256 PS256")])])
        );
        assert_eq!(
            read(r#"Bearer error="invalid_token", error_description="Invalid token", DPoP algs="ES256 PS256""#),
            expected(&[
                ("bearer", &[("error", "invalid_token"), ("error_description", "Invalid token")]),
                ("dpop", &[("algs", "ES256 PS256")])
            ])
        );
        let twice =
            [("error", "invalid_request"), ("error_description", "Multiple methods used to include access token")];
        assert_eq!(
            read(
                r#"Bearer error="invalid_request", error_description="Multiple methods used to include access token", DPoP algs="ES256 PS256", error="invalid_request", error_description="Multiple methods used to include access token""#
            ),
            expected(&[("bearer", &twice), ("dpop", &[("algs", "ES256 PS256"), twice[0], twice[1]])])
        );
        // RFC 6750 section 3, RFC 9449 section 9, RFC 9470 section 3
        for (field, scheme, parameters) in [
            (
                r#"Bearer realm="example", error="invalid_token", error_description="The access token expired""#,
                "bearer",
                [("realm", "example"), ("error", "invalid_token"), ("error_description", "The access token expired")]
                    .as_slice(),
            ),
            (
                r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#,
                "dpop",
                &[("error", "use_dpop_nonce"), ("error_description", "Resource server requires nonce in DPoP proof")],
            ),
            (
                r#"Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5""#,
                "bearer",
                &[
                    ("error", "insufficient_user_authentication"),
                    ("error_description", "More recent authentication is required"),
                    ("max_age", "5"),
                ],
            ),
        ] {
            assert_eq!(read(field), expected(&[(scheme, parameters)]));
        }
    }

    #[test]
    fn d3_odd_but_legal_fields_are_read() {
        assert_eq!(
            read(", ,BEARER  ReAlM = \"a\" ,, ERROR=invalid_token,"),
            expected(&[("bearer", &[("realm", "a"), ("error", "invalid_token")])])
        );
        assert_eq!(
            read("Negotiate abc/+d==, Bearer"),
            expected(&[("negotiate", &[("", "abc/+d==")]), ("bearer", &[])])
        );
        assert_eq!(read(r#"Bearer realm="never closed"#), expected(&[("bearer", &[])]));
        assert_eq!(read(""), []);
    }

    #[test]
    fn d4_d5_d6_d8_only_a_refused_token_asks_for_a_refresh() {
        for field in [
            r#"Bearer error="invalid_token""#,
            "Bearer",
            r#"bearer realm="x""#,
            r#"DPoP error="invalid_token", Bearer"#,
            r#"Basic realm="x", Bearer realm="y""#,
            // An error of another scheme is not about the token.
            r#"Bearer error="invalid_token", Own error="insufficient_scope""#,
            r#"Own error="use_dpop_nonce", Bearer"#,
            // Of two schemes of a token, the one that refuses it decides.
            r#"DPoP error="use_dpop_nonce", Bearer error="invalid_token""#,
            r#"Bearer error="insufficient_scope", DPoP error="invalid_token""#,
            // No challenge can be read.
            "",
            "=",
            "\"Bearer\"",
        ] {
            assert!(rejects_token(field), "{field}");
        }
        for field in [
            r#"Bearer error="insufficient_scope", scope="a""#,
            r#"Bearer error="insufficient_user_authentication""#,
            r#"DPoP error="use_dpop_nonce""#,
            r#"DPoP error="use_dpop_nonce", Bearer"#,
            r#"Bearer error="insufficient_scope", DPoP algs="ES256""#,
            r#"Basic realm="x""#,
            r#"Own error="invalid_token""#,
            r#"Own error="invalid_token", Bearer error="insufficient_scope""#,
            r#"Bearer error="invalid_request""#,
        ] {
            assert!(!rejects_token(field), "{field}");
        }
    }
}

//! `WWW-Authenticate` (RFC 9110 section 11.6.1): several challenges in one field, `token68` or parameters, quoted
//! pairs, empty list members, any letter case. And what a resource server means by them: whether the access
//! token was refused (RFC 6750 section 3.1, RFC 9449 section 7.1, RFC 9470 section 3).

/// One challenge: the scheme and the names of its parameters in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// `bearer`, `dpop`, `basic` …
    pub scheme: String,
    /// Names in lower case, values as they are meant.
    pub parameters: Vec<(String, String)>,
    /// Credentials in one piece, for schemes that use it.
    pub token68: Option<String>,
}

impl Challenge {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of a field value, in order. What cannot be read ends the list; what came before it counts.
pub fn challenges(field: &str) -> Vec<Challenge> {
    let mut reader = Reader { rest: field };
    let mut found: Vec<Challenge> = Vec::new();
    loop {
        reader.separators();
        let Some(word) = reader.token() else {
            return found;
        };
        // `name = value` belongs to the challenge before it; a word alone begins a new one.
        if let (Some(value), Some(challenge)) = (reader.parameter_value(), found.last_mut()) {
            challenge.parameters.push((word.to_ascii_lowercase(), value));
            continue;
        }
        if reader.rest.trim_start_matches([' ', '\t']).starts_with('=') {
            return found;
        }
        let mut challenge = Challenge { scheme: word.to_ascii_lowercase(), ..Challenge::default() };
        challenge.token68 = reader.token68();
        found.push(challenge);
    }
}

/// Whether the challenges say that the access token which was sent is not good any more: `invalid_token`, or a bare
/// challenge of the token's own scheme. More scope or a stronger login (RFC 6750, RFC 9470) is nothing a refresh brings.
pub fn rejects_token(field: &str) -> bool {
    challenges(field)
        .iter()
        .filter(|challenge| matches!(challenge.scheme.as_str(), "bearer" | "dpop"))
        .any(|challenge| matches!(challenge.parameter("error"), None | Some("invalid_token")))
        && !challenges(field).iter().any(|challenge| {
            matches!(
                challenge.parameter("error"),
                Some("insufficient_scope" | "insufficient_user_authentication" | "use_dpop_nonce" | "invalid_request")
            )
        })
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn space(&mut self) {
        self.take_while(|character| matches!(character, ' ' | '\t'));
    }

    fn separators(&mut self) {
        self.take_while(|character| matches!(character, ' ' | '\t' | ','));
    }

    fn token(&mut self) -> Option<&'a str> {
        Some(self.take_while(is_token)).filter(|word| !word.is_empty())
    }

    /// `BWS "=" BWS ( token / quoted-string )`; nothing is taken if it is something else.
    fn parameter_value(&mut self) -> Option<String> {
        let before = self.rest;
        self.space();
        let value = self.equals_value();
        if value.is_none() {
            self.rest = before;
        }
        value
    }

    fn equals_value(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('=')?;
        self.space();
        let value = match self.rest.strip_prefix('"') {
            Some(inner) => self.quoted(inner)?,
            None => self.token()?.to_owned(),
        };
        self.space();
        (self.rest.is_empty() || self.rest.starts_with(',')).then_some(value)
    }

    fn quoted(&mut self, inner: &'a str) -> Option<String> {
        let mut value = String::new();
        let mut characters = inner.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                other => value.push(other),
            }
        }
        self.rest = characters.as_str();
        Some(value)
    }

    /// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, the whole list member after a scheme.
    fn token68(&mut self) -> Option<String> {
        let before = self.rest;
        self.space();
        let word = self.take_while(|character| character.is_ascii_alphanumeric() || "-._~+/".contains(character));
        let padding = self.take_while(|character| character == '=');
        self.space();
        if !word.is_empty() && (self.rest.is_empty() || self.rest.starts_with(',')) {
            return Some([word, padding].concat());
        }
        self.rest = before;
        None
    }
}

fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Vec<(String, Vec<(String, String)>)> {
        challenges(field).into_iter().map(|challenge| (challenge.scheme, challenge.parameters)).collect()
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
    }

    #[test]
    fn d3_odd_but_legal_fields_are_read() {
        assert_eq!(
            read(", ,BEARER  ReAlM = \"a\" ,, ERROR=invalid_token,"),
            expected(&[("bearer", &[("realm", "a"), ("error", "invalid_token")])])
        );
        let negotiate = challenges("Negotiate abc/+d==, Bearer");
        assert_eq!(
            negotiate.iter().map(|challenge| challenge.token68.as_deref()).collect::<Vec<_>>(),
            [Some("abc/+d=="), None]
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
        ] {
            assert!(rejects_token(field), "{field}");
        }
        for field in [
            r#"Bearer error="insufficient_scope", scope="a""#,
            r#"Bearer error="insufficient_user_authentication""#,
            r#"DPoP error="use_dpop_nonce""#,
            r#"Basic realm="x""#,
            "",
            r#"Bearer error="invalid_request""#,
        ] {
            assert!(!rejects_token(field), "{field}");
        }
    }
}

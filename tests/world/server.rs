//! An authorization server with every policy for refresh tokens that is in use, and a log of what it was asked.

use oauth_refresher::core::oauth::encoding::base64;

use crate::queue::Moment;

/// How refresh tokens live and die here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// One-time use. Reuse may end the whole family (RFC 9700 section 4.14.2).
    OneTime { revokes_family: bool },
    /// The refresh token stays the same; the reply may repeat it.
    Static { echoes: bool },
    /// A new one each time, and old ones stay valid.
    OldStayValid,
    /// The old one works until its successor is first used.
    UntilSuccessorUsed,
    /// The old one works for this long after its first use; then reuse ends the family.
    Grace { window: Moment, same_successor: bool },
}

/// A token: which login it descends from, and which one of that login's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    pub family: usize,
    pub serial: usize,
}

/// Why a family is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Administrator,
    Client,
    Reuse,
}

#[derive(Debug, Default)]
pub struct Family {
    pub ended: Option<End>,
    refresh: Vec<Refresh>,
    access: Vec<Moment>,
}

#[derive(Debug, Default, Clone)]
struct Refresh {
    first_used: Option<Moment>,
    parent: Option<usize>,
    child: Option<usize>,
    closed: bool,
}

/// What an exchange brought.
#[derive(Clone, Copy, Debug)]
pub struct Issued {
    pub access: Token,
    /// `None`: the reply names no refresh token.
    pub refresh: Option<Token>,
}

/// `invalid_grant`, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub End);

#[derive(Debug)]
pub struct Server {
    pub rotation: Rotation,
    /// How long access tokens really live.
    pub lifetime: Moment,
    /// Whether the reply says so.
    pub says_lifetime: bool,
    pub families: Vec<Family>,
}

impl Server {
    pub fn new(rotation: Rotation, lifetime: Moment, says_lifetime: bool) -> Self {
        Self { rotation, lifetime, says_lifetime, families: Vec::new() }
    }

    /// A login: a new family with its first tokens.
    pub fn login(&mut self, now: Moment) -> Issued {
        let family = self.families.len();
        self.families.push(Family::default());
        let refresh = self.new_refresh(family, None);
        Issued { access: self.new_access(family, now), refresh: Some(refresh) }
    }

    pub fn exchange(&mut self, now: Moment, token: Token) -> Result<Issued, Refused> {
        if let Some(end) = self.families[token.family].ended {
            return Err(Refused(end));
        }
        let known = self.families[token.family].refresh[token.serial].clone();
        match self.rotation {
            Rotation::Static { echoes } => {
                self.use_up(token, now);
                Ok(Issued { access: self.new_access(token.family, now), refresh: echoes.then_some(token) })
            }
            Rotation::OldStayValid => Ok(self.rotate(token, now)),
            Rotation::OneTime { revokes_family } => match known.first_used {
                None => Ok(self.rotate(token, now)),
                Some(_) => self.reused(token, revokes_family),
            },
            Rotation::UntilSuccessorUsed if known.closed => self.reused(token, true),
            Rotation::UntilSuccessorUsed => Ok(self.rotate(token, now)),
            Rotation::Grace { window, same_successor } => match (known.first_used, known.child) {
                (Some(first), _) if now > first + window => self.reused(token, true),
                (Some(_), Some(child)) if same_successor => {
                    let refresh = Token { serial: child, ..token };
                    Ok(Issued { access: self.new_access(token.family, now), refresh: Some(refresh) })
                }
                (_, _) => Ok(self.rotate(token, now)),
            },
        }
    }

    pub fn end(&mut self, family: usize, end: End) {
        self.families[family].ended.get_or_insert(end);
    }

    /// Whether a resource server takes it.
    pub fn accepts(&self, access: Token, now: Moment) -> bool {
        let family = &self.families[access.family];
        family.ended.is_none() && family.access.get(access.serial).is_some_and(|end| now < *end)
    }

    /// Whether the token endpoint would take it.
    pub fn would_take(&self, token: Token, now: Moment) -> bool {
        let family = &self.families[token.family];
        let known = &family.refresh[token.serial];
        family.ended.is_none()
            && match self.rotation {
                Rotation::Static { .. } | Rotation::OldStayValid => true,
                Rotation::OneTime { .. } => known.first_used.is_none(),
                Rotation::UntilSuccessorUsed => !known.closed,
                Rotation::Grace { window, .. } => known.first_used.is_none_or(|first| now <= first + window),
            }
    }

    pub fn has_run_out(&self, access: Token, now: Moment) -> bool {
        self.families[access.family].access[access.serial] <= now
    }

    /// When the server first took it.
    pub fn first_used(&self, token: Token) -> Option<Moment> {
        self.families[token.family].refresh[token.serial].first_used
    }

    /// The token endpoint's reply.
    pub fn reply(&self, issued: Issued) -> String {
        let mut body = format!(r#"{{"access_token":"{}","token_type":"Bearer""#, name("at", issued.access));
        if self.says_lifetime {
            body.push_str(&format!(r#","expires_in":{}"#, self.lifetime as f64 / 1000.0));
        }
        if let Some(refresh) = issued.refresh {
            body.push_str(&format!(r#","refresh_token":"{}""#, name("rt", refresh)));
        }
        body.push_str(&format!(r#","id_token":"{}"}}"#, id_token(issued.access.family)));
        body
    }

    /// The server takes one login for another: the reply to this one brings the tokens of that one, and this one is over.
    pub fn mix_up(&mut self, now: Moment, token: Token) -> Issued {
        self.end(token.family, End::Administrator);
        self.login(now)
    }

    fn rotate(&mut self, token: Token, now: Moment) -> Issued {
        self.use_up(token, now);
        let refresh = self.new_refresh(token.family, Some(token.serial));
        Issued { access: self.new_access(token.family, now), refresh: Some(refresh) }
    }

    fn use_up(&mut self, token: Token, now: Moment) {
        let family = &mut self.families[token.family].refresh;
        family[token.serial].first_used.get_or_insert(now);
        if let Some(parent) = family[token.serial].parent {
            family[parent].closed = true;
        }
    }

    fn reused(&mut self, token: Token, revokes_family: bool) -> Result<Issued, Refused> {
        if revokes_family {
            self.end(token.family, End::Reuse);
        }
        Err(Refused(End::Reuse))
    }

    fn new_refresh(&mut self, family: usize, parent: Option<usize>) -> Token {
        let refresh = &mut self.families[family].refresh;
        let serial = refresh.len();
        refresh.push(Refresh { parent, ..Refresh::default() });
        if let Some(parent) = parent {
            refresh[parent].child = Some(serial);
        }
        Token { family, serial }
    }

    fn new_access(&mut self, family: usize, now: Moment) -> Token {
        let access = &mut self.families[family].access;
        access.push(now + self.lifetime);
        Token { family, serial: access.len() - 1 }
    }
}

/// Who logged in, as a JWT.
pub fn id_token(family: usize) -> String {
    let claims =
        format!(r#"{{"iss":"https://as.example","sub":"{family}","aud":"world","iat":1700000000,"exp":99999999999}}"#);
    format!("e30.{}.", base64(claims.as_bytes()).replace('=', ""))
}

/// `at-2-5`: the sixth access token of the third login.
pub fn name(kind: &str, token: Token) -> String {
    format!("{kind}-{}-{}", token.family, token.serial)
}

/// The other way round.
pub fn token(name: &str) -> Option<Token> {
    let (family, serial) = name.get(3..)?.split_once('-')?;
    Some(Token { family: family.parse().ok()?, serial: serial.parse().ok()? })
}

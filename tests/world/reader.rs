//! A trace as it was written, word by word.

use std::str::FromStr;

use crate::script::{Ask, History, LockFate, OperationFate, RequestFate, Step, What};
use crate::server::Rotation;
use crate::setup::{Latency, LockReach, Reuse, Setup, Start, StorageKind};

/// The history that the text is; `None` if it is none.
pub fn read(text: &str) -> Option<History> {
    let mut history = History { seed: 0, setup: Setup::calm(1), script: Vec::new() };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.split_once(": ")?;
        let mut words = Words::of(value);
        let setup = &mut history.setup;
        match name {
            "seed" => history.seed = words.number()?,
            "devices" => setup.devices = words.numbers()?,
            "skew" => setup.skew = words.number()?,
            "lock" => setup.lock = words.lock_reach()?,
            "storage" => setup.storage = words.storage()?,
            "latency" => setup.latency = words.latency()?,
            "rotation" => setup.rotation = words.rotation()?,
            "lifetime" => setup.lifetime = words.number()?,
            "says_lifetime" => setup.says_lifetime = words.number()?,
            "start" => setup.start = words.start()?,
            "reuse" => setup.reuse = words.reuse()?,
            "timeout" => setup.timeout = words.number()?,
            "retries" => setup.retries = words.number()?,
            "keep_alive" => setup.keep_alive = words.optional()?,
            "refresh_ahead" => setup.refresh_ahead = words.number()?,
            "fast_path" => setup.fast_path = words.number()?,
            "lazy" => setup.lazy = words.number()?,
            "patient" => setup.patient = words.number()?,
            _ => history.script.push(Step { at: name.strip_prefix("at ")?.parse().ok()?, what: words.what()? }),
        }
        words.end()?;
    }
    Some(history)
}

/// What `Debug` wrote, word by word.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        Self(text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).rev().collect())
    }

    fn word(&mut self) -> Option<&'a str> {
        self.0.pop()
    }

    /// A number, or `true` or `false`.
    fn number<T: FromStr>(&mut self) -> Option<T> {
        self.word()?.parse().ok()
    }

    fn numbers<T: FromStr>(&mut self) -> Option<Vec<T>> {
        std::mem::take(&mut self.0).into_iter().rev().map(|word| word.parse().ok()).collect()
    }

    fn optional<T: FromStr>(&mut self) -> Option<Option<T>> {
        match self.word()? {
            "None" => Some(None),
            _ => self.number().map(Some),
        }
    }

    /// The value of a field with that name.
    fn field<T: FromStr>(&mut self, name: &str) -> Option<T> {
        (self.word()? == name).then(|| self.number())?
    }

    fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn lock_reach(&mut self) -> Option<LockReach> {
        match self.word()? {
            "AllContexts" => Some(LockReach::AllContexts),
            "ThisRealm" => Some(LockReach::ThisRealm),
            "Lease" => Some(LockReach::Lease(self.number()?)),
            _ => None,
        }
    }

    fn storage(&mut self) -> Option<StorageKind> {
        self.word()?;
        let (conditional, stale) = (self.field("conditional")?, self.field("stale")?);
        Some(StorageKind { conditional, stale, as_text: self.field("as_text")? })
    }

    fn latency(&mut self) -> Option<Latency> {
        self.word()?;
        let (storage, network) = (self.field("storage")?, self.field("network")?);
        Some(Latency { storage, network, hint: self.field("hint")?, lost_hints: self.field("lost_hints")? })
    }

    fn rotation(&mut self) -> Option<Rotation> {
        Some(match self.word()? {
            "OneTime" => Rotation::OneTime { revokes_family: self.field("revokes_family")? },
            "Static" => Rotation::Static { echoes: self.field("echoes")? },
            "OldStayValid" => Rotation::OldStayValid,
            "UntilSuccessorUsed" => Rotation::UntilSuccessorUsed,
            "Grace" => {
                let window = self.field("window")?;
                Rotation::Grace { window, same_successor: self.field("same_successor")? }
            }
            _ => return None,
        })
    }

    fn start(&mut self) -> Option<Start> {
        Some(match self.word()? {
            "Empty" => Start::Empty,
            "Stored" => Start::Stored(self.number()?),
            "Options" => Start::Options,
            _ => return None,
        })
    }

    fn reuse(&mut self) -> Option<Reuse> {
        Some(match self.word()? {
            "Never" => Reuse::Never,
            "Always" => Reuse::Always,
            "UntilSuccessorUsed" => Reuse::UntilSuccessorUsed,
            "Grace" => Reuse::Grace(self.number()?),
            _ => return None,
        })
    }

    fn what(&mut self) -> Option<What> {
        Some(match self.word()? {
            "Demand" => What::Demand(self.number()?, self.ask()?, self.number()?),
            "Everyone" => What::Everyone(self.ask()?, self.number()?),
            "Withdraw" => What::Withdraw(self.number()?),
            "PageGoes" => What::PageGoes(self.number()?),
            "SignOut" => What::SignOut(self.number()?, self.number()?),
            "Login" => What::Login(self.number()?),
            "Crash" => What::Crash(self.number()?, self.number()?, self.number()?),
            "Sleep" => What::Sleep(self.number()?, self.number()?),
            "Watch" => What::Watch(self.number()?, self.number()?),
            "Resume" => What::Resume(self.number()?),
            "Hint" => What::Hint(self.number()?),
            "Clock" => What::Clock(self.number()?, self.number()?),
            "AdministratorRevokes" => What::AdministratorRevokes,
            "Requests" => What::Requests(self.number()?, self.request_fate()?),
            "Operations" => What::Operations(self.number()?, self.operation_fate()?),
            "Locks" => What::Locks(self.number()?, self.lock_fate()?),
            "StealLock" => What::StealLock,
            "Nothing" => What::Nothing,
            _ => return None,
        })
    }

    fn ask(&mut self) -> Option<Ask> {
        Some(match self.word()? {
            "Plain" => Ask::Plain,
            "Valid" => Ask::Valid(self.number()?),
            "Rejected" => Ask::Rejected,
            "RejectedLong" => Ask::RejectedLong,
            "Force" => Ask::Force,
            _ => return None,
        })
    }

    fn request_fate(&mut self) -> Option<RequestFate> {
        Some(match self.word()? {
            "Unsent" => RequestFate::Unsent,
            "LostBefore" => RequestFate::LostBefore,
            "LostAfter" => RequestFate::LostAfter,
            "SilentBefore" => RequestFate::SilentBefore,
            "SilentAfter" => RequestFate::SilentAfter,
            "LateReply" => RequestFate::LateReply(self.number()?),
            "LateRequest" => RequestFate::LateRequest(self.number()?),
            "ErrorBefore" => RequestFate::ErrorBefore(self.number()?),
            "ErrorAfter" => RequestFate::ErrorAfter(self.number()?),
            "Busy" => RequestFate::Busy(self.number()?, self.number()?),
            "Html" => RequestFate::Html,
            "Truncated" => RequestFate::Truncated,
            "InvalidClient" => RequestFate::InvalidClient,
            "InvalidTarget" => RequestFate::InvalidTarget,
            "WantsNonce" => RequestFate::WantsNonce,
            "UnknownType" => RequestFate::UnknownType,
            "SomebodyElse" => RequestFate::SomebodyElse,
            _ => return None,
        })
    }

    fn operation_fate(&mut self) -> Option<OperationFate> {
        Some(match self.word()? {
            "Fails" => OperationFate::Fails,
            "LandsAndFails" => OperationFate::LandsAndFails,
            "Hangs" => OperationFate::Hangs(self.number()?),
            _ => return None,
        })
    }

    fn lock_fate(&mut self) -> Option<LockFate> {
        Some(match self.word()? {
            "Fails" => LockFate::Fails,
            "NeverGranted" => LockFate::NeverGranted,
            _ => return None,
        })
    }
}

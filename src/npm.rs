//! The door to JavaScript: events in, effects out, and questions with answers, all as words and JSON text.
//! `pkg-template/lib/door.d.ts` declares the same words for the driver. An unknown word is answered with no text, which is no
//! JSON: the driver treats it as a trap.
//! Nothing here waits and nothing is borrowed between two calls, so a trap is an exception in the driver and never a
//! pending promise. Two methods, because each one that takes a text of its own costs every page 150 bytes of brotli;
//! text, because serde-wasm-bindgen alone would double the module (27 kB brotli).

use alloc::borrow::ToOwned;
use alloc::string::String;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::core::json::{
    decimal_thousandths, push_comma, push_name, push_number, push_seconds, push_string, push_text, whole, Json,
};
use crate::core::machine::{
    Demand, Effect, Event, Failure, Input, Late, Machine, Operation, Reach, Revoke, Sent, Source,
};
use crate::core::oauth::challenge::rejects_token;
use crate::core::oauth::request::{BadValue, HttpRequest, Values};
use crate::core::oauth::response::{RefreshTokenState, Reply};
use crate::core::oauth::retry::{proves_unsent, RefusedPart, RevocationRetry};
use crate::core::record::Stored;
use crate::core::secret::Secret;
use crate::core::time::{Duration, UnixTime};

#[cfg(not(feature = "web"))]
#[global_allocator]
static ALLOCATOR: crate::allocator::Blocks = crate::allocator::Blocks::new();

/// A panic is a trap, and the driver sees an exception. The standard library's hook would only format a message that
/// is never shown (2.7 kB brotli).
// The test harness links the standard library, and with it another one.
#[cfg(not(any(debug_assertions, feature = "web")))]
#[panic_handler]
fn panicked(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}

/// One session's machine, for one refresher.
#[wasm_bindgen]
pub struct Core {
    machine: Machine,
}

#[wasm_bindgen]
impl Core {
    /// `options` in JSON; two random numbers of 32 bits.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, high: u32, low: u32) -> Core {
        let seed = u64::from(high) << 32 | u64::from(low);
        Core { machine: Machine::new(Json::parse(options).unwrap_or_default(), seed) }
    }

    /// An event: its word, the number of the effect or caller that it is about, and its details. Answers effects.
    pub fn tell(&mut self, now: f64, event: &str, id: u32, details: &str) -> String {
        let now = UnixTime::from_millis_f64(now);
        let input = match event {
            "demanded" => Input::Demanded(id, self.demand(object(details), now)),
            "adopted" => Input::Adopted(id, self.machine.login(object(details))),
            "signedOut" => Input::SignedOut(id, if details.is_empty() { Revoke::No } else { Revoke::Yes }),
            "withdrawn" => Input::Withdrawn(id),
            "loaded" => Input::Loaded(id, Stored::from_json(details)),
            "loadFailed" => Input::LoadFailed(id),
            "saved" => Input::Saved(id),
            "saveRefused" => Input::SaveRefused(id),
            "saveFailed" => Input::SaveFailed(id),
            "locked" => Input::Locked(id, Reach::AllContexts),
            "lockedHere" => Input::Locked(id, Reach::ThisRealm),
            "lockFailed" => Input::LockFailed(id),
            "replied" => Input::Replied(id, reply(object(details))),
            "recovered" => Input::Recovered(late(object(details))),
            "unreachable" => Input::Unreachable(id, sent(object(details))),
            "peerChanged" => Input::PeerChanged,
            "loadRequested" => Input::LoadRequested,
            "resumed" => Input::Resumed,
            "clockSetBack" => Input::ClockSetBack,
            "watching" => Input::Watching(id != 0),
            "woke" => Input::Woke,
            _ => return String::new(),
        };
        self.step(now, input)
    }

    /// A question that changes nothing. `request` and `revocation`: the request to send, from values resolved for this
    /// attempt. `sending`: whether the effect of that number still stands. `heard`: what a reply allows to be done anew. `spendable`:
    /// whether a refresh token may be sent with these capabilities. `rejects`: whether this `WWW-Authenticate` field refuses the
    /// access token that was sent.
    pub fn ask(&self, question: &str, details: &str) -> String {
        match question {
            "request" => built(self.machine.request(&Values::from_json(object(details)))),
            "revocation" => {
                let details = object(details);
                built(self.machine.revocation_request(&Values::from_json(details), &details.text("refresh_token")))
            }
            "sending" => answer(self.machine.is_sending(whole(details).unwrap_or_default() as u32)),
            "heard" => self.heard(object(details)),
            "spendable" => {
                let is = |name| object(details).member(name).is_some_and(|it| it.raw() == "true");
                answer(self.machine.may_spend(is("crossContextLock"), is("conditionalSave")))
            }
            "rejects" => answer(rejects_token(details)),
            _ => String::new(),
        }
    }

    /// What a caller of `getTokens` wants; times in seconds.
    fn demand(&self, details: Json<'_>, now: UnixTime) -> Demand {
        let span = |name| {
            details.member(name).and_then(|seconds| decimal_thousandths(seconds.raw())).map(Duration::from_millis)
        };
        Demand {
            min_validity: span("min_validity"),
            rejected: details.member("rejected").and_then(Json::string).map(Secret::new),
            force: details.member("force").is_some(),
            deadline: now + span("timeout").unwrap_or(self.machine.patience()),
        }
    }

    /// The error code of a reply, the part of its request that the server refused, and for a revocation how it is tried once more.
    fn heard(&self, details: Json<'_>) -> String {
        let reply = reply(details);
        let now = details.member("now").and_then(|millis| whole(millis.raw())).unwrap_or_default();
        let now = UnixTime::from_millis(now);
        let (error, part) = self.machine.refusal(&reply, now);
        let mut out = String::from("{");
        if let Some(can_prove) = details.member("can_prove") {
            match self.machine.revocation_retry(&reply, part, can_prove.raw() == "true", now) {
                Some(RevocationRetry::WithProof) => push_text(&mut out, "again", "proof"),
                Some(RevocationRetry::WithClientAskedAgain) => push_text(&mut out, "again", "client"),
                Some(RevocationRetry::After(pause)) => {
                    push_name(&mut out, "again");
                    push_number(&mut out, pause.as_millis());
                }
                None => {}
            }
        }
        if let Some(error) = error {
            push_text(&mut out, "error", &error);
        }
        if let Some(part) = part {
            push_text(&mut out, "refused", part_name(part));
        }
        out.push('}');
        out
    }

    fn step(&mut self, now: UnixTime, input: Input) -> String {
        let effects = self.machine.step(now, input);
        let mut out = String::from("[");
        let mut refusal = None;
        for effect in &effects {
            push_comma(&mut out);
            if let Effect::Refuse(id, failure) = effect {
                if refusal.replace(failure) == Some(failure) {
                    push_numbered(&mut out, "refuse", *id);
                    continue;
                }
            }
            push_effect(&mut out, effect, self.machine.lease());
        }
        push_comma(&mut out);
        open(&mut out, "rest");
        push_word(&mut out, self.machine.state().as_str());
        push_word(&mut out, self.machine.phase());
        if let Some(at) = self.machine.deadline() {
            push_count(&mut out, at.as_millis());
        }
        out.push_str("]]");
        out
    }
}

fn answer(yes: bool) -> String {
    String::from(if yes { "true" } else { "false" })
}

fn object(details: &str) -> Json<'_> {
    Json::parse(details).unwrap_or_default()
}

/// No body: it did not arrive whole, or was too long.
fn reply(details: Json<'_>) -> Reply {
    Reply {
        status: details.member("status").and_then(|status| whole(status.raw())).unwrap_or_default() as u16,
        body: details.member("body").and_then(Json::string).map(Secret::new),
        retry_after: details.member("retry_after").and_then(Json::string),
        date: details.member("date").and_then(|millis| whole(millis.raw())).map(UnixTime::from_millis),
    }
}

/// How far a request without a reply got: as the driver says, or as the platform's errors prove (the error, its cause and the causes
/// of that).
fn sent(details: Json<'_>) -> Sent {
    match details.literal("how") {
        "unsent" => Sent::Provably,
        "timedOut" => Sent::TimedOut,
        "unbuildable" => Sent::Unbuildable,
        _ => {
            let proves = |error: Json<'_>| {
                proves_unsent(error.literal("code"), error.literal("syscall"), error.literal("message"))
            };
            let proven = details.member("errors").is_some_and(|errors| errors.items().any(proves));
            if proven {
                Sent::Provably
            } else {
                Sent::Perhaps
            }
        }
    }
}

/// The reply to a request of a discarded core.
fn late(details: Json<'_>) -> Late {
    let sent_at = details.member("sent_at").and_then(|millis| whole(millis.raw())).unwrap_or_default();
    Late { attempt: details.text("attempt"), sent_at: UnixTime::from_millis(sent_at), reply: reply(details) }
}

fn built(request: Result<HttpRequest, BadValue>) -> String {
    match request {
        Ok(request) => request.to_json(),
        Err(bad) => {
            let mut out = String::from("{");
            push_text(&mut out, "name", &bad.name);
            push_text(&mut out, "wanted", bad.wanted);
            out.push('}');
            out
        }
    }
}

fn push_effect(out: &mut String, effect: &Effect, lease: Duration) {
    match effect {
        Effect::Load(id) => push_numbered(out, "load", *id),
        Effect::Lock(id) => {
            push_numbered(out, "lock", *id);
            reopen(out);
            push_seconds(out, lease.as_millis());
            out.push(']');
        }
        Effect::Unlock(id) => push_numbered(out, "unlock", *id),
        Effect::Send(id) => push_numbered(out, "send", *id),
        Effect::Grant(id) => push_numbered(out, "grant", *id),
        Effect::Done(id) => push_numbered(out, "done", *id),
        Effect::Save(id, record, expected) => {
            push_numbered(out, "save", *id);
            reopen(out);
            out.push_str(&record.as_ref().map_or("null".to_owned(), |record| record.to_json()));
            push_comma(out);
            match expected {
                Some(generation) => push_number(out, *generation),
                None => out.push_str("null"),
            }
            out.push(']');
        }
        Effect::Hold(holding) => {
            open(out, "hold");
            if let Some(holding) = holding {
                push_comma(out);
                out.push_str(holding.tokens.reveal());
                push_count(out, holding.generation);
                push_count(out, holding.fresh_from.as_millis());
                if let Some(until) = holding.fresh_until {
                    push_count(out, until.as_millis());
                }
            }
            out.push(']');
        }
        Effect::Refuse(id, failure) => {
            push_numbered(out, "refuse", *id);
            reopen(out);
            push_failure(out, failure);
            out.push(']');
        }
        Effect::Revoke(token) => {
            open(out, "revoke");
            push_word(out, token.reveal());
            out.push(']');
        }
        Effect::Notify(event) => push_event(out, event),
    }
}

fn push_event(out: &mut String, event: &Event) {
    open(out, "notify");
    match event {
        Event::TokenChanged(source, generation) => {
            push_word(out, "token-changed");
            push_word(out, source_name(*source));
            push_count(out, *generation);
        }
        Event::RefreshFailed(failure, retry_at) => {
            push_word(out, "refresh-failed");
            push_comma(out);
            push_failure(out, failure);
            if let Some(at) = retry_at {
                push_comma(out);
                push_seconds(out, at.as_millis());
            }
        }
        Event::SessionEnded(failure) => {
            push_word(out, "session-ended");
            push_comma(out);
            push_failure(out, failure);
        }
        Event::StorageFailed(operation) => {
            push_word(out, "storage-failed");
            push_word(out, operation_name(*operation));
        }
    }
    out.push(']');
}

/// The members of `RefreshError`, by their names; `retry_at` in seconds.
fn push_failure(out: &mut String, failure: &Failure) {
    out.push('{');
    push_text(out, "code", failure.code.as_str());
    push_text(out, "refreshTokenState", state_name(failure.refresh_token));
    if let Some(server) = &failure.server {
        for (name, text) in &[("error", &server.error), ("error_description", &server.error_description)] {
            if let Some(text) = text {
                push_text(out, name, text);
            }
        }
        push_name(out, "status");
        push_number(out, u64::from(server.status));
    }
    if let Some(at) = failure.retry_at {
        push_name(out, "retry_at");
        push_seconds(out, at.as_millis());
    }
    push_name(out, "retryable");
    out.push_str(if failure.retryable() { "true" } else { "false" });
    out.push('}');
}

fn open(out: &mut String, word: &str) {
    out.push('[');
    push_string(out, word);
}

fn push_numbered(out: &mut String, word: &str, id: u32) {
    open(out, word);
    push_count(out, u64::from(id));
    out.push(']');
}

/// Goes on with the array that was just closed.
fn reopen(out: &mut String) {
    out.pop();
    out.push(',');
}

fn push_word(out: &mut String, word: &str) {
    push_comma(out);
    push_string(out, word);
}

fn push_count(out: &mut String, number: u64) {
    push_comma(out);
    push_number(out, number);
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Refresh => "refresh",
        Source::Login => "login",
        Source::Peer => "peer",
        Source::SignOut => "sign-out",
        Source::SessionEnded => "session-ended",
    }
}

fn part_name(part: RefusedPart) -> &'static str {
    match part {
        RefusedPart::Client => "client",
        RefusedPart::Proof => "proof",
        RefusedPart::Nonce => "nonce",
    }
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Load => "load",
        Operation::Save => "save",
        Operation::Lock => "lock",
    }
}

fn state_name(state: RefreshTokenState) -> &'static str {
    match state {
        RefreshTokenState::Unspent => "unspent",
        RefreshTokenState::Spent => "spent",
        RefreshTokenState::Unknown => "unknown",
    }
}

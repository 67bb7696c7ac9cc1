//! The door to JavaScript: events in, effects out, and questions with answers, all as words and JSON text.
//! `pkg-template/lib/door.d.ts` declares the same words for the driver. An unknown word is answered with no text, which is no
//! JSON: the driver treats it as a trap.
//! Nothing here waits and nothing is borrowed between two calls, so a trap is an exception in the driver and never a
//! pending promise. One method, because each one that takes a text of its own costs every page 150 bytes of brotli;
//! text, because serde-wasm-bindgen alone would double the module (27 kB brotli).

mod details;

use alloc::borrow::ToOwned;
use alloc::string::String;

use wasm_bindgen::prelude::wasm_bindgen;

use self::details::{late, millis, object, reply, sent, text, value};
use crate::core::json::{push_comma, push_name, push_number, push_seconds, push_string, push_text, whole, Value};
use crate::core::machine::{
    Demand, Effect, Effects, Event, Failure, Input, Machine, Operation, Order, Reach, Revoke, Source,
};
use crate::core::oauth::challenge::rejects_token;
use crate::core::oauth::request::{BadValue, HttpRequest, Values};
use crate::core::oauth::response::RefreshTokenState;
use crate::core::oauth::retry::{RefusedPart, RevocationRetry};
use crate::core::provider::seconds;
use crate::core::record::{Record, Stored};
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
    machine: Machine<EffectTexts>,
}

/// Effects as the JSON text that crosses: a list of them in between would cost every page 0.4 kB brotli.
#[derive(Default)]
struct EffectTexts {
    text: String,
    /// The failure of the last refusal: ten thousand callers get the same one, which crosses once.
    refused: Option<Failure>,
}

#[wasm_bindgen]
impl Core {
    /// `options` in JSON; two random numbers of 32 bits.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, high: u32, low: u32) -> Core {
        let seed = u64::from(high) << 32 | u64::from(low);
        Core { machine: Machine::with(object(options), seed, EffectTexts::default()) }
    }

    /// An event: its word, the number of the effect or caller that it is about, and its details. Answers effects. A question is told in
    /// the same way, and changes nothing; its time and its number count for nothing.
    pub fn tell(&mut self, now: f64, event: &str, id: u32, details: &str) -> String {
        let now = UnixTime::from_millis_f64(now);
        let input = match event {
            "demanded" => Input::Demanded(id, self.demand(&value(details), now)),
            "adopted" => Input::Adopted(id, self.machine.login(object(details))),
            "signedOut" => Input::SignedOut(id, if details.is_empty() { Revoke::No } else { Revoke::Yes }),
            "withdrawn" => Input::Withdrawn(id),
            "loaded" => Input::Loaded(id, Stored::from_json(details)),
            "loadFailed" => Input::LoadFailed(id),
            "saved" => Input::Saved(id),
            "saveRefused" => Input::SaveRefused(id),
            "saveFailed" => Input::SaveFailed(id),
            "locked" => Input::Locked(id, Reach::passed_on(details)),
            "lockedHere" => Input::Locked(id, Reach::ThisRealm),
            "lockFailed" => Input::LockFailed(id),
            "lockLost" => Input::LockLost(id),
            "replied" => Input::Replied(id, reply(&value(details))),
            "recovered" => Input::Recovered(late(&value(details))),
            "unreachable" => Input::Unreachable(id, sent(&value(details))),
            "peerChanged" => Input::PeerChanged,
            "loadRequested" => Input::LoadRequested,
            "resumed" => Input::Resumed,
            "clockSetBack" => Input::ClockSetBack,
            "watching" => Input::Watching(id != 0),
            "woke" => Input::Woke,
            _ => return self.ask(event, details),
        };
        self.step(now, input)
    }
}

impl Core {
    /// A question that changes nothing. `request` and `revocation`: the request to send, from values resolved for this
    /// attempt. `sending`: whether the effect of that number still stands. `heard`: what a reply allows to be done anew. `spendable`:
    /// whether a refresh token may be sent with these capabilities. `rejects`: whether this `WWW-Authenticate` field refuses the
    /// access token that was sent.
    // Out of line: a frame of its own is smaller, and so are the addresses in it (50 bytes brotli).
    #[inline(never)]
    pub fn ask(&self, question: &str, details: &str) -> String {
        match question {
            "request" => built(self.machine.request(&Values::from_json(object(details)))),
            "revocation" => {
                let values = Values::from_json(object(details));
                built(self.machine.revocation_request(&values, values.refresh_token()))
            }
            "sending" => answer(self.machine.is_sending(whole(details).unwrap_or_default() as u32)),
            "heard" => self.heard(&value(details)),
            "spendable" => {
                let details = value(details);
                let is = |name| details.member(name).is_true();
                answer(self.machine.may_spend(is("crossContextLock"), is("conditionalSave")))
            }
            "rejects" => answer(rejects_token(details)),
            _ => String::new(),
        }
    }

    /// What a caller of `getTokens` wants; times in seconds.
    fn demand(&self, details: &Value, now: UnixTime) -> Demand {
        let rejected = details.member("rejected");
        Demand {
            min_validity: seconds(details, "min_validity"),
            // `true` is the access token of the last `hold`: of ten thousand callers that name it none tells its text.
            rejected: if rejected.is_true() { self.machine.access_token() } else { text(rejected).map(Secret::new) },
            force: details.member("force").is_true(),
            deadline: now + seconds(details, "timeout").unwrap_or(self.machine.patience())
                - seconds(details, "waited").unwrap_or_default(),
        }
    }

    /// The error code of a reply, the part of its request that the server refused, and for a revocation how it is tried once more.
    fn heard(&self, details: &Value) -> String {
        let reply = reply(details);
        let now = millis(details.member("now")).unwrap_or_default();
        let (error, part) = self.machine.refusal(&reply, now);
        let mut out = String::from("{");
        let can_prove = details.member("can_prove");
        if !can_prove.is_absent() {
            match self.machine.revocation_retry(&reply, part, can_prove.is_true(), now) {
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
        let mut out = self.machine.step(now, input);
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

impl Effects for EffectTexts {
    type Step = String;

    // Out of line: it is called at forty places.
    #[inline(never)]
    fn push(&mut self, effect: Effect) {
        push_effect(self.next(), &effect);
    }

    fn lock(&mut self, id: u32, lease: Duration) {
        let out = self.next();
        push_numbered(out, "lock", id);
        reopen(out);
        push_seconds(out, lease.as_millis());
        out.push(']');
    }

    // Out of line: it is called at a dozen places.
    #[inline(never)]
    fn order(&mut self, order: Order, id: u32) {
        let word = match order {
            Order::Load => "load",
            Order::Unlock => "unlock",
            Order::Send => "send",
            Order::Grant => "grant",
            Order::Done => "done",
        };
        push_numbered(self.next(), word, id);
    }

    fn save(&mut self, id: u32, record: Option<&Record>, expected: u64) {
        let out = self.next();
        push_numbered(out, "save", id);
        reopen(out);
        out.push_str(&record.map_or("null".to_owned(), Record::to_json));
        push_comma(out);
        match expected {
            0 => out.push_str("null"),
            generation => push_number(out, generation),
        }
        out.push(']');
    }

    fn refuse(&mut self, id: u32, failure: &Failure) {
        let is_again = self.refused.as_ref() == Some(failure);
        if !is_again {
            self.refused = Some(failure.clone());
        }
        let out = self.next();
        push_numbered(out, "refuse", id);
        if !is_again {
            reopen(out);
            push_failure(out, failure);
            out.push(']');
        }
    }

    fn take(&mut self) -> String {
        self.refused = None;
        if self.text.is_empty() {
            return String::from("[");
        }
        ::core::mem::take(&mut self.text)
    }
}

impl EffectTexts {
    fn next(&mut self) -> &mut String {
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
        &mut self.text
    }
}

fn answer(yes: bool) -> String {
    String::from(if yes { "true" } else { "false" })
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

fn push_effect(out: &mut String, effect: &Effect) {
    match effect {
        // Come by methods of their own.
        Effect::Load(_)
        | Effect::Save(..)
        | Effect::Lock(_)
        | Effect::Unlock(_)
        | Effect::Send(_)
        | Effect::Grant(_)
        | Effect::Refuse(..)
        | Effect::Done(_) => {}
        Effect::Hold(holding) => {
            open(out, "hold");
            if let Some(holding) = holding {
                push_comma(out);
                out.push_str(holding.tokens.reveal());
                push_count(out, holding.generation);
                push_word(out, &holding.session);
                push_count(out, holding.fresh_from.as_millis());
                if let Some(until) = holding.fresh_until {
                    push_count(out, until.as_millis());
                }
            }
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

//! The sequence of a refresh in docs/architecture.md is a trace of `Machine::step` in virtual time. After a change of the machine:
//! `WRITE=1 cargo test --test refresh_sequence`.

use std::collections::VecDeque;
use std::path::Path;
use std::{env, fs};

use oauth_refresher::core::json::Json;
use oauth_refresher::core::machine::{Demand, Effect, Event, Input, Machine, Reach};
use oauth_refresher::core::oauth::response::Reply;
use oauth_refresher::core::record::{Record, Stored};
use oauth_refresher::core::secret::Secret;
use oauth_refresher::core::time::{Duration, UnixTime};

const PAGE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- refresh sequence: begin -->";
const END: &str = "<!-- refresh sequence: end -->";
const START: UnixTime = UnixTime::from_millis(1_700_000_000_000);

#[test]
fn the_documented_sequence_of_a_refresh_is_the_one_that_the_machine_takes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = fs::read_to_string(&page).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the page has the block");
    let (documented, after) = rest.split_once(END).expect("the block ends");
    let sequence = format!("\n```text\n{}```\n", sequence());
    if env::var_os("WRITE").is_some() {
        fs::write(&page, format!("{before}{BEGIN}{sequence}{END}{after}")).expect("the page can be written");
        return;
    }
    assert_eq!(documented, sequence, "{PAGE} shows another sequence: WRITE=1 cargo test --test refresh_sequence");
}

/// One caller, an expired access token in the storage, and no failure.
fn sequence() -> String {
    let options = Json::parse(r#"{"client_id":"app"}"#).expect("options are JSON");
    let mut machine = Machine::new(options, 1);
    let mut stored = Stored::from_json(
        r#"{"format":1,"generation":7,"obtained_at":1699990000,"tokens":{"access_token":"a","refresh_token":"r","expires_in":3600}}"#,
    );
    let demand = Demand { deadline: START + Duration::from_secs(70), ..Demand::default() };
    let mut inputs = VecDeque::from([(0, Input::Demanded(1, demand))]);
    let mut out = format!("{:>4}  {:<30}  {:<8} effects\n", "ms", "input", "phase");
    while let Some((millis, input)) = inputs.pop_front() {
        let shown = name(&input);
        let effects = machine.step(START + Duration::from_millis(millis), input);
        let names: Vec<String> = effects.iter().map(described).collect();
        out += &format!("{millis:>4}  {shown:<30}  {:<8} {}\n", machine.phase(), names.join(", "));
        for effect in effects {
            inputs.extend(performed(effect, &mut stored).map(|(lasts, input)| (millis + lasts, input)));
        }
    }
    out
}

/// What a driver would report, and after how many milliseconds.
fn performed(effect: Effect, stored: &mut Stored) -> Option<(u64, Input)> {
    match effect {
        Effect::Load(id) => Some((2, Input::Loaded(id, stored.clone()))),
        Effect::Save(id, record, _) => {
            *stored = record.map_or(Stored::Nothing, Stored::Record);
            Some((2, Input::Saved(id)))
        }
        Effect::Lock(id) => Some((1, Input::Locked(id, Reach::AllContexts))),
        Effect::Send(id) => {
            let body = r#"{"access_token":"b","refresh_token":"s","token_type":"Bearer","expires_in":3600}"#;
            Some((150, Input::Replied(id, Reply { status: 200, body: Some(Secret::new(body)), ..Reply::default() })))
        }
        Effect::Unlock(_)
        | Effect::Hold(_)
        | Effect::Grant(_)
        | Effect::Refuse(..)
        | Effect::Done(_)
        | Effect::Notify(_)
        | Effect::Revoke(_) => None,
    }
}

fn name(input: &Input) -> String {
    let shown = format!("{input:?}");
    let word = shown.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    match input {
        Input::Loaded(_, stored) => format!("{word} generation {}", stored.generation().unwrap_or_default()),
        Input::Replied(_, reply) => format!("{word} {}", reply.status),
        _ => word.to_owned(),
    }
}

fn described(effect: &Effect) -> String {
    match effect {
        Effect::Load(_) => "Load".to_owned(),
        Effect::Save(_, record, expected) => {
            let replaces = expected.map_or("nothing".to_owned(), |generation| generation.to_string());
            format!("Save {} over {replaces}", record.as_deref().map_or("nothing".to_owned(), written))
        }
        Effect::Lock(_) => "Lock".to_owned(),
        Effect::Unlock(_) => "Unlock".to_owned(),
        Effect::Send(_) => "Send".to_owned(),
        Effect::Hold(_) => "Hold".to_owned(),
        Effect::Grant(caller) => format!("Grant {caller}"),
        Effect::Refuse(caller, failure) => format!("Refuse {caller} {}", failure.code),
        Effect::Done(caller) => format!("Done {caller}"),
        Effect::Notify(event) => match event.as_ref() {
            Event::TokenChanged(source, generation) => format!("Notify TokenChanged {source:?} {generation}"),
            Event::RefreshFailed(..) => "Notify RefreshFailed".to_owned(),
            Event::SessionEnded(_) => "Notify SessionEnded".to_owned(),
            Event::StorageFailed(_) => "Notify StorageFailed".to_owned(),
        },
        Effect::Revoke(_) => "Revoke".to_owned(),
    }
}

fn written(record: &Record) -> String {
    let mark = if record.pending.is_some() { " with a mark" } else { "" };
    format!("generation {}{mark}", record.generation)
}

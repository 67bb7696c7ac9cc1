//! A page in Yew with a session: it is read from IndexedDB, kept fresh while the page is visible, and shared with other tabs.
//! The options are data in the page's own HTML.

use std::rc::Rc;

use oauth_refresher::web::{
    indexed_db_storage, Demand, Event, IndexedDb, Options, Refresher, Revoke, TokenSet, Tokens,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlTextAreaElement, Request};
use yew::prelude::*;

#[wasm_bindgen(start)]
pub fn start() {
    yew::Renderer::<Page>::new().render();
}

/// What is shown of the session.
#[derive(Clone, Default, PartialEq)]
struct Shown {
    tokens: Option<String>,
    generation: u64,
    told: String,
}

#[component]
fn Page() -> Html {
    let refresher = use_memo((), |()| opened());
    let shown = use_state(Shown::default);
    let answer = use_state(String::new);
    {
        let (refresher, shown) = (Rc::clone(&refresher), shown.clone());
        use_effect_with((), move |()| {
            if let Ok(refresher) = &*refresher {
                spawn_local(show(refresher.clone(), shown));
            }
        });
    }
    let refresher = match &*refresher {
        Ok(refresher) => refresher.clone(),
        Err(error) => return html! { <p id="error">{ error }</p> },
    };

    let login = use_node_ref();
    // What a button does: some work with the session, whose outcome is shown.
    let does = |work: fn(Refresher, String) -> Work| {
        let (refresher, answer, login) = (refresher.clone(), answer.clone(), login.clone());
        Callback::from(move |_: MouseEvent| {
            let typed = login.cast::<HtmlTextAreaElement>().map(|area| area.value()).unwrap_or_default();
            let (work, answer) = (work(refresher.clone(), typed), answer.clone());
            answer.set("…".to_owned());
            spawn_local(async move { answer.set(work.await.unwrap_or_else(|error| error)) });
        })
    };

    html! {
        <main data-state={refresher.state().as_str()}>
            <p>{ "Access token: " }<output id="token">{ shown.tokens.clone().unwrap_or_else(|| "none".into()) }</output></p>
            <p>{ "Generation: " }<output id="generation">{ shown.generation }</output></p>
            <p>{ "Last event: " }<output id="told">{ &shown.told }</output></p>
            <p><textarea id="login" ref={login.clone()} placeholder="the reply of a login" /></p>
            <button id="log-in" onclick={does(log_in)}>{ "Log in" }</button>
            <button id="refresh" onclick={does(refresh)}>{ "Refresh" }</button>
            <button id="call" onclick={does(call)}>{ "Call the API" }</button>
            <button id="sign-out" onclick={does(sign_out)}>{ "Sign out" }</button>
            <p><output id="answer">{ &*answer }</output></p>
        </main>
    }
}

/// What to say in the end, whichever way it went.
type Work = std::pin::Pin<Box<dyn std::future::Future<Output = Result<String, String>>>>;

fn log_in(refresher: Refresher, reply: String) -> Work {
    Box::pin(async move {
        let tokens = Tokens::parse(&reply).ok_or("that is no token response")?;
        refresher.set_tokens(tokens).await.map_err(|error| error.to_string())?;
        Ok("logged in".to_owned())
    })
}

fn refresh(refresher: Refresher, _: String) -> Work {
    Box::pin(async move {
        refresher.refresh().await.map_err(|error| format!("{}: {error}", error.code()))?;
        Ok("refreshed".to_owned())
    })
}

fn call(refresher: Refresher, _: String) -> Work {
    Box::pin(async move {
        let request = Request::new_with_str(&api()).map_err(|_| "api must be an address")?;
        let response = refresher.fetch(&request).await.map_err(|error| error.to_string())?;
        Ok(format!("the API says {}", response.status()))
    })
}

fn sign_out(refresher: Refresher, _: String) -> Work {
    Box::pin(async move {
        refresher.sign_out(Revoke::Yes).await.map_err(|error| error.to_string())?;
        Ok("signed out".to_owned())
    })
}

/// Shows what there is, and then what happens.
async fn show(refresher: Refresher, shown: UseStateHandle<Shown>) {
    let mut events = refresher.events();
    let mut now = Shown::default();
    if let Ok(tokens) = refresher.token_set(Demand::default()).await {
        now.tokens = Some(end_of(&tokens));
        shown.set(now.clone());
    }
    while let Some(event) = events.next().await {
        match event {
            Event::TokenChanged { tokens, source, generation } => {
                now.tokens = tokens.as_ref().map(end_of);
                now.generation = generation;
                now.told = format!("{source:?}");
            }
            Event::RefreshFailed { error, .. } | Event::SessionEnded { error } => now.told = error.code().to_string(),
            Event::StorageFailed { error, .. } => now.told = error.to_string(),
            _ => {}
        }
        shown.set(now.clone());
    }
}

/// Never a whole token on a screen.
fn end_of(tokens: &TokenSet) -> String {
    tokens.access_token().chars().rev().take(6).collect()
}

fn opened() -> Result<Refresher, String> {
    let options = Options::from_json(&options_text()).map_err(|error| error.to_string())?;
    let storage = indexed_db_storage("session", IndexedDb::default()).map_err(|error| error.to_string())?;
    Refresher::new(options.storage(storage)).map_err(|error| error.to_string())
}

#[wasm_bindgen(inline_js = "
    export const options_text = () => document.getElementById('options').textContent;
    export const api = () => document.getElementById('options').dataset.api;")]
extern "C" {
    /// What `<script type=\"application/json\" id=\"options\">` holds.
    fn options_text() -> String;
    /// And the API it names.
    fn api() -> String;
}

//! Long times: a timer of a platform goes no further than 2³¹−1 milliseconds, which are 24.8 days.

use oauth_refresher::web::{Background, Lock, Options, Refresher, Tokens};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::stage::{server, Fate, Log};
use crate::virtual_time::VirtualTime;

const DAY: u64 = 86_400_000;

#[wasm_bindgen_test]
async fn a_token_of_sixty_days_is_refreshed_at_its_end_and_costs_a_few_timers_until_then() {
    const REPLY: &str = r#"{"access_token":"next","token_type":"Bearer","expires_in":5184000,"refresh_token":"r2"}"#;
    let time = VirtualTime::begin(7);
    let log = Log::default();
    let options = Options::new("https://auth.example/token")
        .background(Background::Always)
        // the platform's own takes turns of its own
        .lock(Lock::None)
        .fetch(server(&log, [Fate::Answers(200, REPLY)]));
    let refresher = Refresher::new(options).expect("the options are good");
    let waiting = refresher.clone();
    wasm_bindgen_futures::spawn_local(async move {
        let login = Tokens::parse(r#"{"access_token":"first","refresh_token":"r1","expires_in":5184000}"#);
        waiting.set_tokens(login.expect("an object")).await.expect("it is stored");
    });
    time.pass_until(59 * DAY).await;
    assert_eq!(log.count("send"), 0);
    assert!(time.armed() < 30, "{} timers in two months", time.armed());
    time.pass_until(60 * DAY).await;
    assert_eq!(log.count("send"), 1);
}

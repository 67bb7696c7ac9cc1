//! Time and chance as a test has them: `setTimeout`, `Date.now`, `performance.now` and `Math.random` of this realm, until it is given back. Not a test by itself.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

const START_MS: f64 = 1_700_000_000_000.0;

/// As the platform: what is due further away than 2³¹−1 ms is due at once.
const SHIM: &str = "
    const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    const { now: realNow } = Date, { random } = Math;
    let now = start, last = 0;
    const timers = new Map();
    let armed = 0;
    globalThis.setTimeout = (work, ms = 0) => {
      armed++;
      timers.set(++last, { at: now + (ms > 2 ** 31 - 1 || ms < 0 ? 0 : ms), work });
      return last;
    };
    globalThis.clearTimeout = (id) => void timers.delete(id);
    Date.now = () => now;
    performance.now = () => now - start;
    // What the npm package takes its seed from.
    crypto.getRandomValues = (array) => array.map(() => Math.random() * 2 ** 32);
    Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    return {
      /** Everything that is under way comes to rest: promises first, and then a turn of the platform. */
      settled: () => new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (port1.close(), done());
        port2.postMessage(0);
      }),
      /** Whether there was something before that moment; if so, it has happened. */
      next(until) {
        let first;
        for (const [id, { at }] of timers) if (!first || at < first.at) first = { id, at };
        if (!first || first.at > until) {
          now = Math.max(now, until);
          return false;
        }
        const { work } = timers.get(first.id);
        timers.delete(first.id);
        now = Math.max(now, first.at);
        work();
        return true;
      },
      armed: () => armed,
      end() {
        Object.assign(globalThis, real);
        Date.now = realNow;
        Math.random = random;
        delete performance.now;
        delete crypto.getRandomValues;
      },
    };";

/// Virtual from when it is made until it is dropped.
pub struct VirtualTime(JsValue);

impl VirtualTime {
    /// `seed`: what would be chance comes from it.
    pub fn begin(seed: u64) -> Self {
        let shim = Function::new_with_args("start, seed", SHIM);
        let seed = (seed % 2_147_483_646 + 1) as f64;
        Self(shim.call2(&JsValue::UNDEFINED, &START_MS.into(), &seed.into()).expect("the shim can be made"))
    }

    /// Lets happen what happens until then, counted from the beginning.
    pub async fn pass_until(&self, millis: u64) {
        loop {
            let promise: Promise = self.call("settled", &JsValue::UNDEFINED).unchecked_into();
            JsFuture::from(promise).await.expect("it settles");
            if !self.call("next", &(START_MS + millis as f64).into()).is_truthy() {
                return;
            }
        }
    }

    /// How often a timer was set.
    pub fn armed(&self) -> u32 {
        self.call("armed", &JsValue::UNDEFINED).as_f64().unwrap_or_default() as u32
    }

    fn call(&self, name: &str, argument: &JsValue) -> JsValue {
        let method: Function = Reflect::get(&self.0, &name.into()).expect("a member").unchecked_into();
        method.call1(&self.0, argument).expect("it throws nothing")
    }
}

impl Drop for VirtualTime {
    fn drop(&mut self) {
        self.call("end", &JsValue::UNDEFINED);
    }
}

/// Milliseconds since the beginning.
pub fn now() -> u64 {
    (js_sys::Date::now() - START_MS) as u64
}

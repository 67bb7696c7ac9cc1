//! The wall clock, watched by the monotonic one: when they part, the device slept or its clock was set.

use core::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::core::machine::Input;
use crate::core::time::UnixTime;

/// Longer than a slow tick, shorter than any deliberate change of the clock.
const JUMP_MS: f64 = 5000.0;

#[wasm_bindgen]
extern "C" {
    /// Looked up at every call, as everything global is.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub fn monotonic_ms() -> f64;
}

#[derive(Default)]
pub struct Clock {
    offset: Cell<Option<f64>>,
}

impl Clock {
    /// What time it is, and what the machine must hear first: nothing is handed out on the word of a clock that jumped.
    pub fn read(&self) -> (UnixTime, Option<Input>) {
        let now = js_sys::Date::now();
        let offset = now - monotonic_ms();
        let jump = self.offset.get().map(|known| offset - known).filter(|parted| parted.abs() >= JUMP_MS);
        if jump.is_some() || self.offset.get().is_none() {
            self.offset.set(Some(offset));
        }
        let input = jump.map(|parted| if parted < 0.0 { Input::ClockSetBack } else { Input::Resumed });
        (UnixTime::from_millis_f64(now), input)
    }
}

//! The page: whether it can be visible, and when it resumes. The npm package's own file, which gives the reason for each event.

use alloc::boxed::Box;

use js_sys::Function;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsValue;

#[wasm_bindgen(module = "/pkg-template/lib/ports/wake.js")]
extern "C" {
    /// Whether there is a window that can be visible.
    #[wasm_bindgen(js_name = isVisible)]
    pub fn is_visible() -> bool;

    /// Cloudflare Workers: timers and I/O belong to the request that began them.
    #[wasm_bindgen(js_name = isWorkerd)]
    pub fn is_workerd() -> bool;

    #[wasm_bindgen(js_name = pageWakes)]
    fn page_wakes(resumed: &Closure<dyn FnMut()>, hidden: &Closure<dyn FnMut()>) -> Function;
}

/// Listens to the page until it is dropped.
pub struct Wakes {
    stop: Function,
    _heard: [Closure<dyn FnMut()>; 2],
}

impl Wakes {
    pub fn new(resumed: impl FnMut() + 'static, hidden: impl FnMut() + 'static) -> Self {
        let heard = [Closure::new(resumed), Closure::new(hidden)];
        let [resumed, hidden] = &heard;
        Self { stop: page_wakes(resumed, hidden), _heard: heard }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        let _ = self.stop.call0(&JsValue::UNDEFINED);
    }
}

/// A page, and no worker.
pub fn has_document() -> bool {
    js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("document")).is_ok_and(|document| document.is_object())
}

/// Something to be done when it is dropped.
pub struct OnDrop(Option<Box<dyn FnOnce()>>);

impl OnDrop {
    pub fn new(work: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(work)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

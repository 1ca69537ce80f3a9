//! What a fault of ours leaves behind. A panic traps: JavaScript catches a `WebAssembly.RuntimeError`,
//! which says nothing of where, and must not call the instance again. So the place goes to the console.

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs once, when the module is instantiated.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&format!("windlass: {panic}").into());
    }));
}

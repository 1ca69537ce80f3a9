//! The worker's clock, which never goes back, and its one timer.

use std::cell::Cell;

use js_sys::{Date, Function};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Performance, WorkerGlobalScope};

use crate::js_error::JsFailure;

/// Browsers keep delays in 31 bits; a later deadline is looked at again on the way.
const DELAY_MOST_MS: u64 = i32::MAX as u64;
/// A wall clock is set by so much, in milliseconds; what runs on further while ours stands still is the world.
const SET_MOST_MS: f64 = 5_000.0;

/// Time since the worker started, and a timer that fires at its deadline, or before it.
pub(super) struct Clock {
    scope: WorkerGlobalScope,
    performance: Performance,
    /// How much the wall clock was ahead when that was looked at last, in milliseconds.
    wall_ahead_ms: Cell<f64>,
    on_time: Closure<dyn FnMut()>,
    /// The timer that runs, and when it fires.
    running: Cell<Option<(i32, u64)>>,
}

impl Clock {
    /// Calls `on_time` whenever a deadline has come, and sometimes earlier.
    pub fn new(on_time: impl FnMut() + 'static) -> Result<Self, JsValue> {
        let outside = || {
            JsFailure::lasting("unsupported_browser", "UploadQueue runs in a Web Worker, not in the page.")
        };
        let scope: WorkerGlobalScope = js_sys::global().dyn_into().map_err(|_| outside())?;
        let performance = scope.performance().ok_or_else(outside)?;
        let wall_ahead_ms = Cell::new(Date::now() - performance.now());
        let running = Cell::new(None);
        Ok(Self { scope, performance, wall_ahead_ms, on_time: Closure::new(on_time), running })
    }

    /// How long the device has slept since this was asked last, where this clock stood still meanwhile, as it does in
    /// WebKit, and in Chromium but on Windows.
    pub fn slept_ms(&self) -> Option<u64> {
        let ahead_ms = Date::now() - self.performance.now();
        let slept_ms = ahead_ms - self.wall_ahead_ms.replace(ahead_ms);
        (slept_ms > SET_MOST_MS).then_some(slept_ms as u64)
    }

    /// Milliseconds of a clock that never goes back.
    pub fn now_ms(&self) -> u64 {
        self.performance.now() as u64
    }

    /// Replaces the deadline. Each progress of a PUT puts it off, and a timer costs more to set than to let
    /// fire: one that fires earlier is left running, and the deadline is looked at again then.
    pub fn wake_at(&self, deadline_ms: Option<u64>) {
        let is_in_time = match (self.running.get(), deadline_ms) {
            (Some((_, fires_ms)), Some(deadline_ms)) => fires_ms <= deadline_ms,
            (running, deadline_ms) => running.is_none() && deadline_ms.is_none(),
        };
        if is_in_time {
            return;
        }
        if let Some((handle, _)) = self.running.take() {
            self.scope.clear_timeout_with_handle(handle);
        }
        let Some(deadline_ms) = deadline_ms else { return };
        let delay_ms = deadline_ms.saturating_sub(self.now_ms()).clamp(1, DELAY_MOST_MS);
        let on_time: &Function = self.on_time.as_ref().unchecked_ref();
        let timer =
            self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(on_time, delay_ms as i32);
        // The scope refuses no function.
        self.running.set(timer.ok().map(|handle| (handle, deadline_ms)));
    }

    /// The timer has fired; it may be set anew.
    pub fn fired(&self) {
        self.running.set(None);
    }
}

//! A wall clock that is wrong, for a program that does not know it: preloaded (`LD_PRELOAD`) into a browser,
//! it shifts what the system says the time is by `WINDLASS_CLOCK_SHIFT_S` seconds. Clocks that only measure
//! how much time passes are left alone, as on a phone whose owner has set the date wrong. Linux only;
//! elsewhere the library is empty.
#![cfg(target_os = "linux")]

use std::ffi::CStr;
use std::sync::OnceLock;

use libc::{c_int, c_long, c_void, clockid_t, time_t, timespec, timeval};

/// Seconds the clock is fast; negative where it is slow.
fn shift_s() -> time_t {
    static SHIFT: OnceLock<time_t> = OnceLock::new();
    *SHIFT.get_or_init(|| {
        // SAFETY: the name ends in NUL, and what comes back is NUL-terminated and read at once. Rust's own
        // way to the environment is not open yet when a program asks for the time before `main`.
        let text = unsafe {
            let value = libc::getenv(c"WINDLASS_CLOCK_SHIFT_S".as_ptr());
            if value.is_null() { None } else { Some(CStr::from_ptr(value)) }
        };
        text.and_then(|text| text.to_str().ok()?.parse().ok()).unwrap_or(0)
    })
}

/// As the kernel has it.
fn kernels_time(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the kernel checks the address itself (EFAULT).
    let answer: c_long = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    answer as c_int
}

/// `clock_gettime(2)`.
///
/// # Safety
/// As that of the C library: `time` is null or points to a `timespec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    let answer = kernels_time(clock, time);
    let is_wall = matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI);
    if answer == 0 && is_wall && !time.is_null() {
        // SAFETY: not null, and the kernel has just written there.
        unsafe { (*time).tv_sec += shift_s() };
    }
    answer
}

/// `gettimeofday(2)`.
///
/// # Safety
/// As that of the C library: `time` is null or points to a `timeval`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    let answer = kernels_time(libc::CLOCK_REALTIME, &raw mut now);
    if answer == 0 && !time.is_null() {
        // SAFETY: not null, and the caller's to write to.
        unsafe { *time = timeval { tv_sec: now.tv_sec + shift_s(), tv_usec: now.tv_nsec / 1_000 } };
    }
    answer
}

/// `time(2)`.
///
/// # Safety
/// As that of the C library: `into` is null or points to a `time_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(into: *mut time_t) -> time_t {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    kernels_time(libc::CLOCK_REALTIME, &raw mut now);
    let seconds = now.tv_sec + shift_s();
    if !into.is_null() {
        // SAFETY: not null, and the caller's to write to.
        unsafe { *into = seconds };
    }
    seconds
}

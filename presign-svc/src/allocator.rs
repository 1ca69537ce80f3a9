//! How the C library's allocator keeps what was freed.

/// Lets threads share as many arenas as there are cores. By default glibc gives nearly every thread one of its own, and
/// what a page of photos needed for a moment stays with each of them: a dozen megabytes that nobody uses. An operator who has
/// chosen a number, or anything else, is left to it. To be called before there are threads.
pub fn share_among_threads() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        if ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"].iter().any(|name| std::env::var_os(name).is_some()) {
            return;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if let Ok(arenas) = libc::c_int::try_from(cores) {
            // SAFETY: mallopt(3) only takes numbers, and there are no other threads yet. Where it refuses, nothing has
            // changed.
            unsafe { libc::mallopt(libc::M_ARENA_MAX, arenas) };
        }
    }
}

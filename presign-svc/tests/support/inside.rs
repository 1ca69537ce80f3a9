//! What no answer may say: how the service is built, where it runs, and in what words its database, its store or the
//! machine complains.

/// Words of drivers, of SQL, of systems and of paths.
const INSIDE: [&str; 24] = [
    "canary",
    "sqlx",
    "rusqlite",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "SQLITE",
    "sqlite",
    "postgres",
    "PostgreSQL",
    "relation \"",
    "database or disk is full",
    "database is locked",
    "disk I/O error",
    "terminating connection",
    "canceling statement",
    "timed out while waiting",
    "Connection refused",
    "os error",
    "/dev/shm",
    ".rs:",
    "panicked",
    "<Error>",
    "127.0.0.1",
];

/// That a refusal says none of it.
#[track_caller]
pub fn check_says_nothing_of_it(refusal: &str) {
    for inside in INSIDE {
        assert!(!refusal.contains(inside), "{inside} in {refusal}");
    }
}

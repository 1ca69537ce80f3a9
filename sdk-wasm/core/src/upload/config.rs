//! What the engine may be told about its surroundings.

use windlass_protocol::ProjectId;

use super::backoff::Backoff;

/// Settings of an engine. [`EngineConfig::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The project all uploads of this engine belong to.
    pub project_id: ProjectId,
    /// Where jitter comes from: different in every tab, the same in a test.
    pub seed: u64,
    /// PUTs in flight at the start.
    pub connections_start: u32,
    /// PUTs in flight at most. Browsers open six connections per HTTP/1.1 host.
    pub connections_max: u32,
    /// Requests to the service in flight at most.
    pub service_requests_max: usize,
    /// Uploads under way at most, not counting those whose smaller pictures are stored and whose original
    /// waits for its turn: few enough that URLs are used before they expire.
    pub uploads_ahead: usize,
    /// Uploads whose original waits for its turn, at most.
    pub originals_waiting: usize,
    /// Pieces of files read and hashed and not sent yet, at most.
    pub pieces_ahead: usize,
    /// Whether bytes go in small pieces where the line would hardly ever carry more in one go, and the
    /// service takes them.
    pub weak_signal: bool,
    /// How long a URL works that does not say so itself (`X-Amz-Expires`), in milliseconds.
    pub url_lifetime_ms: u64,
    /// How often a request is tried again, and how soon.
    pub backoff: Backoff,
    /// An upload is given up after this long without any success, in milliseconds; time without network
    /// and time paused do not count. `None`, the default: never, while what stands in its way can heal.
    pub give_up_after_ms: Option<u64>,
    /// A store that has no room left heals only when somebody makes room: it is named after this long, in
    /// milliseconds, counted in the same way.
    pub full_store_patience_ms: u64,
    /// The least time between two progress events of one upload, in milliseconds.
    pub progress_interval_ms: u64,
}

impl EngineConfig {
    /// The defaults for a project.
    pub fn new(project_id: ProjectId, seed: u64) -> Self {
        Self {
            project_id,
            seed,
            connections_start: 2,
            connections_max: 6,
            service_requests_max: 4,
            uploads_ahead: 12,
            originals_waiting: 100,
            pieces_ahead: 12,
            weak_signal: true,
            url_lifetime_ms: 15 * 60_000,
            backoff: Backoff::default(),
            give_up_after_ms: None,
            full_store_patience_ms: 30 * 60_000,
            progress_interval_ms: 200,
        }
    }
}

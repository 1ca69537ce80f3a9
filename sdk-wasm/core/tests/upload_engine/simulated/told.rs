//! What a user is told of the uploads of a world.

use windlass_core::upload::{UploadEvent, UploadPhase};

use super::World;

impl World {
    /// What a user reads of uploads that are tried again.
    pub fn said_meanwhile(&self) -> Vec<&str> {
        let said = self.events.iter().filter_map(|(_, event)| match event {
            UploadEvent::Phase { phase: UploadPhase::Retrying, reason, .. } => reason.as_deref(),
            _ => None,
        });
        said.collect()
    }

    /// When uploads failed, and with which words.
    pub fn failures(&self) -> Vec<(u64, &str)> {
        let failed = self.events.iter().filter_map(|(at_ms, event)| match event {
            UploadEvent::Failed { error, .. } => Some((*at_ms, error.message.as_str())),
            _ => None,
        });
        failed.collect()
    }
}

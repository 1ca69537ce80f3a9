//! For tests: what the engine would say if it looked at everything.
//!
//! After an input it looks only at the uploads that may have changed. A cause that nobody thought of would be told
//! late, and nothing else would show it.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::progress::Counts;
use super::transfer::Transfer;

impl Engine {
    /// What has changed and was not noticed, in words; `None` where nothing has.
    #[doc(hidden)]
    pub fn overlooked(&self) -> Option<String> {
        for transfer in self.transfers.all().values() {
            let told = (transfer.phase, transfer.reason.clone());
            let true_now = self.phase_of(transfer);
            if told != true_now {
                return Some(format!("{}: {told:?} is told, and {true_now:?}", transfer.upload.client_ref));
            }
        }
        let mut asleep = self.transfers.all().iter().filter(|(key, _)| !self.transfers.is_awake(key));
        if let Some((_, transfer)) = asleep.find(|(_, transfer)| !self.waits_for_wifi(transfer)) {
            return Some(format!(
                "{} does not wait for Wi-Fi, and is not looked at",
                transfer.upload.client_ref
            ));
        }
        let counted = self.transfers.all().values().fold(Counts::default(), |sum, one| sum.plus(one.counts));
        if counted != self.transfers.counts() {
            return Some(format!("{counted:?} were counted, and {:?} is the sum", self.transfers.counts()));
        }
        let is_untold = |transfer: &Transfer| transfer.untold_for_ms().is_some();
        let untold = self.transfers.all().iter().filter(|(_, transfer)| is_untold(transfer));
        let untold: BTreeSet<_> = untold.map(|(key, _)| *key).collect();
        let known = self.previews.untold()?;
        (*known != untold)
            .then(|| format!("pictures of {untold:?} are to be told of, and {known:?} are known"))
    }

    /// How often an upload of the queue was looked at so far.
    #[doc(hidden)]
    pub fn looked_at(&self) -> u64 {
        self.transfers.looked_at()
    }
}

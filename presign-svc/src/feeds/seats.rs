//! How many streams there is room for, and that nobody takes all of it: the last quarter is for those who have few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windlass_protocol::TenantId;

use super::CannotWatch;

/// What part of the seats is for those who have few, and what part of them is few.
const FOR_THOSE_WITH_FEW: usize = 4;
const FEW: usize = 32;

/// One who watches, in however many streams.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The company.
    pub tenant: TenantId,
    /// The person or device.
    pub subject: String,
}

/// Room for streams.
#[derive(Debug)]
pub(super) struct Seats {
    capacity: usize,
    taken: Arc<Taken>,
}

/// How many streams everybody has.
#[derive(Debug, Default)]
struct Taken(Mutex<HashMap<Viewer, usize>>);

/// One of the streams that may be open, until dropped.
#[derive(Debug)]
pub(super) struct Seat {
    taken: Arc<Taken>,
    viewer: Viewer,
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, HashMap<Viewer, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(seats) = taken.get_mut(&self.viewer) {
            *seats -= 1;
            if *seats == 0 {
                taken.remove(&self.viewer);
            }
        }
    }
}

impl Seats {
    /// So many.
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, taken: Arc::default() }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.lock().values().sum()
    }

    /// One more of somebody.
    pub(super) fn take(&self, viewer: Viewer) -> Result<Seat, CannotWatch> {
        let mut taken = self.taken.lock();
        let all: usize = taken.values().sum();
        let left = self.capacity.saturating_sub(all);
        if left == 0 {
            return Err(CannotWatch::Full(all));
        }
        let own = taken.get(&viewer).copied().unwrap_or_default();
        if left <= self.capacity / FOR_THOSE_WITH_FEW && own >= (self.capacity / FEW).max(1) {
            return Err(CannotWatch::HasItsShare(own));
        }
        *taken.entry(viewer.clone()).or_default() += 1;
        Ok(Seat { taken: self.taken.clone(), viewer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes seats until there is none for them.
    fn sit(seats: &Seats, tenant: &str, subject: &str) -> (Vec<Seat>, CannotWatch) {
        let viewer = Viewer { tenant: tenant.parse().unwrap(), subject: subject.to_owned() };
        let mut taken = Vec::new();
        loop {
            match seats.take(viewer.clone()) {
                Ok(seat) => taken.push(seat),
                Err(refused) => return (taken, refused),
            }
        }
    }

    #[test]
    fn one_who_watches_leaves_the_last_quarter_of_all_streams_to_others() {
        let seats = Seats::new(64);
        let (mut greedy, refused) = sit(&seats, "acme", "ann");
        assert_eq!(greedy.len(), 48);
        assert!(matches!(refused, CannotWatch::HasItsShare(48)), "{refused}");
        let others =
            [("acme", "bob"), ("other", "ann")].map(|(tenant, subject)| sit(&seats, tenant, subject).0);
        assert_eq!(others.each_ref().map(Vec::len), [2, 2], "each has few");
        greedy.truncate(40);
        assert_eq!(sit(&seats, "acme", "ann").0.len(), 4, "there is more than the last quarter again");
        drop((greedy, others));
        assert!(seats.taken.lock().is_empty(), "nobody who has gone is kept in mind");
        let crowd: Vec<_> = (0..32).map(|n| sit(&seats, "acme", &format!("crew-{n}"))).collect();
        assert_eq!((seats.taken(), crowd[0].0.len()), (64, 48), "in the end all are taken");
        assert!(matches!(crowd[31].1, CannotWatch::Full(64)));
    }
}

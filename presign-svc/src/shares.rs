//! Something of which there is only so much, such as streams or connections, and who has how many: so that nobody takes
//! all of it. The last quarter is for those who have few, and the last sixteenth for companies that do.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What part of all there is is for those who have few, and what part of it is few.
const FOR_THOSE_WITH_FEW: usize = 4;
const FEW: usize = 32;
/// What part is for companies that have few: a small one, since most services have only one company.
const FOR_COMPANIES_WITH_FEW: usize = 16;

/// Whether one who has `own` of `capacity`, of which so many are `left`, leaves those to others.
pub fn has_its_share(capacity: usize, left: usize, own: usize) -> bool {
    left <= capacity / FOR_THOSE_WITH_FEW && own >= few_of(capacity)
}

/// The same of a company, whose people have so many together.
pub fn company_has_its_share(capacity: usize, left: usize, own: usize) -> bool {
    left <= capacity / FOR_COMPANIES_WITH_FEW && own >= few_of(capacity)
}

fn few_of(capacity: usize) -> usize {
    (capacity / FEW).max(1)
}

/// How many everybody has.
#[derive(Debug)]
pub struct Shares<K: Eq + Hash>(Arc<Counts<K>>);

#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, usize>>);

/// One of somebody's, until dropped.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    counts: Arc<Counts<K>>,
    of: K,
}

impl<K> Counts<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Default for Shares<K> {
    fn default() -> Self {
        Self(Arc::new(Counts(Mutex::default())))
    }
}

impl<K: Eq + Hash> Clone for Shares<K> {
    /// The same counts.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// How many somebody has.
    pub fn of(&self, whom: &K) -> usize {
        self.0.lock().get(whom).copied().unwrap_or_default()
    }

    /// How many all have together.
    pub fn taken(&self) -> usize {
        self.0.lock().values().sum()
    }

    /// One more for somebody.
    pub fn take(&self, of: K) -> Share<K> {
        *self.0.lock().entry(of.clone()).or_default() += 1;
        Share { counts: Arc::clone(&self.0), of }
    }

    /// One more for somebody, unless there is a reason against it: `refusal` is told how many all have and how many this
    /// one, and nobody takes any meanwhile.
    pub fn take_unless<E>(
        &self,
        of: K,
        refusal: impl FnOnce(usize, usize) -> Option<E>,
    ) -> Result<Share<K>, E> {
        let mut counts = self.0.lock();
        let own = counts.get(&of).copied().unwrap_or_default();
        if let Some(refusal) = refusal(counts.values().sum(), own) {
            return Err(refusal);
        }
        counts.insert(of.clone(), own + 1);
        Ok(Share { counts: Arc::clone(&self.0), of })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(own) = counts.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                counts.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_given_everything_back_is_not_kept_in_mind() {
        let shares = Shares::default();
        let [one, other] = [shares.take("ann"), shares.take("ann")];
        assert_eq!((shares.of(&"ann"), shares.of(&"bob"), shares.taken()), (2, 0, 2));
        drop(one);
        assert_eq!(shares.of(&"ann"), 1);
        drop(other);
        assert!(shares.0.lock().is_empty());
    }

    #[test]
    fn what_is_refused_is_not_taken() {
        let shares = Shares::default();
        let _one = shares.take("ann");
        let refused = shares.take_unless("ann", |all, own| Some((all, own)));
        assert_eq!(refused.err(), Some((1, 1)));
        assert_eq!(shares.taken(), 1);
    }
}

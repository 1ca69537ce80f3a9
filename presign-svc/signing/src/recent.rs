//! A few values that were computed lately and will be wanted again: a place each, replaced when something
//! else is wanted there.

use std::sync::{Arc, PoisonError, RwLock};

/// `PLACES` values at most; whoever asks says which place is theirs.
pub(crate) struct Recent<T, const PLACES: usize>([RwLock<Option<Arc<T>>>; PLACES]);

impl<T, const PLACES: usize> Recent<T, PLACES> {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| RwLock::new(None)))
    }

    /// The value at `place` (counted modulo the number of places) if it is the wanted one, else a new one.
    pub(crate) fn get(&self, place: u64, wanted: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Arc<T> {
        let slot = &self.0[(place % PLACES as u64) as usize];
        // A poisoned lock guards an `Option` that is replaced whole: it cannot be half written.
        if let Some(kept) = slot.read().unwrap_or_else(PoisonError::into_inner).as_ref()
            && wanted(kept)
        {
            return Arc::clone(kept);
        }
        let made = Arc::new(make());
        *slot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_value_is_made_once_until_its_place_is_wanted_for_another() {
        let recent = Recent::<u64, 2>::new();
        let made = Cell::new(0);
        let get = |number: u64| {
            let make = || {
                made.set(made.get() + 1);
                number
            };
            *recent.get(number, |kept| *kept == number, make)
        };
        for _ in 0..3 {
            assert_eq!((get(4), get(7)), (4, 7));
        }
        assert_eq!(made.get(), 2);
        assert_eq!((get(6), get(4)), (6, 4));
        assert_eq!(made.get(), 4);
    }
}

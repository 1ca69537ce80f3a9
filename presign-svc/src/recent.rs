//! What was made a moment ago and may be of use once more, within a share of the memory.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

/// What keeping something takes beside it: its place in two tables.
const ENTRY_BYTES: usize = 256;

/// Things by their keys, the oldest of which make room for new ones.
#[derive(Debug)]
pub struct Recent<K, V> {
    kept: Mutex<Kept<K, V>>,
    max_bytes: usize,
}

#[derive(Debug)]
struct Kept<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// In the order they came.
    order: VecDeque<K>,
    size_bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    size_bytes: usize,
    good_until: OffsetDateTime,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    /// Nothing yet, and never more than so many bytes.
    pub fn with_room_for(max_bytes: usize) -> Self {
        let kept = Kept { entries: HashMap::new(), order: VecDeque::new(), size_bytes: 0 };
        Self { kept: Mutex::new(kept), max_bytes }
    }

    /// What is kept under this key and is still good.
    pub fn find(&self, key: &K, now: OffsetDateTime) -> Option<V> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.get(key).filter(|entry| now < entry.good_until).map(|entry| entry.value.clone())
    }

    /// Keeps something of so many bytes until then at most, unless it would take the room of most others.
    pub fn keep(&self, key: K, value: V, value_bytes: usize, good_until: OffsetDateTime) {
        if value_bytes > self.max_bytes / 4 {
            return;
        }
        let size_bytes = value_bytes + ENTRY_BYTES;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.size_bytes += size_bytes;
        match kept.entries.insert(key, Entry { value, size_bytes, good_until }) {
            Some(before) => kept.size_bytes -= before.size_bytes,
            None => kept.order.push_back(key),
        }
        while kept.size_bytes > self.max_bytes {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(entry) = kept.entries.remove(&oldest) {
                kept.size_bytes -= entry.size_bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-11-21 12:15 UTC);

    #[test]
    fn what_is_kept_is_found_under_its_key_while_it_is_good() {
        let recent = Recent::with_room_for(10_000);
        recent.keep(1, "one", 3, LATER);
        assert_eq!(recent.find(&1, NOON), Some("one"));
        assert_eq!(recent.find(&1, LATER), None, "it is too old");
        assert_eq!(recent.find(&2, NOON), None);
        recent.keep(2, "large", 2_501, LATER);
        assert_eq!(recent.find(&2, NOON), None, "it would take the room of others");
    }

    #[test]
    fn the_oldest_make_room_and_nothing_grows() {
        let recent = Recent::with_room_for(1000 + 5 * ENTRY_BYTES);
        for number in 0..100 {
            recent.keep(number, "once", 200, LATER);
            recent.keep(number, "again", 200, LATER);
        }
        recent.keep(100, "larger", 400, LATER);
        let kept = recent.kept.lock().unwrap();
        assert_eq!((kept.size_bytes, kept.entries.len(), kept.order.len()), (1000 + 4 * ENTRY_BYTES, 4, 4));
        assert!(kept.entries.contains_key(&99) && !kept.entries.contains_key(&96));
    }

    #[test]
    fn endlessly_many_empty_things_do_not_fill_the_memory() {
        let recent = Recent::with_room_for(100 * ENTRY_BYTES);
        for number in 0..20_000 {
            recent.keep(number, (), 0, LATER);
        }
        assert_eq!(recent.kept.lock().unwrap().order.len(), 100);
    }
}

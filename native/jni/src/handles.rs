//! Sessions by number.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use starrocks_sink::{Code, SinkError};

/// Things that Java holds as a `long`: the slot in the low half, the slot's generation in the high half.
///
/// A closed handle stays invalid for ever: its slot is used again, but under another generation.
#[derive(Debug)]
pub struct Slab<T>(Mutex<Vec<Slot<T>>>);

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<Arc<T>>,
}

impl<T> Slab<T> {
    /// An empty slab.
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Keeps a value and returns its handle, which is never 0.
    pub fn insert(&self, value: T) -> i64 {
        let mut slots = self.lock();
        let index = slots.iter().position(|slot| slot.value.is_none()).unwrap_or_else(|| {
            slots.push(Slot { generation: 0, value: None });
            slots.len() - 1
        });
        let slot = &mut slots[index];
        slot.generation = slot.generation.wrapping_add(1).max(1);
        slot.value = Some(Arc::new(value));
        i64::from(slot.generation) << 32 | index as i64
    }

    /// The value behind a handle.
    pub fn get(&self, handle: i64) -> Result<Arc<T>, SinkError> {
        let slots = self.lock();
        find(&slots, handle).and_then(|index| slots[index].value.clone()).ok_or_else(closed)
    }

    /// Takes the value out; the handle is invalid from now on.
    pub fn remove(&self, handle: i64) -> Result<Arc<T>, SinkError> {
        let mut slots = self.lock();
        find(&slots, handle).and_then(|index| slots[index].value.take()).ok_or_else(closed)
    }

    /// Takes all values out; every handle is invalid from now on.
    pub fn clear(&self) -> Vec<Arc<T>> {
        self.lock().iter_mut().filter_map(|slot| slot.value.take()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<T>(slots: &[Slot<T>], handle: i64) -> Option<usize> {
    let index = (handle & 0xffff_ffff) as usize;
    let generation = (handle >> 32) as u32;
    slots.get(index).filter(|slot| slot.generation == generation).map(|_| index)
}

fn closed() -> SinkError {
    SinkError::new(Code::Closed, "the native session is closed: the sink was used after its end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_good_until_its_value_is_removed() {
        let slab = Slab::new();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!((*slab.get(a).unwrap(), *slab.get(b).unwrap()), ("a", "b"));
        assert_eq!(*slab.remove(a).unwrap(), "a");
        assert_eq!(slab.get(a).unwrap_err().code, Code::Closed);
        assert_eq!(slab.remove(a).unwrap_err().code, Code::Closed);
        let c = slab.insert("c");
        assert_eq!(c as u32, a as u32, "the slot is used again");
        assert_eq!(slab.get(a).unwrap_err().code, Code::Closed, "but not the handle");
        assert_eq!(*slab.get(c).unwrap(), "c");
        assert_eq!(slab.clear().len(), 2);
        assert_eq!(slab.get(c).unwrap_err().code, Code::Closed);
    }

    #[test]
    fn numbers_that_never_were_handles_are_refused() {
        let slab = Slab::new();
        let good = slab.insert(());
        for handle in [0, -1, 1, good + 1, good ^ (1 << 40), i64::MIN, i64::MAX] {
            assert_eq!(slab.get(handle).unwrap_err().code, Code::Closed, "{handle}");
        }
    }
}

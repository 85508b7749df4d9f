//! When a table is gone through for what has become void in it.

/// A table is swept when it has doubled since the last time, so that the work is paid for by what came in: one that is
/// full of what still counts is not gone through at every call.
#[derive(Debug)]
pub(crate) struct SweepMark {
    first: usize,
    next: usize,
}

impl SweepMark {
    /// For a table that may hold so many before it is swept at all.
    pub(crate) const fn new(first: usize) -> Self {
        Self { first, next: first }
    }

    /// Whether a table of this length is to be swept now.
    pub(crate) fn is_due(&self, length: usize) -> bool {
        length >= self.next
    }

    /// It was swept, and this is what is left.
    pub(crate) fn swept(&mut self, length: usize) {
        self.next = self.first.max(2 * length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_keeps_everything_is_looked_at_a_few_times_an_entry() {
        let (mut mark, mut looks) = (SweepMark::new(10), 0);
        for length in 0..100_000 {
            if mark.is_due(length) {
                looks += length;
                mark.swept(length);
            }
        }
        assert!((1..=200_000).contains(&looks), "{looks}");
    }

    #[test]
    fn a_table_that_was_emptied_is_swept_again_from_where_it_began() {
        let mut mark = SweepMark::new(10);
        mark.swept(1_000);
        assert!(!mark.is_due(1_999));
        assert!(mark.is_due(2_000));
        mark.swept(0);
        assert!(mark.is_due(10));
    }
}

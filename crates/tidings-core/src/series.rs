//! The last minutes in steps: how many there were at the end of each, and how many came in it.

use std::collections::VecDeque;

/// What is read at the end of a step. All but `level` only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<const N: usize> {
    /// How many there are now.
    pub level: u64,
    /// How many of each kind there ever were.
    pub totals: [u64; N],
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<const N: usize> {
    /// How many there were at its end.
    pub level: u64,
    /// How many of each kind came in it.
    pub counts: [u64; N],
}

/// A bounded ring of steps of one length. Time is passed in.
#[derive(Debug)]
pub struct Series<const N: usize> {
    step_ms: u64,
    points_max: usize,
    points: VecDeque<Point<N>>,
    last: Reading<N>,
    until_ms: u64,
}

impl<const N: usize> Series<N> {
    /// A series whose first step begins now.
    pub fn new(step_ms: u64, points_max: usize, now_ms: u64, first: Reading<N>) -> Self {
        Self { step_ms: step_ms.max(1), points_max, points: VecDeque::new(), last: first, until_ms: now_ms }
    }

    /// Ends the steps that are over. What came since the last reading is put into the latest of them; those before it, of
    /// which nobody read the end, had nothing. So nothing is lost or told twice, however late a reading is.
    pub fn read(&mut self, now_ms: u64, now: Reading<N>) {
        let steps = now_ms.saturating_sub(self.until_ms) / self.step_ms;
        if steps == 0 {
            return;
        }
        self.until_ms += steps * self.step_ms;
        for _ in 1..steps.min(self.points_max as u64 + 1) {
            self.push(Point { level: self.last.level, counts: [0; N] });
        }
        let mut counts = now.totals;
        for (count, before) in counts.iter_mut().zip(self.last.totals) {
            *count = count.saturating_sub(before);
        }
        self.push(Point { level: now.level, counts });
        self.last = now;
    }

    /// The steps, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point<N>> {
        self.points.iter()
    }

    /// When the latest step ended.
    pub fn until_ms(&self) -> u64 {
        self.until_ms
    }

    fn push(&mut self, point: Point<N>) {
        if self.points.len() == self.points_max {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(level: u64, total: u64) -> Reading<1> {
        Reading { level, totals: [total] }
    }

    fn told(series: &Series<1>) -> Vec<(u64, u64)> {
        series.points().map(|point| (point.level, point.counts[0])).collect()
    }

    #[test]
    fn a_step_has_what_came_in_it_and_what_was_there_at_its_end() {
        let mut series = Series::new(5_000, 3, 1_000, reading(0, 10));
        series.read(5_999, reading(9, 99));
        assert_eq!(told(&series), [], "it is not over");
        series.read(6_000, reading(2, 13));
        series.read(11_200, reading(1, 13));
        assert_eq!((told(&series), series.until_ms()), (vec![(2, 3), (1, 0)], 11_000));
        series.read(16_100, reading(4, 20));
        series.read(21_000, reading(5, 21));
        assert_eq!(told(&series), [(1, 0), (4, 7), (5, 1)], "and no more than it may hold");
    }

    #[test]
    fn nothing_is_lost_or_told_twice_however_late_a_reading_is() {
        let mut series = Series::new(5_000, 180, 0, reading(0, 0));
        let (mut now_ms, mut total) = (0, 0);
        for n in 0..150 {
            now_ms += [4_999, 5_000, 5_001, 300, 9_000][n % 5];
            total += n as u64;
            series.read(now_ms, reading(0, total));
        }
        series.read(now_ms + 5_000, reading(0, total));
        assert_eq!(told(&series).iter().map(|(_, count)| count).sum::<u64>(), total);
        assert_eq!(series.until_ms(), (now_ms + 5_000) / 5_000 * 5_000);
        assert_eq!(told(&series).len() as u64, series.until_ms() / 5_000);
    }

    #[test]
    fn a_machine_that_slept_for_a_year_costs_a_ring_and_not_a_year() {
        let mut series = Series::new(5_000, 180, 0, reading(0, 0));
        series.read(5_000, reading(7, 1));
        series.read(31_536_000_000, reading(3, 2));
        let told = told(&series);
        assert_eq!((told.len(), told[0], told[179]), (180, (7, 0), (3, 1)));
    }
}

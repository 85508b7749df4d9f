//! Sum and count of a histogram in the Prometheus text that a server shows.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct SumCount {
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

impl SumCount {
    /// Over all label sets of `name`; `None` where the text doesn't have it.
    pub(crate) fn read(text: &str, name: &str) -> Option<Self> {
        Some(Self {
            sum: total(text, &format!("{name}_sum"))?,
            count: total(text, &format!("{name}_count"))?,
        })
    }

    /// The mean of what was observed between two readings.
    pub(crate) fn mean_since(self, before: Self) -> Option<f64> {
        let count = self.count - before.count;
        (count > 0.0).then(|| (self.sum - before.sum) / count)
    }
}

fn total(text: &str, series: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(series)?;
        let rest = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        rest.split_whitespace().next()?.parse::<f64>().ok()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[cfg(test)]
mod tests {
    use super::SumCount;

    const TEXT: &str = "# HELP t_seconds x\n# TYPE t_seconds histogram\n\
        t_seconds_bucket{le=\"0.001\"} 3\nt_seconds_sum 0.5\nt_seconds_count 4\n\
        u_seconds_sum{a=\"}\"} 1.0\nu_seconds_sum{a=\"2\"} 2.5 123456\nu_seconds_count{a=\"1\"} 7\n# EOF\n";

    #[test]
    fn reads_plain_and_labelled_series() {
        assert_eq!(SumCount::read(TEXT, "t_seconds"), Some(SumCount { sum: 0.5, count: 4.0 }));
        assert_eq!(SumCount::read(TEXT, "u_seconds"), Some(SumCount { sum: 3.5, count: 7.0 }));
        assert_eq!(SumCount::read(TEXT, "t"), None);
    }

    #[test]
    fn a_mean_needs_an_observation() {
        let before = SumCount { sum: 1.0, count: 2.0 };
        assert_eq!(before.mean_since(before), None);
        assert_eq!(SumCount { sum: 4.0, count: 4.0 }.mean_since(before), Some(1.5));
    }
}

//! Numbers: times, limits, and plain ones.

use std::time::Duration;

use super::super::input::Input;
use super::{Bounds, Value};

/// A time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

impl Millis {
    /// As a duration, zero included.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// As a bound: `None` when it is zero, which is no bound.
    pub fn bound(self) -> Option<Duration> {
        (self.0 > 0).then(|| self.duration())
    }

    /// The number of milliseconds.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// A count, a rate or a size that something may not pass; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u64);

impl Limit {
    /// The limit, or `None` where there is none.
    pub fn get(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }

    /// The limit as a count, 0 where there is none.
    pub fn count(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The limit as a size in memory, 0 where there is none.
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Value for Millis {
    const KIND: &'static str = "whole number";
    /// A year: far enough, and no sum of such times overflows a clock.
    const MAX: u64 = 365 * 24 * 3600 * 1000;

    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String> {
        whole(input, bounds, "").map(Self)
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Value for Limit {
    const KIND: &'static str = "whole number (0: no limit)";
    const MAX: u64 = u32::MAX as u64;

    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String> {
        whole(input, bounds, " (0: no limit)").map(Self)
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Value for u32 {
    const KIND: &'static str = "whole number";
    const MAX: u64 = u32::MAX as u64;

    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String> {
        let number = whole(input, bounds, "")?;
        Self::try_from(number).map_err(|_| allowed(bounds, ""))
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

fn whole(input: &Input, bounds: Bounds, zero: &str) -> Result<u64, String> {
    let number = match input {
        Input::Integer(number) => u64::try_from(*number).ok(),
        // `parse` alone would let a leading plus through.
        Input::Loose(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        Input::Text(text) if text.parse::<u64>().is_ok() => {
            return Err(format!("{} without quotes", allowed(bounds, zero)));
        }
        _ => None,
    };
    number.filter(|number| (bounds.min..=bounds.max).contains(number)).ok_or_else(|| allowed(bounds, zero))
}

fn allowed(Bounds { min, max, unit }: Bounds, zero: &str) -> String {
    let of = if unit.is_empty() { String::new() } else { format!(" of {unit}") };
    format!("a whole number{of}, at least {min} and at most {max}{zero}")
}

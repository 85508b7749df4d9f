//! The order of a list, and where a page goes on.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::query::ListQuery;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort<By> {
    /// By what.
    pub by: By,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What a list can be sorted by.
pub trait SortKey: Copy + Default + fmt::Debug + 'static {
    /// The names, each with what it means and whether it means it the other way round.
    const NAMES: &'static [(&'static str, Self, bool)];
    /// Whether rows are told apart by text, rather than by number.
    const IS_TOLD_BY_TEXT: bool;

    /// Whether this sorts text, rather than numbers.
    fn is_text(self) -> bool;
}

/// Where a row stands in the order of its list: what it is sorted by, and what tells it from all others, which makes
/// every order total. A page goes on after such a place, so that rows which come and go meanwhile neither hide others nor
/// show them twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowMark {
    value: SortValue,
    own: SortValue,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue {
    Number(u128),
    Text(Arc<str>),
}

/// The rows of a page, of how many, and where the next one goes on.
pub(super) struct Cut<P> {
    pub(super) total: usize,
    pub(super) next: Option<String>,
    pub(super) rows: Vec<P>,
}

/// Cuts the page that is asked for out of all rows. No more is sorted than it has.
pub(super) fn cut<P, By>(mut rows: Vec<(RowMark, P)>, list: &ListQuery<By>) -> Cut<P> {
    let order = |a: &RowMark, b: &RowMark| if list.sort.descending { b.cmp(a) } else { a.cmp(b) };
    let total = rows.len();
    if let Some(after) = &list.after {
        rows.retain(|(mark, _)| order(mark, after) == Ordering::Greater);
    }
    let mut next = None;
    if rows.len() > list.limit && list.limit > 0 {
        let (_, last, _) = rows.select_nth_unstable_by(list.limit - 1, |(a, _), (b, _)| order(a, b));
        next = Some(last.0.to_string());
        rows.truncate(list.limit);
    }
    rows.sort_unstable_by(|(a, _), (b, _)| order(a, b));
    Cut { total, next, rows: rows.into_iter().map(|(_, row)| row).collect() }
}

impl From<u64> for SortValue {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for SortValue {
    fn from(number: usize) -> Self {
        Self::Number(number as u128)
    }
}

impl From<u128> for SortValue {
    fn from(number: u128) -> Self {
        Self::Number(number)
    }
}

impl From<&Arc<str>> for SortValue {
    fn from(text: &Arc<str>) -> Self {
        Self::Text(Arc::clone(text))
    }
}

impl RowMark {
    pub(super) fn new(value: impl Into<SortValue>, own: impl Into<SortValue>) -> Self {
        Self { value: value.into(), own: own.into() }
    }

    pub(super) fn set_value(&mut self, value: impl Into<SortValue>) {
        self.value = value.into();
    }

    /// Reads what a page gave as `next`, for a list of the same order.
    pub fn parse<By: SortKey>(text: &str, by: By) -> Option<Self> {
        let (own, value) = text.split_once('.')?;
        let read = |text, is_text| SortValue::parse(text, is_text);
        Some(Self { value: read(value, by.is_text())?, own: read(own, By::IS_TOLD_BY_TEXT)? })
    }
}

impl SortValue {
    fn parse(text: &str, is_text: bool) -> Option<Self> {
        match is_text {
            true => Some(Self::Text(from_hex(text)?.into())),
            false => Some(Self::Number(text.parse().ok()?)),
        }
    }
}

impl fmt::Display for RowMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.own, self.value)
    }
}

impl fmt::Display for SortValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            // A name may have what means something in a query; this may be put into one as it stands.
            Self::Text(text) => text.bytes().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

fn from_hex(text: &str) -> Option<String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    String::from_utf8(bytes?).ok()
}

//! Lists: an array in the file, commas everywhere else.

use super::super::input::Input;
use super::{Bounds, Value};

const ITEMS_MAX: usize = 1000;

impl<T: Value> Value for Vec<T> {
    const KIND: &'static str = T::LIST_KIND;
    const SECRET: bool = T::SECRET;

    fn from_input(input: &Input, bounds: Bounds) -> Result<Self, String> {
        let items = match input {
            Input::List(items) => items.clone(),
            Input::Loose(text) if text.is_empty() => Vec::new(),
            Input::Loose(text) | Input::Text(text) => {
                text.split(',').map(|item| Input::Loose(item.trim().to_owned())).collect()
            }
            _ => return Err(format!("a list, of which each is {}", expected::<T>(bounds))),
        };
        if items.len() > ITEMS_MAX {
            return Err(format!("a list of at most {ITEMS_MAX}"));
        }
        items.iter().map(|item| one(item, bounds)).collect()
    }

    fn to_toml(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(Value::to_toml).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

fn one<T: Value>(item: &Input, bounds: Bounds) -> Result<T, String> {
    T::from_input(item, bounds).map_err(|expected| {
        if T::SECRET { format!("each to be {expected}") } else { format!("{expected}, not {item}") }
    })
}

fn expected<T: Value>(bounds: Bounds) -> String {
    T::from_input(&Input::Other(""), bounds).err().unwrap_or_default()
}

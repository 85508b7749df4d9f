//! What an operator types to find a row.

/// A piece of text that is looked for, in whatever case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(String);

impl Search {
    /// Looks for this.
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// Whether the text has it. Thousands of rows are asked, so that what is plain is compared as it stands.
    pub fn is_in(&self, text: &str) -> bool {
        let wanted = self.0.as_bytes();
        if wanted.is_empty() {
            return true;
        }
        if !self.0.is_ascii() || !text.is_ascii() {
            return text.to_lowercase().contains(&self.0);
        }
        let text = text.as_bytes();
        let last = text.len().checked_sub(wanted.len());
        last.is_some_and(|last| {
            (0..=last).any(|at| {
                text[at].to_ascii_lowercase() == wanted[0]
                    && text[at + 1..at + wanted.len()].eq_ignore_ascii_case(&wanted[1..])
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_nothing_and_a_part_is_enough() {
        for (wanted, text) in
            [("AD", "ada"), ("d", "ADA"), ("", "x"), ("éT", "l'Été"), ("10.0", "10.0.0.1:1")]
        {
            assert!(Search::new(wanted).is_in(text), "{wanted} in {text}");
        }
        for (wanted, text) in [("adam", "ada"), ("é", "e"), ("x", "")] {
            assert!(!Search::new(wanted).is_in(text), "{wanted} in {text}");
        }
    }
}

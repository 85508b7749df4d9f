//! What a terminal shows, as far as the programs under test use it (ECMA-48): where the cursor is put, what is printed
//! there, and what is erased.

/// Lines and columns of characters.
pub(crate) struct Screen {
    cells: Vec<Vec<char>>,
    line: usize,
    column: usize,
    /// A sequence that is not over.
    pending: String,
}

impl Screen {
    pub(crate) fn new(lines: usize, columns: usize) -> Self {
        Self { cells: vec![vec![' '; columns]; lines], line: 0, column: 0, pending: String::new() }
    }

    /// Takes what was written to it.
    pub(crate) fn take(&mut self, text: &str) {
        for c in text.chars() {
            if !self.pending.is_empty() {
                self.pending.push(c);
                self.sequence(c);
                continue;
            }
            match c {
                '\x1b' => self.pending.push(c),
                '\r' => self.column = 0,
                '\n' => self.line = (self.line + 1).min(self.cells.len() - 1),
                c if c.is_control() => {}
                c => self.print(c),
            }
        }
    }

    /// What is to be read on it.
    pub(crate) fn text(&self) -> String {
        let lines = self.cells.iter().map(|line| line.iter().collect::<String>());
        lines.map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn print(&mut self, c: char) {
        if let Some(cell) = self.cells.get_mut(self.line).and_then(|line| line.get_mut(self.column)) {
            *cell = c;
        }
        self.column += 1;
    }

    fn sequence(&mut self, last: char) {
        let is_csi = self.pending.starts_with("\x1b[");
        if !is_csi {
            // Two characters, but for those that begin a longer one.
            if self.pending.len() > 1 && last != '[' {
                self.pending.clear();
            }
            return;
        }
        if self.pending.len() == 2 || !('@'..='~').contains(&last) {
            return;
        }
        let sequence = std::mem::take(&mut self.pending);
        let numbers: Vec<usize> =
            sequence[2..sequence.len() - 1].split(';').map(|number| number.parse().unwrap_or(0)).collect();
        match last {
            'H' => {
                self.line = numbers[0].max(1) - 1;
                self.column = numbers.get(1).copied().unwrap_or(1).max(1) - 1;
            }
            'J' => self.cells.iter_mut().for_each(|line| line.fill(' ')),
            'K' => self.cells[self.line][self.column..].fill(' '),
            'h' | 'l' if sequence.contains("?1049") => {
                self.cells.iter_mut().for_each(|line| line.fill(' '));
            }
            _ => {}
        }
    }
}

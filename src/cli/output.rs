//! Results, on standard output: as text for people, or as JSON, one object per line.

use serde::Serialize;
use std::io::{self, Write};

/// Where results go.
#[derive(Clone, Copy)]
pub(super) struct Output {
    /// Whether programs read them.
    pub json: bool,
}

impl Output {
    /// Prints a result for programs alone.
    pub fn print_json(self, object: &impl Serialize) -> io::Result<()> {
        if self.json { self.print(String::new, object) } else { Ok(()) }
    }

    /// Prints a result for people alone.
    pub fn print_text(self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.print(|| text.to_owned(), &()) }
    }

    /// Prints a result. A reader that has gone away (`| head`) is no error.
    pub fn print(self, text: impl FnOnce() -> String, object: &impl Serialize) -> io::Result<()> {
        let line = if self.json { serde_json::to_string(object)? } else { text() };
        let mut out = io::stdout().lock();
        match writeln!(out, "{}", line.trim_end()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}

/// Lays rows out in columns: the first one to the left, the others to the right.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let space = " ".repeat(width - cell.chars().count());
            if column == 0 { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

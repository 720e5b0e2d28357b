//! CSV (RFC 4180) with a header.
//!
//! Owns: records and their columns. Does not own: quoting (crate `csv-core`, which allocates nothing).

use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};

use crate::cli::user::import::rows::{COLUMNS, Fields, LONGEST, Row};

/// Cells of a record at most.
const MOST_CELLS: usize = 32;

/// The rows of a CSV file.
pub(super) struct Csv<R> {
    records: Records<R>,
    /// Which of [`COLUMNS`] each cell is.
    columns: Vec<usize>,
}

impl<R: BufRead> Csv<R> {
    /// Reads the header.
    pub(super) fn open(input: R) -> io::Result<Self> {
        let mut records =
            Records { input, parser: Reader::new(), line: 1, bytes: vec![0; LONGEST], ends: vec![0; MOST_CELLS] };
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let (_, header) =
            records.next()?.ok_or_else(|| invalid("it is empty; the first row names columns".to_owned()))?;
        let columns = columns(&header.map_err(invalid)?).map_err(invalid)?;
        Ok(Self { records, columns })
    }

    /// The next row.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        let Some((line, cells)) = self.records.next()? else { return Ok(None) };
        let fields = cells.and_then(|cells| self.fields(cells));
        Ok(Some(Row { line, fields }))
    }

    fn fields(&self, cells: Vec<String>) -> Result<Fields, String> {
        if cells.len() != self.columns.len() {
            let (has, wants) = (cells.len(), self.columns.len());
            return Err(format!("it has {has} cells and the header {wants}: is a quote not closed?"));
        }
        let mut fields = Fields::default();
        for (cell, column) in cells.into_iter().zip(&self.columns) {
            fields.set(COLUMNS.get(*column).copied().unwrap_or_default(), cell)?;
        }
        Ok(fields)
    }
}

fn columns(header: &[String]) -> Result<Vec<usize>, String> {
    let mut columns = Vec::new();
    for name in header {
        let known = COLUMNS.iter().position(|column| *column == name.trim()).ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            format!("the header has an unknown column \"{}\"; columns are {}", name.escape_debug(), COLUMNS.join(", "))
        })?;
        if columns.contains(&known) {
            return Err(format!("the header has the column {} twice", name.trim()));
        }
        columns.push(known);
    }
    if columns.contains(&0) { Ok(columns) } else { Err("the header has no column username".to_owned()) }
}

/// A record's first line, and its cells or why there are none.
type Record = (u64, Result<Vec<String>, String>);

/// Splits a file into records through buffers that never grow.
struct Records<R> {
    input: R,
    parser: Reader,
    /// Of the next byte, counted from one.
    line: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Records<R> {
    fn next(&mut self) -> io::Result<Option<Record>> {
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let begins = self.line;
        let (mut used, mut cells, mut too_long) = (0, 0, false);
        loop {
            let input = self.input.fill_buf()?;
            let (bytes, ends) = (self.bytes.get_mut(used..), self.ends.get_mut(cells..));
            let (result, read, written, ended) =
                self.parser.read_record(input, bytes.unwrap_or_default(), ends.unwrap_or_default());
            self.line += newlines(input.get(..read).unwrap_or_default());
            self.input.consume(read);
            (used, cells) = (used + written, cells + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                // What is too long is read to its end all the same, and over itself.
                ReadRecordResult::OutputFull => (used, too_long) = (0, true),
                ReadRecordResult::OutputEndsFull => (cells, too_long) = (0, true),
                ReadRecordResult::Record if too_long => {
                    return Ok(Some((begins, Err("it is too long: is a quote not closed?".to_owned()))));
                }
                ReadRecordResult::Record => return Ok(Some((begins, self.cells(cells)))),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Whether anything follows. The line break that ends a record is skipped here, too.
    fn skip_blank_lines(&mut self) -> io::Result<bool> {
        loop {
            let input = self.input.fill_buf()?;
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let (all, any) = (blank == input.len(), !input.is_empty());
            self.line += newlines(input.get(..blank).unwrap_or_default());
            self.input.consume(blank);
            if !all || !any {
                return Ok(any);
            }
        }
    }

    fn cells(&self, count: usize) -> Result<Vec<String>, String> {
        let mut from = 0;
        let mut cells = Vec::with_capacity(count);
        for end in self.ends.iter().take(count) {
            let cell = self.bytes.get(from..*end).unwrap_or_default();
            cells.push(String::from_utf8(cell.to_vec()).map_err(|_| "it is not UTF-8")?);
            from = *end;
        }
        Ok(cells)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// A row: line, username and e-mail, or the reason.
    type Seen = (u64, Result<(String, String), String>);

    /// Every row of a text, read through a buffer of a few bytes.
    fn rows(text: &str) -> Vec<Seen> {
        let mut csv = Csv::open(BufReader::with_capacity(7, text.as_bytes())).unwrap();
        let mut rows = Vec::new();
        while let Some(Row { line, fields }) = csv.next().unwrap() {
            rows.push((line, fields.map(|fields| (fields.username, fields.email))));
        }
        rows
    }

    fn ok(line: u64, username: &str, email: &str) -> Seen {
        (line, Ok((username.to_owned(), email.to_owned())))
    }

    #[test]
    fn quotes_line_ends_and_blank_lines_are_those_of_rfc_4180() {
        for end in ["\n", "\r\n"] {
            let text = ["email,username", "a@b,ada", "", "\"x\"\"y\",\"b,\nob\"", "c@d,\"e\"", "", "f@g,eve"].join(end);
            let expected = [ok(2, "ada", "a@b"), ok(4, "b,\nob", "x\"y"), ok(6, "e", "c@d"), ok(8, "eve", "f@g")];
            assert_eq!(rows(&text), expected, "{end:?}");
            let marked = format!("\u{feff}{text}{end}");
            assert_eq!(rows(&marked), expected, "with a mark before and a line end behind");
        }
    }

    #[test]
    fn a_record_that_does_not_fit_is_named_and_the_next_one_read() {
        let long = "x".repeat(LONGEST + 10);
        let many = ",".repeat(MOST_CELLS * 3);
        let text = format!("username,email\n{long},a\nada,a@b\n{many}\none\nbob,b@c\na,\"not closed\neve,e@f\n");
        let rows = rows(&text);
        let lines: Vec<_> = rows.iter().map(|(line, row)| (*line, row.is_ok())).collect();
        assert_eq!(lines, [(2, false), (3, true), (4, false), (5, false), (6, true), (7, true)]);
    }

    #[test]
    fn a_header_that_names_no_or_unknown_columns_is_refused() {
        for (text, word) in [
            ("", "empty"),
            ("email,name\n", "username"),
            ("username,passwort\n", "passwort"),
            ("username,email,username\n", "twice"),
        ] {
            let error = Csv::open(text.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_in_their_row() {
        let mut csv = Csv::open(&b"username\n\xff\xfe\nada\n"[..]).unwrap();
        assert!(csv.next().unwrap().unwrap().fields.is_err());
        assert_eq!(csv.next().unwrap().unwrap().fields.unwrap().username, "ada");
    }
}

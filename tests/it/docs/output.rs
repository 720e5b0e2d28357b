//! What a page shows of an output, against what came.
//!
//! Owns: the meaning of `…`. Does not own: where either comes from.

/// Whether the output is the one that is shown.
pub fn is_shown(shown: &[String], output: &str) -> bool {
    let shown: Vec<&str> = trimmed(shown.iter().map(String::as_str));
    let lines: Vec<&str> = trimmed(output.lines());
    lines_fit(&shown, &lines)
}

/// Without white space at the ends of lines, and without empty lines at the end.
fn trimmed<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut lines: Vec<&str> = lines.map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

fn lines_fit(shown: &[&str], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| lines_fit(rest, &lines[skipped..])),
        Some((first, rest)) => {
            lines.split_first().is_some_and(|(line, others)| line_fits(first, line) && lines_fit(rest, others))
        }
    }
}

fn line_fits(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((before, rest)) => line.strip_prefix(before).is_some_and(|left| {
            left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| line_fits(rest, &left[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(shown: &str, output: &str) -> bool {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        is_shown(&shown, output)
    }

    #[test]
    fn dots_stand_for_anything_and_the_rest_for_itself() {
        assert!(fits("a\nb", "a  \nb\n\n"));
        assert!(fits("{\"sub\":\"…\",\"x\":…}", "{\"sub\":\"123\",\"x\":4}\n"));
        assert!(fits("a\n…\nz", "a\nz\n") && fits("a\n…\nz", "a\nb\nc\nz\n") && fits("…", ""));
        assert!(!fits("a", "a\nb") && !fits("a\nb", "a") && !fits("a…c", "ab") && !fits("…x…", "abc"));
    }
}

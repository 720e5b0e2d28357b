//! Reads Rust just well enough: code without comments and literals, without its tests, and the paths it names.
//!
//! Owns: that reading. Does not own: what is allowed (`architecture.rs`).

/// The code alone: comments and the insides of literals become spaces; line breaks stay.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let end = match (c, chars.get(at + 1)) {
            ('/', Some('/')) => until(&chars, at, |rest| rest[0] == '\n'),
            ('/', Some('*')) => until(&chars, at + 2, |rest| rest.starts_with(&['*', '/'])) + 2,
            ('r', Some('"' | '#')) if !continues_word(&chars, at) => raw_string_end(&chars, at),
            ('"', _) => string_end(&chars, at + 1),
            // A character, not a lifetime: a quote follows after one character or an escape.
            ('\'', Some('\\')) => until(&chars, at + 3, |rest| rest[0] == '\'') + 1,
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end == at {
            out.push(c);
            at += 1;
        } else {
            let end = end.min(chars.len());
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn until(chars: &[char], from: usize, stop: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| stop(&chars[*at..])).unwrap_or(chars.len())
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while let Some(c) = chars.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at; // a raw identifier
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', hashes));
    until(chars, at + 2 + hashes, |rest| rest.starts_with(&close)) + close.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn continues_word(chars: &[char], at: usize) -> bool {
    at > 0 && is_word(chars[at - 1])
}

/// The code without `#[cfg(test)]` items.
pub(crate) fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let rest = &out[start..];
        let brace = rest.find('{');
        let end = match (brace, rest.find(';')) {
            (Some(brace), semicolon) if semicolon.is_none_or(|semicolon| brace < semicolon) => {
                start + brace + block_length(&rest[brace..])
            }
            (_, Some(semicolon)) => start + semicolon + 1,
            _ => out.len(),
        };
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

fn block_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

pub(crate) fn is_test_file(path: &str) -> bool {
    // `contract/` is the suite of a port, which every backend of it passes.
    let folder = ["/tests/", "/contract/"].iter().any(|folder| path.contains(folder));
    folder || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// Where `name` stands as a whole path segment that begins a path, with its line number.
pub(crate) fn heads(code: &str, name: &str) -> Vec<(usize, usize)> {
    code.match_indices(name)
        .filter(|(at, _)| {
            let before = &code[..*at];
            let after = code[at + name.len()..].chars().next();
            let starts = !before.ends_with(is_word) && (!before.ends_with("::") || before.ends_with(" ::"));
            starts && !after.is_some_and(is_word) && !before.ends_with('.')
        })
        .map(|(at, _)| (at, code[..at].matches('\n').count() + 1))
        .collect()
}

/// The first segments after a path prefix: one, or each of a `{…}` group.
fn segments(after: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = after.strip_prefix('{') else { return vec![word(after)] };
    let mut depth = 0_usize;
    let mut entry = String::new();
    let mut out = Vec::new();
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => {
                out.push(word(&std::mem::take(&mut entry)));
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        entry.push(c);
    }
    out.push(word(&entry));
    out.retain(|name| !name.is_empty());
    out
}

/// What a file names by `crate::…`, `vestibule::…` or `super::…` that climbs out of its room: a path of
/// one or two segments, with the line.
pub(crate) fn imports(path: &str, code: &str) -> Vec<(Vec<String>, usize)> {
    let mut out = Vec::new();
    for prefix in ["crate", "vestibule"] {
        for (at, line) in heads(code, prefix) {
            if let Some(rest) = code[at + prefix.len()..].strip_prefix("::") {
                for room in segments(rest) {
                    let second = rest.strip_prefix(&format!("{room}::")).map(segments).unwrap_or_default();
                    if second.is_empty() {
                        out.push((vec![room], line));
                    } else {
                        out.extend(second.into_iter().map(|second| (vec![room.clone(), second], line)));
                    }
                }
            }
        }
    }
    let here: Vec<&str> = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    for (at, line) in heads(code, "super") {
        let mut rest = &code[at..];
        let mut climbed = 0;
        while let Some(shorter) = rest.strip_prefix("super::") {
            rest = shorter;
            climbed += 1;
        }
        let kept = &here[..here.len().saturating_sub(climbed)];
        if climbed > 0 && kept.len() < 2 {
            for name in segments(rest) {
                out.push((kept.iter().map(|part| (*part).to_owned()).chain([name]).collect(), line));
            }
        }
    }
    out
}

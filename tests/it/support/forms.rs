//! Reads the forms of a page as a browser without scripts does.
//!
//! Owns: tags, attributes, entities. Does not own: sending what was filled in (`agent`).

/// A form: where it goes, and what it sends as it stands.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub action: String,
    pub method: String,
    /// Inputs with a name, in order: (name, value, type). Buttons are not among them.
    pub inputs: Vec<(String, String, String)>,
    /// Submit buttons with a name: (name, value).
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// What is sent when nothing is typed and no button is named.
    pub fn fields(&self) -> Vec<(String, String)> {
        self.inputs.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect()
    }

    /// The names of the inputs of that type.
    pub fn names(&self, kind: &str) -> Vec<&str> {
        self.inputs.iter().filter(|(_, _, found)| found == kind).map(|(name, _, _)| name.as_str()).collect()
    }

    /// The value of an input.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.inputs.iter().find(|(known, _, _)| known == name).map(|(_, value, _)| value.as_str())
    }
}

/// One start or end tag.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every form of a page.
pub fn forms(html: &str) -> Vec<Form> {
    let mut out: Vec<Form> = Vec::new();
    let mut inside = false;
    for tag in tags(html) {
        let owned = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        match tag.name.as_str() {
            "form" => {
                let method = tag.get("method").unwrap_or("get").to_lowercase();
                out.push(Form { action: owned("action"), method, ..Form::default() });
                inside = true;
            }
            "/form" => inside = false,
            "input" if inside && tag.get("name").is_some() => {
                let kind = tag.get("type").unwrap_or("text").to_owned();
                let form = out.last_mut().expect("inside");
                if kind == "submit" {
                    form.buttons.push((owned("name"), owned("value")));
                } else if kind != "checkbox" || tag.get("checked").is_some() {
                    form.inputs.push((owned("name"), owned("value"), kind));
                }
            }
            "button" if inside && tag.get("name").is_some() => {
                out.last_mut().expect("inside").buttons.push((owned("name"), owned("value")));
            }
            _ => {}
        }
    }
    out
}

/// Every attribute of that name in the page, decoded.
pub fn attributes(html: &str, name: &str) -> Vec<String> {
    tags(html).iter().filter_map(|tag| tag.get(name).map(str::to_owned)).collect()
}

/// The names of every tag in the page.
pub fn tag_names(html: &str) -> Vec<String> {
    tags(html).into_iter().map(|tag| tag.name).collect()
}

fn tags(html: &str) -> Vec<Tag> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = tag_end(rest);
        let (inside, after) = rest.split_at(end);
        out.push(tag(inside));
        rest = after;
    }
    out
}

/// The end of a tag: the first `>` outside quotes.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn tag(text: &str) -> Tag {
    let name_end = text.find(|c: char| c.is_whitespace()).unwrap_or(text.len());
    let name = text[..name_end].trim_end_matches('/').to_lowercase();
    let mut attributes = Vec::new();
    let mut rest = text[name_end..].trim_start();
    while !rest.is_empty() && rest != "/" {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let key = rest[..end].to_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (raw, next) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            value = decode(raw);
            rest = next.trim_start();
        }
        if key.is_empty() {
            break;
        }
        attributes.push((key, value));
    }
    Tag { name, attributes }
}

/// Decodes character references.
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((name, next)) = after.split_once(';') else {
            out.push('&');
            rest = after;
            continue;
        };
        let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        });
        match (name, number.and_then(char::from_u32)) {
            (_, Some(c)) => out.push(c),
            ("amp", _) => out.push('&'),
            ("lt", _) => out.push('<'),
            ("gt", _) => out.push('>'),
            ("quot", _) => out.push('"'),
            _ => panic!("unknown reference &{name};"),
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

#[test]
fn a_form_is_read_as_a_browser_reads_it() {
    let html = r#"<!-- <form action="/no"> --><form method="post" action='/login?id=1&amp;x=2'>
        <input type="hidden" name="csrf" value="a&#x2F;b&quot;>"><input name=username required autofocus />
        <input type="password" name="password"><button name="decision" value="allow">Allow</button></form><input name="out">"#;
    let [form] = forms(html).try_into().expect("one form");
    assert_eq!((form.action.as_str(), form.method.as_str()), ("/login?id=1&x=2", "post"));
    assert_eq!(form.value("csrf"), Some("a/b\">"));
    assert_eq!(form.names("password"), ["password"]);
    assert_eq!(form.buttons, [("decision".to_owned(), "allow".to_owned())]);
    assert_eq!(form.inputs.len(), 3);
}

//! `[log] redact`: fields whose values are left out of every line.
//!
//! Owns: leaving them out, of lines for people and of JSON. Does not own: secrets, which never reach a log
//! line in the first place.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// What stands in the place of a value.
const REDACTED: &str = "[redacted]";

/// The names of those fields; at least one.
#[derive(Debug, Clone)]
pub(super) struct Names(Arc<[String]>);

impl Names {
    /// `None` when nothing is left out.
    pub(super) fn new(names: &[String]) -> Option<Self> {
        (!names.is_empty()).then(|| Self(names.into()))
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// A line of JSON without the values; one that cannot be read is left out whole, as it could hold them.
    pub(super) fn in_json(&self, line: &[u8]) -> Vec<u8> {
        let Ok(mut object) = serde_json::from_slice::<Map<String, Value>>(line) else {
            return b"{\"level\":\"WARN\",\"message\":\"a log line could not be redacted and was left out\"}\n"
                .to_vec();
        };
        self.redact(&mut object);
        let mut text = Value::Object(object).to_string().into_bytes();
        text.push(b'\n');
        text
    }

    fn redact(&self, object: &mut Map<String, Value>) {
        for (name, value) in object {
            if self.has(name) {
                *value = Value::from(REDACTED);
            } else if let Value::Object(inner) = value {
                self.redact(inner);
            }
        }
    }
}

/// The fields of a line for people.
#[derive(Debug)]
pub(super) struct Fields(Option<Names>);

impl Fields {
    /// With these names left out.
    pub(super) const fn new(names: Option<Names>) -> Self {
        Self(names)
    }
}

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Redacting { inner: DefaultVisitor::new(writer, true), names: self.0.as_ref() };
        fields.record(&mut visitor);
        visitor.inner.finish()
    }
}

struct Redacting<'a, 'w> {
    inner: DefaultVisitor<'w>,
    names: Option<&'a Names>,
}

impl Redacting<'_, '_> {
    fn is_redacted(&mut self, field: &Field) -> bool {
        let redacted = self.names.is_some_and(|names| names.has(field.name()));
        if redacted {
            self.inner.record_debug(field, &format_args!("{REDACTED}"));
        }
        redacted
    }
}

impl Visit for Redacting<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !self.is_redacted(field) {
            self.inner.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        if !self.is_redacted(field) {
            self.inner.record_error(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !self.is_redacted(field) {
            self.inner.record_debug(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use super::*;

    fn names() -> Names {
        Names::new(&["email".to_owned(), "address".to_owned()]).unwrap()
    }

    #[test]
    fn lines_of_json_lose_the_values_wherever_they_stand() {
        let line =
            br#"{"message":"m","email":"ada@example.com","span":{"address":"192.0.2.7","request_id":"r"},"n":1}"#;
        let redacted: Value = serde_json::from_slice(&names().in_json(line)).unwrap();
        assert_eq!(redacted["email"], REDACTED);
        assert_eq!(redacted["span"]["address"], REDACTED);
        assert_eq!(
            (&redacted["message"], &redacted["span"]["request_id"], &redacted["n"]),
            (&"m".into(), &"r".into(), &1.into())
        );
        let broken = String::from_utf8(names().in_json(b"email=ada@example.com")).unwrap();
        assert!(!broken.contains("ada@") && broken.ends_with('\n'), "{broken}");
    }

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_for_people_lose_them_too_and_keep_the_rest() {
        let out = Shared::default();
        let writer = out.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .fmt_fields(Fields::new(Some(names())))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", address = "192.0.2.7", request_id = "r").entered();
            let error = io::Error::other("no");
            tracing::info!(email = "ada@example.com", status = 200, error = &error as &dyn std::error::Error, "said");
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("ada@") && !text.contains("192.0.2.7"), "{text}");
        for kept in ["email=[redacted]", "address=[redacted]", "status=200", "error=no", "said", "request_id"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}

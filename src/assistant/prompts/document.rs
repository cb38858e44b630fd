//! A TOML file, taken apart field by field, so that one fault does not hide the others.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::PromptsError;
use super::error::Text;

/// What is left to be read of a file.
pub(super) struct Document<'a> {
    text: Text<'a>,
    fields: DeTable<'a>,
    /// Broken beyond that: that something is missing then means nothing.
    is_broken: bool,
    faults: &'a mut Vec<PromptsError>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(text: Text<'a>, faults: &'a mut Vec<PromptsError>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text.part);
        let is_broken = !errors.is_empty();
        faults.extend(errors.iter().map(|error| fault(&text, error)));
        let fields = if is_broken { DeTable::default() } else { table.into_inner() };
        Self { text, fields, is_broken, faults }
    }

    /// A field that must be there.
    pub(super) fn one<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let Some(value) = self.fields.remove(name) else {
            if !self.is_broken {
                self.faults.push(self.text.fault(None, format!("`{name}` is missing")));
            }
            return T::default();
        };
        self.read(ValueDeserializer::from(value)).unwrap_or_default()
    }

    /// The tables of this name; none where there is none.
    pub(super) fn each<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        let Some(value) = self.fields.remove(name) else { return Vec::new() };
        let at = value.span().start;
        let DeValue::Array(items) = value.into_inner() else {
            let sentence = format!("`{name}` must be tables, each begun by [[{name}]]");
            self.faults.push(self.text.fault(Some(at), sentence));
            return Vec::new();
        };
        items.into_iter().filter_map(|item| self.read(ValueDeserializer::from(item))).collect()
    }

    /// Fields that nobody has asked for are misspelled.
    pub(super) fn finish(self) {
        for name in self.fields.keys() {
            let sentence = format!("there is no field `{name}`");
            self.faults.push(self.text.fault(Some(name.span().start), sentence));
        }
    }

    fn read<T: DeserializeOwned>(&mut self, value: ValueDeserializer<'_>) -> Option<T> {
        match T::deserialize(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(fault(&self.text, &error));
                None
            }
        }
    }
}

/// All of a text as one value; its faults, where it is none.
pub(super) fn read<T: DeserializeOwned>(
    text: &Text<'_>,
    faults: &mut Vec<PromptsError>,
) -> Option<T> {
    let (table, errors) = DeTable::parse_recoverable(text.part);
    faults.extend(errors.iter().map(|error| fault(text, error)));
    if !errors.is_empty() {
        return None;
    }
    let at = table.span();
    let whole = toml::Spanned::new(at, DeValue::Table(table.into_inner()));
    let read = T::deserialize(ValueDeserializer::from(whole));
    read.map_err(|error| faults.push(fault(text, &error))).ok()
}

fn fault(text: &Text<'_>, error: &toml::de::Error) -> PromptsError {
    text.fault(error.span().map(|span| span.start), error.message())
}

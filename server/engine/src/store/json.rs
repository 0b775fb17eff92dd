//! Typed values in JSON columns, and text that both databases take.

use super::{StoreError, StoreResult};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fmt::Display, str::FromStr};

/// A value as a JSON column; NUL characters, which PostgreSQL cannot keep, become U+FFFD.
pub(super) fn to_json(value: &impl Serialize) -> Value {
    // Berth's own types have string keys only, so this cannot fail.
    let mut json = serde_json::to_value(value).unwrap_or(Value::Null);
    scrub(&mut json);
    json
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Object(fields) => fields.values_mut().for_each(scrub),
        _ => {}
    }
}

/// Text without NUL characters.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Where a value was found, for the report when it is impossible.
#[derive(Clone, Copy)]
pub(super) struct At<I> {
    pub table: &'static str,
    pub id: I,
}

impl<I: Display + Copy> At<I> {
    /// The value of a JSON column.
    pub fn json<T: DeserializeOwned>(self, column: &'static str, value: Value) -> StoreResult<T> {
        serde_json::from_value(value).map_err(|why| StoreError::corrupt(self.table, column, self.id, why))
    }

    /// The value of a text column: a name, a word of an enum.
    pub fn text<T: FromStr>(self, column: &'static str, value: &str) -> StoreResult<T>
    where
        T::Err: Display,
    {
        value.parse().map_err(|why| StoreError::corrupt(self.table, column, self.id, why))
    }

    /// A number in its own type.
    pub fn number<T: TryFrom<N>, N: Display + Copy>(self, column: &'static str, value: N) -> StoreResult<T> {
        let wrong = |_| StoreError::corrupt(self.table, column, self.id, format!("{value} is out of range"));
        T::try_from(value).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_characters_do_not_reach_the_database() {
        assert_eq!(to_json(&vec!["a\0b", "c"]), serde_json::json!(["a\u{fffd}b", "c"]));
    }

    #[test]
    fn an_impossible_value_names_its_row() {
        let at = At { table: "services", id: 7 };
        let error = at.text::<u8>("state", "x").unwrap_err();
        assert!(error.to_string().starts_with("the row 7 of services has an impossible state"));
    }
}

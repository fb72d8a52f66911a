//! JSON objects of a few named members.

use serde_json::{Map, Value};

/// Returns the object of the members that have a value.
///
/// A slice, and one insertion each: the code that collects an iterator into a map, which sorts it
/// first, would be compiled again for each type of iterator.
pub(crate) fn object(members: &mut [(&str, Option<Value>)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in members {
        if let Some(value) = value.take() {
            object.insert((*name).to_owned(), value);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_without_a_value_are_left_out() {
        let object = object(&mut [("a", Some(1.into())), ("b", None), ("c", Some(Value::Null))]);
        assert_eq!(
            Value::Object(object),
            serde_json::json!({"a": 1, "c": null})
        );
    }
}

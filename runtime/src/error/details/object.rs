//! JSON objects of a few named members.

use serde_json::{Map, Value};

/// Returns the object of the members that have a value.
///
/// Not generic, as collecting an iterator into a map is: that code, which sorts first, would be
/// compiled again for each type of iterator.
pub(crate) fn object(members: &mut [(&str, Option<Value>)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in members {
        if let Some(value) = value.take() {
            object.insert((*name).to_owned(), value);
        }
    }
    object
}

/// Returns the object of members that are made one after the other; of two with one name, the last.
pub(crate) fn object_from(
    members: &mut dyn Iterator<Item = (String, Value)>,
) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in members {
        object.insert(name, value);
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

    #[test]
    fn last_member_of_a_name_stays() {
        let members = [("b", 1), ("a", 2), ("b", 3)];
        let mut members = members
            .map(|(name, n)| (name.to_owned(), n.into()))
            .into_iter();
        assert_eq!(
            Value::Object(object_from(&mut members)),
            serde_json::json!({"a": 2, "b": 3})
        );
    }
}

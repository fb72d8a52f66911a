//! A serializer into JSON that has a form for everything.
//!
//! It writes into a place that the caller owns, so that what was written before a failure is not
//! lost with the failing code's stack. The only error it reports is [`Stop`]: of its own, when the
//! budget is spent, so that a sequence without an end ends; and of the value's, which the place one
//! level up turns into a text.

use super::{
    object::object,
    text::{self, CUT, MAX_KEY},
};
use crate::panics;
use serde_core::{Serialize, ser};
use serde_json::{Map, Number, Value};
use std::fmt;

/// How deep containers nest before a text stands in their place.
pub(super) const MAX_DEPTH: usize = 32;
/// How many values one detail holds.
pub(super) const MAX_NODES: usize = 4096;
/// How many bytes of one text are kept.
pub(super) const MAX_TEXT: usize = 8 * 1024;
/// How many bytes of text one detail holds, keys included.
pub(super) const MAX_TEXTS: usize = 64 * 1024;

/// Returns the JSON form of any value; never fails, never panics, and is bounded in depth, number
/// of values and text.
///
/// What JSON has no form for becomes a text: keys that are not strings, NaN and infinities,
/// integers beyond 64 bits, bytes (in hexadecimal), and a value whose `Serialize` fails or panics.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Value {
    Budget::new().take(value)
}

/// What one detail may still use.
struct Budget {
    depth: usize,
    nodes: usize,
    text: usize,
}

/// Why a value's `Serialize` ends early.
#[derive(Debug)]
enum Stop {
    /// The budget is spent: what was written so far stands.
    Full,
    /// The value failed, with this text.
    Own(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too large"),
            Self::Own(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Own(text::display_bounded(&message, MAX_TEXT))
    }
}

impl Budget {
    fn new() -> Self {
        Self {
            depth: MAX_DEPTH,
            nodes: MAX_NODES,
            text: MAX_TEXTS,
        }
    }

    /// Returns the form of a value, whatever its `Serialize` does.
    fn take<T: Serialize + ?Sized>(&mut self, value: &T) -> Value {
        if self.depth == 0 {
            return self.text("… (nested too deeply)");
        }
        self.nodes = self.nodes.saturating_sub(1);
        self.depth -= 1;
        let depth = self.depth;
        let mut place = Value::Null;
        let into = Place {
            place: &mut place,
            budget: self,
        };
        let outcome = panics::catch(|| value.serialize(into));
        // A panic may have left deeper levels uncounted.
        self.depth = depth + 1;
        match outcome {
            Ok(Ok(()) | Err(Stop::Full)) => place,
            Ok(Err(Stop::Own(why))) => self.text(&format!("not serialisable: {why}")),
            Err(_) => self.text(&format!(
                "not serialisable: the Serialize of {} panicked",
                std::any::type_name::<T>()
            )),
        }
    }

    /// Returns the text form of a key: a string as it is, everything else as it would print in
    /// JSON.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> String {
        match self.take(key) {
            Value::String(text) if text.len() <= MAX_KEY => text,
            Value::String(text) => self.string(&text, MAX_KEY),
            other => self.string(&other.to_string(), MAX_KEY),
        }
    }

    fn is_spent(&self) -> bool {
        self.nodes == 0 || self.text == 0
    }

    fn text(&mut self, text: &str) -> Value {
        Value::String(self.string(text, MAX_TEXT))
    }

    fn string(&mut self, text: &str, max: usize) -> String {
        let kept = text::cut(text, max.min(self.text));
        self.text = self.text.saturating_sub(text.len().min(max));
        kept.into_owned()
    }
}

/// Where a value's form goes, and what it may use.
struct Place<'a> {
    place: &'a mut Value,
    budget: &'a mut Budget,
}

impl<'a> Place<'a> {
    fn put(self, value: impl Into<Value>) -> Result<(), Stop> {
        *self.place = value.into();
        Ok(())
    }

    fn put_text(self, text: &str) -> Result<(), Stop> {
        *self.place = self.budget.text(text);
        Ok(())
    }

    fn items(self) -> Items<'a> {
        *self.place = Value::Array(Vec::new());
        Items(self)
    }

    fn fields(self) -> Fields<'a> {
        *self.place = Value::Object(Map::new());
        Fields {
            into: self,
            key: String::new(),
            foreign_json: false,
        }
    }

    /// Puts `{ variant: place }` and goes on in that place.
    fn variant(self, name: &'static str) -> Place<'a> {
        *self.place = Value::Object(object(&mut [(name, Some(Value::Null))]));
        Place {
            place: &mut self.place[name],
            budget: self.budget,
        }
    }
}

/// Implements methods for values that JSON has.
macro_rules! put {
    ($($method:ident $type:ty;)*) => {$(
        fn $method(self, v: $type) -> Result<(), Stop> {
            self.put(v)
        }
    )*};
}

impl<'a> ser::Serializer for Place<'a> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    put! {
        serialize_bool bool;
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
    }

    fn serialize_i128(self, v: i128) -> Result<(), Stop> {
        match (i64::try_from(v), u64::try_from(v)) {
            (Ok(v), _) => self.put(v),
            (_, Ok(v)) => self.put(v),
            _ => self.put_text(&v.to_string()),
        }
    }

    fn serialize_u128(self, v: u128) -> Result<(), Stop> {
        match u64::try_from(v) {
            Ok(v) => self.put(v),
            Err(_) => self.put_text(&v.to_string()),
        }
    }

    fn serialize_f32(self, v: f32) -> Result<(), Stop> {
        // Through its shortest text, so that 0.1 does not become 0.10000000149011612.
        let v: f64 = v.to_string().parse().unwrap_or(f64::from(v));
        self.serialize_f64(v)
    }

    fn serialize_f64(self, v: f64) -> Result<(), Stop> {
        match Number::from_f64(v) {
            Some(number) => self.put(number),
            None => self.put_text(&v.to_string()),
        }
    }

    fn serialize_char(self, v: char) -> Result<(), Stop> {
        self.put_text(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<(), Stop> {
        self.put_text(v)
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), Stop> {
        use fmt::Write;
        // One digit pair more than fits, so that the cut is marked.
        let mut hex = String::from("0x");
        for byte in v.iter().take(MAX_TEXT / 2) {
            let _ = write!(hex, "{byte:02x}");
        }
        self.put_text(&hex)
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        self.serialize_newtype_struct("Some", value)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.put(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Stop> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Stop> {
        self.put_text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        // Counted like a level, for a chain of wrappers can be as deep as one of lists.
        *self.place = self.budget.take(value);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.variant(variant).serialize_newtype_struct(name, value)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Items<'a>, Stop> {
        Ok(self.items())
    }

    fn serialize_tuple(self, _len: usize) -> Result<Items<'a>, Stop> {
        Ok(self.items())
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Items<'a>, Stop> {
        Ok(self.items())
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Items<'a>, Stop> {
        Ok(self.variant(variant).items())
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Fields<'a>, Stop> {
        Ok(self.fields())
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Fields<'a>, Stop> {
        // serde_json hands over numbers of any precision and raw JSON as structs of such names, if
        // its features of that kind are on anywhere in the tree.
        let foreign_json = name.starts_with("$serde_json::private::");
        Ok(Fields {
            foreign_json,
            ..self.fields()
        })
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Fields<'a>, Stop> {
        Ok(self.variant(variant).fields())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Stop> {
        let text = text::display_bounded(&value, MAX_TEXT);
        *self.place = self.budget.text(&text);
        Ok(())
    }
}

/// Writes the items of a list.
struct Items<'a>(Place<'a>);

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let Place {
            place: Value::Array(items),
            budget,
        } = &mut self.0
        else {
            return Ok(());
        };
        if budget.is_spent() {
            items.push(CUT.into());
            return Err(Stop::Full);
        }
        items.push(budget.take(value));
        Ok(())
    }
}

/// Writes the fields of an object.
struct Fields<'a> {
    into: Place<'a>,
    /// The key whose value comes next.
    key: String,
    foreign_json: bool,
}

impl Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Stop> {
        let Place {
            place: Value::Object(fields),
            budget,
        } = &mut self.into
        else {
            return Ok(());
        };
        if budget.is_spent() {
            fields.insert("…".into(), CUT.into());
            return Err(Stop::Full);
        }
        let value = budget.take(value);
        fields.insert(distinct(key, fields), value);
        Ok(())
    }

    fn finish(self) -> Result<(), Stop> {
        if self.foreign_json
            && let Value::Object(fields) = &*self.into.place
            && let Some(Value::String(json)) = fields.values().next()
        {
            // What of it is too long or too deep to be read again is kept as text.
            *self.into.place = serde_json::from_str(json).unwrap_or_else(|_| json.clone().into());
        }
        Ok(())
    }
}

/// Implements the traits of lists and tuples, which differ in the name of their one method.
macro_rules! lists {
    ($($trait:ident $method:ident;)*) => {$(
        impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.item(value)
            }

            fn end(self) -> Result<(), Stop> {
                Ok(())
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.key = self.into.budget.key(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let key = std::mem::take(&mut self.key);
        self.field(key, value)
    }

    fn end(self) -> Result<(), Stop> {
        self.finish()
    }
}

/// Implements the traits of structs, which differ in name alone.
macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Fields<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Stop> {
                self.field(key.to_owned(), value)
            }

            fn end(self) -> Result<(), Stop> {
                self.finish()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

/// Returns the key, or where two keys have the same text (as 1 and "1"), the key with a number.
fn distinct(key: String, fields: &Map<String, Value>) -> String {
    if !fields.contains_key(&key) {
        return key;
    }
    // The number of fields is an upper bound of those with equal names.
    let free = (2..=fields.len() + 2)
        .map(|n| format!("{key}#{n}"))
        .find(|name| !fields.contains_key(name));
    free.unwrap_or(key)
}

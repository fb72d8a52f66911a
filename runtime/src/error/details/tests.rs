use super::{
    serializer::{MAX_DEPTH, MAX_NODES, MAX_TEXT, MAX_TEXTS},
    text::{CUT, MAX_KEY},
    *,
};
use serde::{
    Serialize,
    ser::{Error, SerializeMap, SerializeSeq, SerializeStruct},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

struct Fails;
impl Serialize for Fails {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("no form for this"))
    }
}

struct Panics;
impl Serialize for Panics {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("a faulty Serialize")
    }
}

struct HalfWay;
impl Serialize for HalfWay {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut fields = s.serialize_struct("HalfWay", 2)?;
        fields.serialize_field("first", &1)?;
        panic!("after the first field")
    }
}

#[test]
fn values_that_json_can_hold_have_the_form_of_serde_json() {
    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(u8),
        Tuple(u8, char),
        Struct { a: Option<u8>, b: () },
    }
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Everything {
        kinds: Vec<Kind>,
        map: BTreeMap<i32, &'static str>,
        wrapped: std::num::Wrapping<i64>,
        floats: (f64, f64),
        unit: Unit,
        big: u64,
        small: i64,
        time: std::time::Duration,
        nested: Value,
        empty: (Vec<u8>, BTreeMap<String, u8>),
    }
    let all = Everything {
        kinds: vec![
            Kind::Unit,
            Kind::New(1),
            Kind::Tuple(2, 'é'),
            Kind::Struct { a: None, b: () },
        ],
        map: BTreeMap::from([(-1, "minus"), (2, "zwei")]),
        wrapped: std::num::Wrapping(5),
        floats: (0.5, -0.0),
        unit: Unit,
        big: u64::MAX,
        small: i64::MIN,
        time: std::time::Duration::new(1, 5),
        nested: json!({"a": [1, "b", null, {"c": 1.5}]}),
        empty: (vec![], BTreeMap::new()),
    };
    assert_eq!(to_value(&all), serde_json::to_value(&all).unwrap());
}

#[test]
fn values_that_json_cannot_hold_become_text() {
    assert_eq!(to_value(&f64::NAN), json!("NaN"));
    assert_eq!(
        to_value(&[f32::INFINITY, f32::NEG_INFINITY]),
        json!(["inf", "-inf"])
    );
    assert_eq!(
        to_value(&i128::MIN),
        json!("-170141183460469231731687303715884105728")
    );
    assert_eq!(
        to_value(&(u128::from(u64::MAX) + 1)),
        json!("18446744073709551616")
    );
    assert_eq!(
        to_value(&(1_i128, u128::from(u64::MAX), i128::from(u64::MAX))),
        json!([1, u64::MAX, u64::MAX])
    );
    assert_eq!(to_value(&0.1_f32), json!(0.1));
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_bytes(&[0, 255, 16])
        }
    }
    assert_eq!(to_value(&Bytes), json!("0x00ff10"));
}

#[test]
fn keys_of_any_type_become_text() {
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    enum Key {
        Name,
        Number(u8),
    }
    let map = BTreeMap::from([(Key::Name, 1), (Key::Number(7), 2)]);
    assert_eq!(to_value(&map), json!({"Name": 1, r#"{"Number":7}"#: 2}));
    assert_eq!(
        to_value(&BTreeMap::from([((1, 2), 'a')])),
        json!({"[1,2]": "a"})
    );
    assert_eq!(
        to_value(&HashMap::from([(true, 'a')])),
        json!({"true": "a"})
    );
    assert_eq!(
        to_value(&BTreeMap::from([(Some(3), 'a'), (None, 'b')])),
        json!({"3": "a", "null": "b"})
    );
    struct OddKeys;
    impl Serialize for OddKeys {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(None)?;
            map.serialize_entry(&f64::NAN, "nan")?;
            map.serialize_entry(&Fails, "fails")?;
            map.serialize_entry(&1, "number")?;
            map.serialize_entry("1", "text")?;
            map.end()
        }
    }
    let odd = to_value(&OddKeys);
    assert_eq!(
        (&odd["NaN"], &odd["1"], &odd["1#2"]),
        (&json!("nan"), &json!("number"), &json!("text"))
    );
    assert_eq!(odd["not serialisable: no form for this"], json!("fails"));
}

#[test]
fn failing_or_panicking_serialize_loses_its_own_field_only() {
    #[derive(Serialize)]
    struct Outer {
        before: u8,
        fails: Fails,
        panics: Vec<Panics>,
        half: Option<HalfWay>,
        after: u8,
    }
    let outer = Outer {
        before: 1,
        fails: Fails,
        panics: vec![Panics],
        half: Some(HalfWay),
        after: 2,
    };
    let form = to_value(&outer);
    assert_eq!((&form["before"], &form["after"]), (&json!(1), &json!(2)));
    assert_eq!(form["fails"], json!("not serialisable: no form for this"));
    let panicked = form["panics"][0].as_str().unwrap();
    assert!(panicked.contains("Panics panicked"), "{panicked}");
    assert!(
        form["half"].as_str().unwrap().contains("HalfWay panicked"),
        "{form}"
    );
    assert!(to_value(&Panics).as_str().unwrap().contains("panicked"));
}

#[test]
fn panic_in_the_display_of_a_failure_becomes_text() {
    struct Odd;
    impl fmt::Display for Odd {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a faulty Display")
        }
    }
    struct FailsOddly;
    impl Serialize for FailsOddly {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom(Odd))
        }
    }
    struct Collects;
    impl Serialize for Collects {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_str(&Odd)
        }
    }
    assert_eq!(
        to_value(&FailsOddly),
        json!("not serialisable: (its Display panicked)")
    );
    assert_eq!(to_value(&Collects), json!("(its Display panicked)"));
}

#[test]
fn endless_nesting_is_cut() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut list = s.serialize_seq(None)?;
            list.serialize_element(&Self)?;
            list.end()
        }
    }
    struct Wrapped;
    impl Serialize for Wrapped {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_newtype_struct("Wrapped", self)
        }
    }
    let text = to_value(&Endless).to_string();
    assert!(
        text.contains("nested too deeply") && text.len() < 200,
        "{text}"
    );
    assert_eq!(to_value(&Wrapped), json!("… (nested too deeply)"));
    // Each sibling of what is too deep, or panics deep down, has the full depth.
    let deepest = to_value(&[Endless])[0].clone();
    let siblings: Vec<Endless> = (0..2 * MAX_DEPTH).map(|_| Endless).collect();
    assert!(
        to_value(&siblings)
            .as_array()
            .unwrap()
            .iter()
            .all(|sibling| *sibling == deepest)
    );
    struct PanicsBelow(usize);
    impl Serialize for PanicsBelow {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let below = self.0.checked_sub(1).expect("the bottom");
            s.serialize_some(&[Self(below)])
        }
    }
    assert_eq!(to_value(&(PanicsBelow(5), Endless))[1], deepest);
}

#[test]
fn endless_lists_and_maps_are_cut() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut list = s.serialize_seq(Some(usize::MAX))?;
            loop {
                list.serialize_element("again")?;
            }
        }
    }
    struct EndlessMap;
    impl Serialize for EndlessMap {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(None)?;
            for n in 0_u64.. {
                map.serialize_entry(&n, &n)?;
            }
            map.end()
        }
    }
    let list = to_value(&Endless);
    let items = list.as_array().unwrap();
    assert!(
        items.len() <= MAX_NODES && items.last() == Some(&json!(CUT)),
        "{}",
        items.len()
    );
    let map = to_value(&EndlessMap);
    assert!(
        map.as_object().unwrap().len() <= MAX_NODES && map["…"] == CUT,
        "{}",
        map.as_object().unwrap().len()
    );
    // What follows a spent budget is cut as well, and siblings that came before stay.
    let both = to_value(&("first", Endless, "last"));
    assert_eq!((&both[0], &both[2]), (&json!("first"), &json!(CUT)));
}

#[test]
fn long_texts_are_cut_at_a_character_and_marked() {
    let long = to_value(&"é".repeat(1_000_000));
    let text = long.as_str().unwrap();
    assert!(
        text.len() < MAX_TEXT + 64 && text.ends_with("é… (cut, 2000000 bytes in all)"),
        "{}",
        text.len()
    );
    let many = to_value(&vec!["x".repeat(5000); 1000]);
    assert!(
        many.to_string().len() < MAX_TEXTS * 2,
        "{}",
        many.to_string().len()
    );
    assert_eq!(many.as_array().unwrap().last(), Some(&json!(CUT)));
    let keys = to_value(&BTreeMap::from([("k".repeat(1_000_000), 1)]));
    assert!(
        keys.as_object()
            .unwrap()
            .keys()
            .all(|key| key.len() < MAX_KEY + 64)
    );
    assert!(key("k".repeat(1_000_000)).len() < MAX_KEY + 64);
}

#[test]
fn raw_json_of_serde_json_is_kept_as_json() {
    struct Raw(&'static str);
    impl Serialize for Raw {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut fields = s.serialize_struct("$serde_json::private::RawValue", 1)?;
            fields.serialize_field("$serde_json::private::RawValue", self.0)?;
            fields.end()
        }
    }
    assert_eq!(to_value(&Raw("{\"a\": [1.5]}")), json!({"a": [1.5]}));
    assert_eq!(to_value(&Raw("{broken")), json!("{broken"));
}

#[test]
fn failing_panicking_or_endless_display_has_a_text() {
    struct Shown(fn(&mut fmt::Formatter<'_>) -> fmt::Result);
    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }
    assert_eq!(display(Shown(|f| f.write_str("whole"))), "whole");
    assert_eq!(
        display(Shown(|f| {
            f.write_str("part")?;
            Err(fmt::Error)
        })),
        "part (its Display failed)"
    );
    assert_eq!(
        display(Shown(|_| panic!("faulty"))),
        "(its Display panicked)"
    );
    let endless = display(Shown(|f| {
        loop {
            f.write_str("and so on, ")?;
        }
    }));
    assert!(
        endless.len() < 65 * 1024 && endless.ends_with("… (cut)"),
        "{}",
        endless.len()
    );
    // One that ignores the error of its writer is cut all the same, and not resumed after the cut.
    let stubborn = Shown(|f| {
        let _ = f.write_str("éé");
        let _ = f.write_str("a");
        Ok(())
    });
    assert_eq!(display_bounded(&stubborn, 3), "é… (cut)");
    assert_eq!(message("x".repeat(100_000)).len(), 100_000);
}

#[test]
fn panicking_display_in_a_list_keeps_its_siblings() {
    struct Odd(Vec<u8>);
    impl Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq(self.0.iter().map(|n| {
                if *n == 2 {
                    panic!("the iterator breaks")
                } else {
                    *n
                }
            }))
        }
    }
    #[derive(Serialize)]
    struct Outer(Odd, u8);
    let form = to_value(&Outer(Odd(vec![1, 2]), 9));
    assert!(form[0].as_str().unwrap().contains("panicked"), "{form}");
    assert_eq!(form[1], 9);
}

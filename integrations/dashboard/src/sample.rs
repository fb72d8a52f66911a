//! Samples: everything that the page shows at one moment, and what differs between two of them.

use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};

/// The lists of a sample, whose entries have an `id` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Guards,
    Groups,
    Checks,
    Functions,
}

impl List {
    pub(crate) const ALL: [Self; 4] = [Self::Guards, Self::Groups, Self::Checks, Self::Functions];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Guards => "guards",
            Self::Groups => "groups",
            Self::Checks => "checks",
            Self::Functions => "functions",
        }
    }
}

/// The version of the JSON: it grows where a field changes its meaning or goes away.
pub(crate) const VERSION: u32 = 2;

/// The entries of a list by their ids.
pub(crate) type Entries = BTreeMap<String, Map<String, Value>>;

/// Which sample it is, of all processes: numbers begin again with a process, and a page outlives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleId {
    /// Drawn at random by each process.
    pub(crate) process: u64,
    /// Each sample of a process has a number of its own.
    pub(crate) number: u64,
}

impl fmt::Display for SampleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.process, self.number)
    }
}

impl SampleId {
    /// Reads an id as it is displayed.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (process, number) = text.split_once('-')?;
        Some(Self {
            process: u64::from_str_radix(process, 16).ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// Everything that the page shows at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// When, in milliseconds since the Unix epoch.
    pub(crate) taken_at: i64,
    pub(crate) id: SampleId,
    pub(crate) lists: [Entries; 4],
    /// What is sent as a whole when something in it differs.
    pub(crate) sections: BTreeMap<&'static str, Value>,
    /// Changes and notifications, oldest first, each with the number that grows with time.
    pub(crate) timeline: Vec<(u64, Value)>,
    pub(crate) notifications: Vec<(u64, Value)>,
}

impl Sample {
    pub(crate) fn list(&self, list: List) -> &Entries {
        &self.lists[list as usize]
    }

    pub(crate) fn list_mut(&mut self, list: List) -> &mut Entries {
        &mut self.lists[list as usize]
    }

    /// Returns the whole sample as text, without a copy of its entries.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::from("{");
        let mut header = self.header();
        header.insert("version".into(), VERSION.into());
        header.insert("whole".into(), true.into());
        for (name, value) in &header {
            push_field(&mut text, name, &value.to_string());
        }
        for list in List::ALL {
            let entries = self.list(list).iter().map(|(id, entry)| {
                let mut object = String::from("{");
                push_field(&mut object, "id", &Value::from(id.as_str()).to_string());
                for (name, value) in entry {
                    push_field(&mut object, name, &value.to_string());
                }
                object + "}"
            });
            push_array(&mut text, list.name(), entries);
        }
        for (name, section) in &self.sections {
            push_field(&mut text, name, &section.to_string());
        }
        for (name, entries) in [
            ("timeline", &self.timeline),
            ("notifications", &self.notifications),
        ] {
            let entries = entries.iter().map(|(_, entry)| entry.to_string());
            push_array(&mut text, name, entries);
        }
        text + "}"
    }

    /// Returns the whole sample.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = self.header();
        json.insert("version".into(), VERSION.into());
        json.insert("whole".into(), true.into());
        for list in List::ALL {
            let entries = self.list(list).iter().map(|(id, entry)| with_id(id, entry));
            json.insert(list.name().into(), Value::Array(entries.collect()));
        }
        for (name, section) in &self.sections {
            json.insert((*name).into(), section.clone());
        }
        json.insert("timeline".into(), after(&self.timeline, 0));
        json.insert("notifications".into(), after(&self.notifications, 0));
        Value::Object(json)
    }

    /// Returns what differs from an earlier sample: entries that are new, what differs in others, the
    /// ids of those that are gone, and new changes and notifications.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn since(&self, earlier: &Self) -> Value {
        let mut json = self.header();
        let mut removed = Map::new();
        for list in List::ALL {
            let (now, before) = (self.list(list), earlier.list(list));
            let changed = now.iter().filter_map(|(id, entry)| match before.get(id) {
                Some(before) if before == entry => None,
                Some(before) => Some(with_id(id, &changed(entry, before))),
                None => Some(with_id(id, entry)),
            });
            let changed: Vec<Value> = changed.collect();
            if !changed.is_empty() {
                json.insert(list.name().into(), Value::Array(changed));
            }
            let gone: Vec<Value> = before
                .keys()
                .filter(|id| !now.contains_key(*id))
                .map(|id| id.as_str().into())
                .collect();
            if !gone.is_empty() {
                removed.insert(list.name().into(), Value::Array(gone));
            }
        }
        if !removed.is_empty() {
            json.insert("removed".into(), Value::Object(removed));
        }
        for (name, section) in &self.sections {
            if earlier.sections.get(name) != Some(section) {
                json.insert((*name).into(), section.clone());
            }
        }
        for (name, now, before) in [
            ("timeline", &self.timeline, &earlier.timeline),
            ("notifications", &self.notifications, &earlier.notifications),
        ] {
            let last = before.last().map_or(0, |(number, _)| *number);
            if now.last().is_some_and(|(number, _)| *number > last) {
                json.insert(name.into(), after(now, last));
            }
        }
        Value::Object(json)
    }

    fn header(&self) -> Map<String, Value> {
        let mut json = Map::new();
        json.insert("taken_at".into(), self.taken_at.into());
        json.insert("id".into(), self.id.to_string().into());
        json.insert("number".into(), self.id.number.into());
        json
    }
}

/// Returns what differs between two states of an entry, a field that is gone as null, and what it is
/// about.
#[cfg(any(feature = "axum", test))]
fn changed(now: &Map<String, Value>, before: &Map<String, Value>) -> Map<String, Value> {
    let differs = |(key, value): &(&String, &Value)| {
        ["kind", "name"].contains(&key.as_str()) || before.get(*key) != Some(*value)
    };
    let changed = now.iter().filter(differs);
    let changed = changed.map(|(key, value)| (key.clone(), value.clone()));
    let gone = before.keys().filter(|key| !now.contains_key(*key));
    changed
        .chain(gone.map(|key| (key.clone(), Value::Null)))
        .collect()
}

/// Adds a field to an object that is written. The name is one of this crate or of a snapshot, without
/// anything to escape.
#[cfg(any(feature = "axum", test))]
fn push_field(object: &mut String, name: &str, value: &str) {
    if !object.ends_with('{') {
        object.push(',');
    }
    for part in ["\"", name, "\":", value] {
        object.push_str(part);
    }
}

#[cfg(any(feature = "axum", test))]
fn push_array(object: &mut String, name: &str, elements: impl Iterator<Item = String>) {
    let elements: Vec<String> = elements.collect();
    push_field(object, name, &format!("[{}]", elements.join(",")));
}

fn with_id(id: &str, entry: &Map<String, Value>) -> Value {
    let mut entry = entry.clone();
    entry.insert("id".into(), id.into());
    Value::Object(entry)
}

fn after(entries: &[(u64, Value)], last: u64) -> Value {
    let new = entries.iter().filter(|(number, _)| *number > last);
    Value::Array(new.map(|(_, entry)| entry.clone()).collect())
}

/// Returns the fields of an object that `json!` made.
pub(crate) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// Returns a number of seconds as JSON.
pub(crate) fn seconds(time: std::time::Duration) -> Value {
    json!(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(entries: &[(&str, u32)], numbers: &[u64]) -> Sample {
        let mut sample = Sample {
            taken_at: 5,
            ..Sample::default()
        };
        for (id, value) in entries {
            let entry = fields(json!({ "value": value }));
            sample.list_mut(List::Guards).insert((*id).into(), entry);
        }
        sample.timeline = numbers.iter().map(|&at| (at, json!(at))).collect();
        sample
    }

    #[test]
    fn nothing_but_the_time_is_sent_where_nothing_changed() {
        let same = sample(&[("a", 1)], &[1, 2]);
        assert_eq!(
            same.since(&same),
            json!({ "taken_at": 5, "id": "0000000000000000-0", "number": 0 })
        );
    }

    #[test]
    fn changed_new_and_removed_entries_are_sent_and_no_others() {
        let before = sample(&[("a", 1), ("b", 1), ("c", 1)], &[1, 2]);
        let now = sample(&[("a", 1), ("b", 2), ("d", 1)], &[2, 3]);
        assert_eq!(
            now.since(&before),
            json!({
                "taken_at": 5,
                "id": "0000000000000000-0", "number": 0,
                "guards": [{ "id": "b", "value": 2 }, { "id": "d", "value": 1 }],
                "removed": { "guards": ["c"] },
                "timeline": [3],
            })
        );
    }

    #[test]
    fn sections_are_sent_whole_when_something_in_them_differs() {
        let mut before = sample(&[], &[]);
        before.sections.insert("errors", json!({ "total": 1 }));
        before.sections.insert("alerts", json!([]));
        let mut now = before.clone();
        now.sections.insert("errors", json!({ "total": 2 }));
        assert_eq!(
            now.since(&before),
            json!({ "taken_at": 5, "id": "0000000000000000-0", "number": 0, "errors": { "total": 2 } })
        );
    }

    #[test]
    fn of_an_entry_that_has_changed_its_name_and_what_differs_are_sent() {
        let with = |entry: Value| {
            let mut sample = Sample::default();
            sample
                .list_mut(List::Guards)
                .insert("a".into(), fields(entry));
            sample
        };
        let before =
            with(json!({ "kind": "k", "name": "n", "config": { "x": 1 }, "y": 1, "z": 1 }));
        let now = with(json!({ "kind": "k", "name": "n", "config": { "x": 1 }, "y": 2 }));
        assert_eq!(
            now.since(&before)["guards"],
            json!([{ "id": "a", "kind": "k", "name": "n", "y": 2, "z": null }])
        );
    }

    /// A page that takes a sample and then every difference has what a page has that takes the last
    /// sample alone.
    #[test]
    fn differences_lead_to_the_same_as_the_whole() {
        let mut random = 7_u64;
        let mut next = move |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let mut page = Entries::new();
        let mut before = Sample::default();
        for _ in 0..500 {
            let mut now = before.clone();
            for _ in 0..next(4) {
                let id = format!("g{}", next(12));
                if next(3) == 0 {
                    now.list_mut(List::Guards).remove(&id);
                } else {
                    let entry = fields(json!({ "value": next(3), "other": next(2) }));
                    now.list_mut(List::Guards).insert(id, entry);
                }
            }
            let difference = now.since(&before);
            for entry in difference["guards"].as_array().into_iter().flatten() {
                let known = page
                    .entry(entry["id"].as_str().unwrap().into())
                    .or_default();
                known.extend(fields(entry.clone()));
            }
            for id in difference["removed"]["guards"]
                .as_array()
                .into_iter()
                .flatten()
            {
                assert!(page.remove(id.as_str().unwrap()).is_some());
            }
            let whole: Vec<Value> = page.values().cloned().map(Value::Object).collect();
            assert_eq!(now.to_json()["guards"], Value::Array(whole));
            let text: Value = serde_json::from_str(&now.to_text()).unwrap();
            assert_eq!(text, now.to_json());
            before = now;
        }
    }
}

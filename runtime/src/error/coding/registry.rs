//! All mappings that are linked into the program, by type.

use super::{
    built_in::BUILT_IN,
    coded::Coding,
    mapped_type::{Level, MappedType},
};
use foldhash::fast::FixedState;
use std::{any::TypeId, collections::HashMap, fmt, sync::OnceLock};

inventory::collect!(MappedType);

struct Registry {
    /// Types are not chosen by an attacker.
    by_type: HashMap<TypeId, &'static MappedType, FixedState>,
    /// Those of the application first.
    all: Vec<&'static MappedType>,
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut all: Vec<&MappedType> = inventory::iter::<MappedType>().collect();
        // Link order differs from build to build; the first of two must not.
        all.sort_by_key(|mapped| mapped.declared_at);
        all.extend(BUILT_IN);
        let mut by_type = HashMap::default();
        for mapped in &all {
            for id in (mapped.type_ids)() {
                by_type.entry(id).or_insert(*mapped);
            }
        }
        Registry { by_type, all }
    })
}

/// What is registered of a static type.
pub(crate) enum RegisteredType {
    /// The answer of its mapping.
    Mapped(Option<Coding>),
    /// The contents decide.
    Boxed,
}

/// Returns the error as a level of a chain, and what is registered of its static type `E`.
pub(crate) fn of_type<E: 'static>(error: &E) -> Option<(Level<'_>, RegisteredType)> {
    let mapped = registry().by_type.get(&TypeId::of::<E>())?;
    let level = (mapped.in_any)(error)?;
    let registered = if mapped.is_box {
        RegisteredType::Boxed
    } else {
        RegisteredType::Mapped((mapped.at_level)(level).flatten())
    };
    Some((level, registered))
}

/// Returns the answer of the mapping of the level's type.
pub(crate) fn of_level(level: Level<'_>) -> Option<Coding> {
    registry()
        .all
        .iter()
        .find_map(|mapped| (mapped.at_level)(level))
        .flatten()
}

/// Two mappings of the application for one error type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodingClash {
    /// The error type.
    pub type_name: &'static str,
    /// The place of the mapping that is used.
    pub first: &'static str,
    /// The place of the one that is not.
    pub second: &'static str,
}

impl fmt::Display for CodingClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            type_name,
            first,
            second,
        } = self;
        write!(
            f,
            "the error type `{type_name}` has two mappings to codes: at {first}, which is used, and at {second}"
        )
    }
}

/// Returns the error types that `#[derive(Coded)]` and [`coded!`](crate::coded) map twice.
///
/// They are reported when the system is initialised.
///
/// # Examples
///
/// ```
/// assert!(gardefou::error::coding_clashes().is_empty());
/// ```
#[must_use]
pub fn coding_clashes() -> Vec<CodingClash> {
    clashes_among(
        registry()
            .all
            .iter()
            .copied()
            .filter(|mapped| !mapped.declared_at.is_empty()),
    )
}

fn clashes_among(mapped: impl Iterator<Item = &'static MappedType>) -> Vec<CodingClash> {
    let mut firsts: HashMap<TypeId, &MappedType> = HashMap::new();
    let mut clashes = Vec::new();
    for second in mapped {
        let [id, ..] = (second.type_ids)();
        let first = *firsts.entry(id).or_insert(second);
        if !std::ptr::eq(first, second) {
            let (first, second) = (first.declared_at, second.declared_at);
            clashes.push(CodingClash {
                type_name: (firsts[&id].type_name)(),
                first,
                second,
            });
        }
    }
    clashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Coded, ErrorCode};
    use std::{error::Error, sync::Arc};

    #[derive(Debug)]
    struct Mine;
    impl fmt::Display for Mine {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("mine")
        }
    }
    impl Error for Mine {}
    impl Coded for Mine {
        fn coding(&self) -> Option<Coding> {
            Some(ErrorCode::SYNC_ERROR.into())
        }
    }

    #[test]
    fn two_mappings_of_one_type_name_both_places() {
        static FIRST: MappedType = MappedType::by_derive::<Mine>("a.rs:1");
        static SECOND: MappedType = MappedType::by_derive::<Mine>("b.rs:2");
        let clashes = clashes_among([&FIRST, &SECOND].into_iter());
        assert_eq!(clashes.len(), 1);
        let text = clashes[0].to_string();
        assert!(
            text.contains(
                "Mine` has two mappings to codes: at a.rs:1, which is used, and at b.rs:2"
            ),
            "{text}"
        );
        assert!(clashes_among([&FIRST].into_iter()).is_empty());
    }

    #[test]
    fn mapping_is_found_through_arc_and_box() {
        static MAPPED: MappedType = MappedType::by_derive::<Mine>("a.rs:1");
        let coding = Some(Some(ErrorCode::SYNC_ERROR.into()));
        for level in [&Mine as Level<'_>, &Arc::new(Mine), &Box::new(Mine)] {
            assert_eq!((MAPPED.at_level)(level), coding);
        }
        assert_eq!((MAPPED.at_level)(&fmt::Error), None);
    }
}

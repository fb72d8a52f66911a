//! A type whose errors have codes, as it is registered at link time.

use super::coded::{Coded, CodedAs, Coding};
use crate::panics;
use std::{
    any::{Any, TypeId, type_name},
    error::Error,
    ops::Deref,
    sync::Arc,
};

/// An error of the chain of sources.
pub(super) type Level<'a> = &'a (dyn Error + 'static);
type AtLevel = fn(Level<'_>) -> Option<Option<Coding>>;

/// One type whose errors have codes, registered by `#[derive(Coded)]` or `coded!`.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct MappedType {
    pub(super) type_name: fn() -> &'static str,
    /// The type itself, and behind an `Arc` and a `Box`.
    pub(super) type_ids: fn() -> [TypeId; 3],
    /// Returns the error as a level of a chain, if it is of one of those types.
    pub(super) in_any: fn(&dyn Any) -> Option<Level<'_>>,
    /// Returns the answer of the mapping, if the level is of one of those types.
    pub(super) at_level: AtLevel,
    pub(super) declared_at: &'static str,
    /// Whether it is a box, whose contents are inspected.
    pub(super) is_box: bool,
}

impl MappedType {
    /// Describes a type with an implementation of [`Coded`].
    #[must_use]
    pub const fn by_derive<T: Coded>(declared_at: &'static str) -> Self {
        let at_level: AtLevel =
            |level| in_level::<T>(level).map(|error| contained(|| error.coding()));
        Self::new::<T>(at_level, declared_at)
    }

    /// Describes a box around any error.
    #[must_use]
    pub const fn boxing<T: Deref<Target = dyn Error + Send + Sync> + 'static>() -> Self {
        Self {
            type_name: type_name::<T>,
            type_ids: type_ids::<T>,
            in_any: |any| any.downcast_ref::<T>().map(|boxed| &**boxed as Level<'_>),
            // It is no error itself, so it is no level of a chain.
            at_level: |_| None,
            declared_at: "",
            is_box: true,
        }
    }

    /// Describes a type with the mapping `M`.
    #[must_use]
    pub const fn by_mapping<T: CodedAs<M>, M: 'static>(declared_at: &'static str) -> Self {
        let at_level: AtLevel =
            |level| in_level::<T>(level).map(|error| contained(|| CodedAs::<M>::coding(error)));
        Self::new::<T>(at_level, declared_at)
    }

    pub(super) const fn new<T: Error + 'static>(
        at_level: AtLevel,
        declared_at: &'static str,
    ) -> Self {
        Self {
            type_name: type_name::<T>,
            type_ids: type_ids::<T>,
            in_any: in_any::<T>,
            at_level,
            declared_at,
            is_box: false,
        }
    }
}

fn type_ids<T: 'static>() -> [TypeId; 3] {
    [
        TypeId::of::<T>(),
        TypeId::of::<Arc<T>>(),
        TypeId::of::<Box<T>>(),
    ]
}

fn in_any<T: Error + 'static>(any: &dyn Any) -> Option<Level<'_>> {
    let found = any
        .downcast_ref::<T>()
        .or_else(|| any.downcast_ref::<Arc<T>>().map(|shared| &**shared))
        .or_else(|| any.downcast_ref::<Box<T>>().map(|boxed| &**boxed));
    found.map(|error| error as Level<'_>)
}

fn in_level<T: Error + 'static>(level: Level<'_>) -> Option<&T> {
    level
        .downcast_ref::<T>()
        .or_else(|| level.downcast_ref::<Arc<T>>().map(|shared| &**shared))
        .or_else(|| level.downcast_ref::<Box<T>>().map(|boxed| &**boxed))
}

/// Calls a mapping; one that panics gives no code: the error under inspection must not be lost for
/// it.
pub(crate) fn contained(mapping: impl FnOnce() -> Option<Coding>) -> Option<Coding> {
    panics::catch(mapping).ok().flatten()
}

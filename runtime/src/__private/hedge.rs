//! The runtime of `#[hedge]`.

#[cfg(feature = "async")]
use super::{ByShape, Shape};
use super::{Guarded, OfSite};
#[cfg(feature = "async")]
use crate::{
    classify::Classified,
    error::{Rejection, View},
    hedge::AttemptView,
};
use crate::{error::ConfigError, hedge::Hedge};
use std::time::Duration;

impl OfSite for Hedge {
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_hedge()
    }

    /// One attempt.
    fn otherwise(_: &'static Guarded) -> Self {
        Self::builder("misconfigured")
            .after(Duration::MAX)
            .max_hedges(0)
            .build()
            .expect("the settings are valid")
    }
}

/// Makes the attempts of a call.
#[cfg(feature = "async")]
#[inline(always)]
pub fn run_hedged<T, E, S: Shape<E>, F: Future<Output = Result<T, E>>>(
    hedge: &Hedge,
    shape: S,
    op: impl Fn() -> F,
) -> impl Future<Output = Result<T, E>> {
    hedge.run_async(ByShape(shape), op)
}

#[cfg(feature = "async")]
impl<E, S: Shape<E>> AttemptView<E> for ByShape<S> {
    fn classified(&self, error: &E) -> Option<Classified> {
        Some(self.0.view(error).classified())
    }

    fn view<'a>(&'a self, error: &'a E) -> Option<View<'a>> {
        Some(self.0.view(error))
    }

    fn carry(&self, injected: Rejection) -> Result<E, Rejection> {
        self.0.carry(injected)
    }
}

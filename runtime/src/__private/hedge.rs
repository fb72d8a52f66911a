//! The runtime of `#[hedge]`.

#[cfg(feature = "async")]
use super::ByShape;
use super::{Guarded, Shape, breaker::report_config, site};
use crate::hedge::Hedge;
#[cfg(feature = "async")]
use crate::{
    error::{Rejection, View},
    hedge::AttemptView,
};
use std::{sync::OnceLock, time::Duration};

/// The hedge of one call site, built by its first call.
#[derive(Debug)]
pub struct HedgeSite {
    guarded: &'static Guarded,
    hedge: OnceLock<Hedge>,
}

impl HedgeSite {
    /// Makes a site that was not called yet.
    #[must_use]
    pub const fn new(guarded: &'static Guarded) -> Self {
        Self {
            guarded,
            hedge: OnceLock::new(),
        }
    }

    /// Returns the hedge of the site; inside of a test scope, its hedge there.
    #[inline(always)]
    pub fn hedge(&'static self) -> &'static Hedge {
        if let Some(hedge) = site::in_scope(self, || self.make()) {
            return hedge;
        }
        match self.hedge.get() {
            Some(hedge) => hedge,
            None => self.build(),
        }
    }

    #[cold]
    fn build(&self) -> &Hedge {
        // Not inside: settings of attributes may be computed by code of the user's.
        let made = self.make();
        self.hedge.get_or_init(|| made)
    }

    fn make(&self) -> Hedge {
        match self.guarded.built_hedge() {
            Some(Ok(hedge)) => hedge,
            Some(Err(problem)) => {
                report_config(self.guarded, &problem);
                only_attempt()
            }
            None => only_attempt(),
        }
    }
}

/// Returns what a site uses whose configuration cannot work: one attempt.
fn only_attempt() -> Hedge {
    Hedge::builder("misconfigured")
        .after(Duration::MAX)
        .max_hedges(0)
        .build()
        .expect("the settings are valid")
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
    fn view<'a>(&self, error: &'a E) -> View<'a> {
        self.0.view(error)
    }

    fn carry(&self, injected: Rejection) -> Result<E, Rejection> {
        self.0.carry(injected)
    }
}

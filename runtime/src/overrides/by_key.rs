//! Guards by key: one section is about the guards of all keys.

use super::{
    guard::{Configurable, Plan, Subject},
    living::LivingGuard,
    overrides::Configured,
    state::remember,
};
use crate::{
    error::ConfigError,
    keyed::{Evictable, Keyed, WeakKeyed},
};
use std::sync::{Arc, OnceLock};

/// A builder whose guards can be made by key.
pub(crate) trait ConfigurableByKey: Configurable {
    type Guard: Evictable;

    /// Returns a recipe with these settings, and all else of another one.
    ///
    /// # Errors
    ///
    /// The rules that the settings break.
    fn recipe_like(
        &self,
        other: &<Self::Guard as Evictable>::Recipe,
    ) -> Result<<Self::Guard as Evictable>::Recipe, ConfigError>;

    fn target_of(guard: &Self::Guard) -> &Arc<Self::Target>;
}

/// Remembers guards by key for changes while they are in use, if those that were `made` are the ones
/// that are `shared` by name.
pub(crate) fn remember_keyed<B: ConfigurableByKey>(
    code: B,
    configured: Configured<B>,
    shared: &Keyed<B::Guard>,
    made: &Keyed<B::Guard>,
) {
    if shared.is_same_as(made) {
        let (name, keys) = (shared.name(), shared.downgrade());
        remember(LivingGuard::of_subject(name, code, configured, keys));
    }
}

impl<B: ConfigurableByKey> Subject<B> for WeakKeyed<B::Guard> {
    fn is_alive(&self) -> bool {
        self.is_alive()
    }

    fn plan(&self, name: &str, settings: &B, before: &B) -> Result<Option<Plan>, ConfigError> {
        let Some(keyed) = self.upgrade() else {
            return Ok(None);
        };
        let change = Arc::new(settings.change(before)?);
        let recipe = settings.recipe_like(keyed.recipe())?;
        let (now, name) = (keyed.now(), name.to_owned());
        // The guards that were changed, from one step to the next.
        let changed = Arc::new(OnceLock::new());
        let (same_change, same_changed) = (Arc::clone(&change), Arc::clone(&changed));
        let apply = move || {
            // Guards of further keys are made from the new recipe.
            let guards = keyed.replace_recipe(recipe);
            for guard in &guards {
                B::apply_at(now, &same_change, B::target_of(guard));
            }
            let _ = same_changed.set(guards);
        };
        let publish = move || {
            for guard in changed.get().into_iter().flatten() {
                B::publish(&change, B::target_of(guard));
            }
            B::audit(&change, &name);
        };
        Ok(Some(Plan::new(apply, publish)))
    }
}

//! Values that a body stores about its progress.

use crate::sync::Mutex;
use std::{any::Any, borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

type Values = BTreeMap<Cow<'static, str>, Arc<dyn Any + Send + Sync>>;

/// The values that a transaction's body stored by key: a cheap handle, which a compensation or a
/// callback may keep.
///
/// # Examples
///
/// ```
/// use gardefou::boundary::transaction;
///
/// let result = transaction("import", |tx| {
///     tx.set("rows", 3_u32);
///     let state = tx.state();
///     tx.on_rollback("delete rows", move || assert_eq!(state.get::<u32>("rows"), Some(3)));
///     "no number".parse::<u32>()
/// });
/// assert_eq!(result.unwrap_err().details()["rolled_back"], true);
/// ```
#[derive(Clone, Default)]
pub struct TransactionState(Arc<Mutex<Values>>);

impl TransactionState {
    /// Stores a value under a key, in place of an earlier one of any type.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = gardefou::boundary::TransactionState::default();
    /// state.set("step", 1_u32);
    /// state.set("step", "paid");
    /// assert_eq!(state.get::<&str>("step"), Some("paid"), "in place of the number");
    /// ```
    pub fn set<T: Send + Sync + 'static>(&self, key: impl Into<Cow<'static, str>>, value: T) {
        let (key, value) = (key.into(), Arc::new(value));
        let replaced = self.0.lock().insert(key, value);
        // Dropped here, after the lock: its `Drop` may use this state.
        drop(replaced);
    }

    /// Returns a clone of the value under a key, or `None` where there is none or it has another
    /// type.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = gardefou::boundary::TransactionState::default();
    /// state.set("rows", 3_u32);
    /// assert_eq!(state.get::<u32>("rows"), Some(3));
    /// assert_eq!((state.get::<u64>("rows"), state.get::<u32>("columns")), (None, None));
    /// ```
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self, key: &str) -> Option<T> {
        let value = self.0.lock().get(key).cloned();
        value?.downcast_ref::<T>().cloned()
    }

    /// Returns `true` if a value is stored under a key.
    ///
    /// # Examples
    ///
    /// ```
    /// let state = gardefou::boundary::TransactionState::default();
    /// state.set("rows", 3_u32);
    /// assert!(state.contains("rows") && !state.contains("columns"));
    /// ```
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.lock().contains_key(key)
    }
}

impl fmt::Debug for TransactionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.lock().keys().cloned().collect();
        f.debug_tuple("TransactionState").field(&keys).finish()
    }
}

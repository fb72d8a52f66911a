//! Enums whose values have names.

/// Names the values of an enum: implements `name`, `from_name`, `Display` and `Serialize`. The
/// documentation is that of `name`.
macro_rules! named {
    ($(#[$docs:meta])* $type:ident { $($value:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// All values.
            pub(crate) const ALL: [Self; [$(Self::$value),+].len()] = [$(Self::$value),+];

            $(#[$docs])*
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name),+
                }
            }

            /// Returns the value of that name.
            #[allow(dead_code, reason = "not every enum is read")]
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl serde_core::Serialize for $type {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}
pub(crate) use named;

//! Serialisation of structs with public fields.

/// Serialises a struct as a map of the named fields.
macro_rules! serialize_fields {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl ::serde_core::Serialize for $type {
            fn serialize<S: ::serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde_core::ser::SerializeStruct;
                let fields = [$(stringify!($field)),*];
                let mut map = serializer.serialize_struct(stringify!($type), fields.len())?;
                $(map.serialize_field(stringify!($field), &self.$field)?;)*
                map.end()
            }
        }
    };
}
pub(super) use serialize_fields;

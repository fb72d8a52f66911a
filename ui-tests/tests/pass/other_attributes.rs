//! Doc comments and inert attributes, above and below.

for_each_guard! { ($guard) => {
    /// Docs.
    #[must_use]
    #[inline]
    #[$guard]
    #[cold]
    #[allow(clippy::all, reason = "the case")]
    #[expect(unused_variables, reason = "an unused argument stays unused")]
    fn f(unused: i32) -> R<i32> {
        Ok(1)
    }

    #[cfg_attr(all(), $guard)]
    #[deprecated]
    fn g() -> R<i32> {
        Ok(1)
    }

    #[cfg(any())]
    #[$guard]
    fn not_there() -> NoSuchType {}

    #[$guard]
    fn h(a: i32, #[cfg(any())] never: NoSuchType, #[cfg(all())] b: i32) -> R<i32> {
        Ok(a + b)
    }

    #[$guard]
    fn inside() -> R<i32> {
        #![expect(unused_variables, reason = "it applies to the whole body")]
        let unused = 1;
        Ok(1)
    }

    #[test]
    fn other_attributes_keep_their_meaning() {
        assert_eq!(f(0).unwrap(), 1);
        #[expect(deprecated, reason = "the attribute is still there")]
        let g = g();
        assert_eq!(g.unwrap(), 1);
        assert_eq!(inside().unwrap(), 1);
        assert_eq!(h(1, 2).unwrap(), 3);
    }
} }

//! Const generics and arrays.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f<const N: usize>(a: [u8; N]) -> R<usize> {
        Ok(a.len() + N)
    }

    #[test]
    fn length_is_known() {
        assert_eq!(f([0; 3]).unwrap(), 6);
    }
} }

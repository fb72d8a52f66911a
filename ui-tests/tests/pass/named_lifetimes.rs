//! Named and bounded lifetimes.

for_each_guard! { ($guard) => {
    #[allow(single_use_lifetimes, reason = "the case")]
    #[$guard]
    fn f<'a, 'b: 'a>(a: &'a str, b: &'b str) -> R<&'a str> {
        Ok(if a.len() > 1 { a } else { b })
    }

    #[$guard]
    async fn g<'a>(a: &'a str, n: &i32) -> R<&'a str> {
        tick().await;
        Ok(&a[..*n as usize])
    }

    #[test]
    fn returned_borrow_is_of_the_argument() {
        assert_eq!(f("ab", "c").unwrap(), "ab");
        assert_eq!(f("a", "c").unwrap(), "c");
        assert_eq!(block_on(g("abc", &2)).unwrap(), "ab");
    }
} }

//! `impl Trait` in argument position, functions among them.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(a: impl AsRef<str> + Clone) -> R<usize> {
        Ok(a.as_ref().len())
    }

    #[$guard]
    async fn g(visit: &mut impl FnMut(i32), make: impl Fn() -> i32 + Clone) -> R<()> {
        tick().await;
        visit(make());
        Ok(())
    }

    #[test]
    fn argument_is_called() {
        assert_eq!(f("abc").unwrap(), 3);
        let mut seen = 0;
        block_on(g(&mut |n| seen += n, || 4)).unwrap();
        assert_eq!(seen, 4);
    }
} }

//! Arguments are dropped in the order in which the function itself drops them.

for_each_single_run! { ($guard) => {
    use std::cell::RefCell;

    struct Noisy<'a>(&'static str, &'a RefCell<Vec<&'static str>>);

    impl Drop for Noisy<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }

    fn plain(a: Noisy<'_>, b: Noisy<'_>, c: Noisy<'_>) -> R<()> {
        let local = Noisy("local", a.1);
        let _ = (&c, &a, &b, &local);
        Ok(())
    }

    #[$guard]
    fn guarded(a: Noisy<'_>, b: Noisy<'_>, c: Noisy<'_>) -> R<()> {
        let local = Noisy("local", a.1);
        let _ = (&c, &a, &b, &local);
        Ok(())
    }

    #[test]
    fn drop_order_is_that_of_the_bare_function() {
        let order = |f: fn(Noisy<'_>, Noisy<'_>, Noisy<'_>) -> R<()>| {
            let log = RefCell::new(vec![]);
            f(Noisy("a", &log), Noisy("b", &log), Noisy("c", &log)).unwrap();
            log.into_inner()
        };
        assert_eq!(order(guarded), order(plain));
        assert_eq!(order(guarded), ["local", "c", "b", "a"]);
    }

    fn plain_with_unused(a: Noisy<'_>, _b: Noisy<'_>, c: Noisy<'_>, _: Noisy<'_>, _: u8) -> R<()> {
        let _ = (&a, &c);
        Ok(())
    }

    #[$guard]
    fn guarded_with_unused(a: Noisy<'_>, _b: Noisy<'_>, c: Noisy<'_>, _: Noisy<'_>, _: u8) -> R<()> {
        let _ = (&a, &c);
        Ok(())
    }

    #[test]
    fn unused_arguments_keep_their_drop_order() {
        let order = |f: fn(Noisy<'_>, Noisy<'_>, Noisy<'_>, Noisy<'_>, u8) -> R<()>| {
            let log = RefCell::new(vec![]);
            f(Noisy("a", &log), Noisy("b", &log), Noisy("c", &log), Noisy("d", &log), 0).unwrap();
            log.into_inner()
        };
        assert_eq!(order(guarded_with_unused), order(plain_with_unused));
        assert_eq!(order(guarded_with_unused), ["d", "c", "b", "a"]);
    }
} }

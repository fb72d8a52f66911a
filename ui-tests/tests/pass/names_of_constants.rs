//! Constants and statics in scope with the names of the expansion's variables, which a pattern
//! would match.

for_each_guard! { ($guard) => {
    #[allow(non_upper_case_globals, dead_code, reason = "the names are the case")]
    mod lower_case {
        pub(super) const admitted: u8 = 1;
        pub(super) const captured: u8 = 1;
        pub(super) const delay: u8 = 1;
        pub(super) const entry: u8 = 1;
        pub(super) const error: u8 = 1;
        pub(super) const rejection: u8 = 1;
        pub(super) const run: u8 = 1;
        pub(super) const seen: u8 = 1;
        pub(super) const this: u8 = 1;
        pub(super) const value: u8 = 1;
        pub(super) const view: u8 = 1;
        pub(super) static guard: u8 = 1;
        pub(super) static operation: u8 = 1;
        pub(super) static outcome: u8 = 1;
        pub(super) static transaction: u8 = 1;
        pub(super) static visit: u8 = 1;
    }
    #[allow(unused_imports, reason = "not each guard could meet each of them")]
    use lower_case::*;

    struct S {
        calls: usize,
    }

    impl S {
        #[$guard]
        fn f(&mut self, text: String) -> R<usize> {
            self.calls += 1;
            Ok(text.len() + self.calls)
        }

        #[$guard]
        async fn g(&mut self, text: String) -> R<usize> {
            tick().await;
            self.calls += 1;
            Ok(text.len() + self.calls)
        }
    }

    fn blocks(text: &str) -> R<u8> {
        for _ in 0..2 {
            let _ = error_boundary!("caught", catch_panics = true, {
                if text == "1" {
                    break;
                }
                text.parse::<u8>()?
            });
        }
        let parsed = error_boundary!("fallback", fallback = 7, { text.parse::<u8>()? });
        transaction_boundary!("save", on_error_callback = |_: &AppError| (), |tx| {
            tx.on_rollback("nothing", || ());
            if text == "1" {
                return parsed;
            }
            text.parse::<u8>()?
        })
    }

    #[test]
    fn constants_are_not_matched() {
        let mut s = S { calls: 0 };
        assert_eq!(s.f("ab".into()).unwrap(), 3);
        assert_eq!(block_on(s.g("ab".into())).unwrap(), 4);
        assert_eq!(blocks("1").unwrap(), 1);
        assert!(blocks("x").is_err());
    }
} }

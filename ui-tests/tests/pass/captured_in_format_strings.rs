//! Arguments and `self` that only a format string names.

for_each_guard! { ($guard) => {
    #[derive(Debug)]
    struct S(i32);

    impl std::fmt::Display for S {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}", self.0)
        }
    }

    impl S {
        #[$guard]
        async fn a(&mut self, name: String) -> R<String> {
            self.0 += 1;
            tick().await;
            Ok(format!("{name} {self}"))
        }

        #[$guard]
        fn b(self: Arc<Self>, width: usize) -> R<String> {
            Ok(format!("{self:?} {:>width$}", 1))
        }
    }

    #[$guard]
    fn f(name: String, n: f64) -> R<String> {
        Ok(format!("{name}: {n:.1}"))
    }

    #[test]
    fn format_strings_are_complete() {
        assert_eq!(block_on(S(1).a("a".into())).unwrap(), "a 2");
        assert_eq!(Arc::new(S(1)).b(3).unwrap(), "S(1)   1");
        assert_eq!(f("e".into(), 2.71).unwrap(), "e: 2.7");
    }
} }

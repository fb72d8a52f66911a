//! Methods with `&self`.

for_each_guard! { ($guard) => {
    struct S {
        v: i32,
    }

    impl S {
        #[$guard]
        fn a(&self) -> R<i32> {
            Ok(self.v)
        }

        #[$guard]
        async fn b(&self) -> R<i32> {
            tick().await;
            Ok(self.v)
        }
    }

    #[test]
    fn fields_are_read() {
        assert_eq!(S { v: 7 }.a().unwrap(), 7);
        assert_eq!(block_on(S { v: 8 }.b()).unwrap(), 8);
    }
} }

//! Default methods of a trait.

for_each_guard! { ($guard) => {
    trait T {
        fn v(&self) -> i32;

        #[$guard]
        fn a(&self) -> R<i32> {
            Ok(self.v())
        }

        #[$guard]
        async fn b(&self) -> R<i32> {
            tick().await;
            Ok(self.v())
        }
    }

    struct S;

    impl T for S {
        fn v(&self) -> i32 {
            9
        }
    }

    #[test]
    fn default_method_calls_the_implementor() {
        assert_eq!(S.a().unwrap(), 9);
        assert_eq!(block_on(S.b()).unwrap(), 9);
    }
} }

//! Constructors that return `Self` and name `Self::CONST`.

for_each_guard! { ($guard) => {
    #[derive(Debug, PartialEq)]
    struct S(i32);

    impl S {
        const K: i32 = 1;

        #[$guard]
        fn new() -> R<Self> {
            Ok(Self(Self::K))
        }

        #[$guard]
        async fn later() -> R<Self> {
            tick().await;
            Ok(Self(Self::K + 1))
        }
    }

    #[test]
    fn value_is_constructed() {
        assert_eq!(S::new().unwrap(), S(1));
        assert_eq!(block_on(S::later()).unwrap(), S(2));
    }
} }

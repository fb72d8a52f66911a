//! Error types that borrow, that are generic, and that are neither `Error` nor `Debug`.

for_each_guard! { ($guard) => {
    #[derive(Debug)]
    struct Borrowing<'a>(&'a str);

    impl std::fmt::Display for Borrowing<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Borrowing<'_> {}

    impl From<Rejection> for Borrowing<'_> {
        fn from(_: Rejection) -> Self {
            Self("rejected")
        }
    }

    struct Mute;

    impl From<Rejection> for Mute {
        fn from(_: Rejection) -> Self {
            Self
        }
    }

    #[$guard]
    fn a(s: &str) -> Result<i32, Borrowing<'_>> {
        Err(Borrowing(s))
    }

    #[$guard]
    fn b<E: std::error::Error + From<Rejection>>(e: impl Fn() -> E + Clone) -> Result<i32, E> {
        Err(e())
    }

    #[$guard]
    async fn c() -> Result<i32, Mute> {
        tick().await;
        Err(Mute)
    }

    trait Store {
        type Error: std::error::Error + From<Rejection>;

        fn fails(&self) -> Self::Error;

        #[$guard]
        fn load(&self) -> Result<i32, Self::Error> {
            Err(self.fails())
        }
    }

    struct S;

    impl Store for S {
        type Error = Borrowing<'static>;

        fn fails(&self) -> Borrowing<'static> {
            Borrowing("empty")
        }
    }

    #[test]
    fn minimal_error_types_are_enough() {
        let text = String::from("text");
        assert_eq!(a(&text).unwrap_err().0, "text");
        assert_eq!(b(|| Borrowing("b")).unwrap_err().0, "b");
        assert!(block_on(c()).is_err());
        assert_eq!(S.load().unwrap_err().0, "empty");
    }
} }

//! A tail expression that borrows a local through a guard with `Drop` (edition 2024).

for_each_guard! { ($guard) => {
    struct Gd<'a>(&'a i32);

    impl Drop for Gd<'_> {
        fn drop(&mut self) {}
    }

    fn read(g: &Gd<'_>) -> R<i32> {
        Ok(*g.0)
    }

    #[$guard]
    fn f() -> R<i32> {
        let v = 1;
        read(&Gd(&v))
    }

    #[$guard]
    async fn g() -> R<i32> {
        let v = 1;
        tick().await;
        read(&Gd(&v))
    }

    #[test]
    fn temporaries_live_as_long_as_without_the_attribute() {
        assert_eq!(f().unwrap() + block_on(g()).unwrap(), 2);
    }
} }

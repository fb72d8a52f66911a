//! `self` behind `Arc`, `Rc`, `Box` and `Pin`, of a type that is not `Clone`.

for_each_guard! { ($guard) => {
    struct S {
        v: i32,
    }

    impl S {
        #[$guard]
        async fn a(self: Arc<Self>) -> R<i32> {
            tick().await;
            Ok(self.v)
        }

        #[$guard]
        fn b(self: Rc<Self>) -> R<i32> {
            Ok(self.v)
        }

        #[allow(clippy::boxed_local, reason = "the case")]
        #[$guard]
        fn c(self: Box<Self>) -> R<i32> {
            Ok(self.v)
        }

        #[$guard]
        async fn d(self: Box<Self>, n: i32) -> R<i32> {
            tick().await;
            Ok(self.v + n)
        }

        #[$guard]
        fn e(self: Pin<&mut Self>) -> R<i32> {
            Ok(self.v)
        }

        #[$guard]
        fn used_up(self: Arc<Self>) -> R<i32> {
            let owned: Arc<Self> = self;
            Ok(owned.v)
        }

        #[$guard]
        async fn used_up_later(self: Arc<Self>) -> R<i32> {
            tick().await;
            let owned: Arc<Self> = self;
            let read = move || owned.v;
            Ok(read())
        }
    }

    #[test]
    fn each_pointer_reaches_the_value() {
        assert_eq!(block_on(Arc::new(S { v: 1 }).a()).unwrap(), 1);
        assert_eq!(Rc::new(S { v: 2 }).b().unwrap(), 2);
        assert_eq!(Box::new(S { v: 3 }).c().unwrap(), 3);
        assert_eq!(block_on(Box::new(S { v: 3 }).d(1)).unwrap(), 4);
        assert_eq!(Pin::new(&mut S { v: 5 }).e().unwrap(), 5);
        assert_eq!(Arc::new(S { v: 6 }).used_up().unwrap(), 6);
        assert_eq!(block_on(Arc::new(S { v: 7 }).used_up_later()).unwrap(), 7);
    }
} }

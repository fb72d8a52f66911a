//! `self` behind `Arc`, `Rc`, `Box` and `Pin`, of a type without `Clone`.

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

        #[allow(clippy::boxed_local, clippy::explicit_auto_deref, clippy::borrow_deref_ref, unused_parens, reason = "the case")]
        #[$guard]
        fn through_the_pointer(self: Box<Self>) -> R<i32> {
            let Self { v } = &*self;
            let by_closure = || (*self).v;
            match (*self) {
                Self { v: 0 } => Ok((*self).v.abs()),
                Self { v: ref own } if (*self).v == *v => Ok((&*self).v.max(*own).max(by_closure())),
                _ => Ok(*v),
            }
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
        fn pinned_and_used_up(self: Pin<&mut Self>, n: i32) -> R<i32> {
            let s = self.get_mut();
            s.v += n;
            Ok(s.v)
        }

        #[$guard]
        async fn pinned_and_used_up_later(mut self: Pin<&mut Self>, n: i32) -> R<i32> {
            self.as_mut().v += n;
            tick().await;
            let s = self.get_mut();
            s.v += n;
            Ok(s.v)
        }

        #[$guard]
        async fn pinned_handle(self: Pin<Arc<Self>>) -> R<i32> {
            tick().await;
            let owned = self;
            Ok(owned.v)
        }

        #[$guard]
        fn changed(mut self: Arc<Self>) -> R<i32> {
            self = Arc::new(S { v: self.v + 1 });
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
    fn every_pointer_reaches_the_value() {
        assert_eq!(block_on(Arc::new(S { v: 1 }).a()).unwrap(), 1);
        assert_eq!(Rc::new(S { v: 2 }).b().unwrap(), 2);
        assert_eq!(Box::new(S { v: 3 }).c().unwrap(), 3);
        assert_eq!(Box::new(S { v: 3 }).through_the_pointer().unwrap(), 3);
        assert_eq!(block_on(Box::new(S { v: 3 }).d(1)).unwrap(), 4);
        assert_eq!(Pin::new(&mut S { v: 5 }).e().unwrap(), 5);
        let mut s = S { v: 5 };
        assert_eq!(Pin::new(&mut s).pinned_and_used_up(1).unwrap(), 6);
        assert_eq!(block_on(Pin::new(&mut s).pinned_and_used_up_later(2)).unwrap(), 10);
        assert_eq!(block_on(Pin::new(Arc::new(s)).pinned_handle()).unwrap(), 10);
        assert_eq!(Arc::new(S { v: 6 }).changed().unwrap(), 7);
        assert_eq!(Arc::new(S { v: 6 }).used_up().unwrap(), 6);
        assert_eq!(block_on(Arc::new(S { v: 7 }).used_up_later()).unwrap(), 7);
    }
} }

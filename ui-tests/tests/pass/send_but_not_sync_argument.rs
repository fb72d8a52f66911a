//! The future is `Send` although an argument is not `Sync`.

for_each_guard! { ($guard) => {
    struct S {
        c: std::cell::Cell<i32>,
    }

    impl S {
        #[$guard]
        async fn b(&mut self) -> R<i32> {
            self.c.set(self.c.get() + 1);
            tick().await;
            Ok(self.c.get())
        }
    }

    #[$guard]
    async fn f(c: std::cell::Cell<i32>) -> R<i32> {
        c.set(1);
        tick().await;
        Ok(c.get())
    }

    fn need_send<T: Send>(t: T) -> T {
        t
    }

    #[test]
    fn future_may_move_between_threads() {
        assert_eq!(block_on(need_send(f(std::cell::Cell::new(0)))).unwrap(), 1);
        let mut s = S { c: std::cell::Cell::new(0) };
        assert_eq!(block_on(need_send(s.b())).unwrap(), 1);
    }
} }

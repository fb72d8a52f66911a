//! `self` and `mut self` by value (not under a retry).

for_each_single_run! { ($guard) => {
    struct S {
        v: Vec<i32>,
    }

    impl S {
        #[$guard]
        fn a(self) -> R<Vec<i32>> {
            Ok(self.v)
        }

        #[$guard]
        fn b(mut self, k: i32) -> R<Vec<i32>> {
            self.v.push(k);
            Ok(self.v)
        }

        #[$guard]
        async fn c(mut self, k: i32) -> R<Vec<i32>> {
            self.v.push(k);
            tick().await;
            Ok(self.v)
        }
    }

    #[test]
    fn value_arrives() {
        assert_eq!(S { v: vec![1] }.a().unwrap(), [1]);
        assert_eq!(S { v: vec![1] }.b(2).unwrap(), [1, 2]);
        assert_eq!(block_on(S { v: vec![1] }.c(3)).unwrap(), [1, 3]);
    }
} }

//! `#[track_caller]` may stand beside it.

for_each_guard! { ($guard) => {
    #[track_caller]
    #[$guard]
    fn f(n: i32) -> R<i32> {
        Ok(n)
    }

    #[test]
    fn it_compiles_and_runs() {
        assert_eq!(f(1).unwrap(), 1);
    }
} }

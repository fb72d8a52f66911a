//! `#[track_caller]` next to an attribute.

for_each_guard! { ($guard) => {
    #[track_caller]
    #[$guard]
    fn f(n: i32) -> R<i32> {
        Ok(n)
    }

    #[test]
    fn function_with_track_caller_runs() {
        assert_eq!(f(1).unwrap(), 1);
    }
} }

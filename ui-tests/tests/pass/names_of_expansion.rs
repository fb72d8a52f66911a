//! Arguments with the names of the expansion's variables.

for_each_guard! { ($guard) => {
    #[allow(clippy::too_many_arguments, reason = "the names are the case")]
    #[$guard]
    fn f(res: i32, permit: i32, admitted: i32, rejection: i32, outcome: i32, entry: i32, run: i32, delay: i32, seen: i32) -> R<i32> {
        Ok(res + permit + admitted + rejection + outcome + entry + run + delay + seen)
    }

    #[allow(clippy::too_many_arguments, reason = "the names are the case")]
    #[$guard]
    async fn g(this: i32, view: i32, error: i32, value: i32, captured: i32, attempt: i32, n: i32, x: i32, e: i32) -> R<i32> {
        tick().await;
        Ok(this + view + error + value + captured + attempt + n + x + e)
    }

    #[test]
    fn every_argument_keeps_its_value() {
        assert_eq!(f(1, 2, 4, 8, 16, 32, 64, 128, 256).unwrap(), 511);
        assert_eq!(block_on(g(1, 2, 4, 8, 16, 32, 64, 128, 256)).unwrap(), 511);
    }
} }

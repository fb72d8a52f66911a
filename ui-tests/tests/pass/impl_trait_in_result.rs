//! `impl Trait` inside the returned `Result`.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f<'a>(v: &'a [i32]) -> R<impl Iterator<Item = &'a i32> + 'a> {
        Ok(v.iter().filter(|x| **x > 0))
    }

    #[$guard]
    async fn g() -> R<impl std::fmt::Display> {
        tick().await;
        Ok(5)
    }

    #[$guard]
    fn h() -> Result<Vec<impl Fn(i32) -> i32>, AppError> {
        Ok(vec![|n| n + 1])
    }

    #[test]
    fn hidden_type_is_inferred_from_the_body() {
        assert_eq!(f(&[1, -1, 2]).unwrap().copied().collect::<Vec<i32>>(), [1, 2]);
        assert_eq!(block_on(g()).unwrap().to_string(), "5");
        assert_eq!(h().unwrap()[0](1), 2);
    }
} }

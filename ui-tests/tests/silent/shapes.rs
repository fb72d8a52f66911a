//! The template of `build.rs`: every shape of function under one attribute or stack of attributes.
//!
//! `#[guard]` stands for the attributes, `#[guard(user = ..)]` also for an argument of those that
//! take a user; the module and its test are named after the attributes.

mod shapes {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Store {
        pub(super) values: Vec<i32>,
    }

    #[async_trait]
    pub(super) trait Remote {
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize>;
    }

    #[guard(user = text)]
    pub(super) fn parse(text: &str) -> Answer<i32> {
        if text.is_empty() {
            return Ok(0);
        }
        let value: i32 = text.parse()?;
        Ok(value)
    }

    #[guard(user = seen.len())]
    pub(super) async fn parse_later(text: &str, mut seen: Vec<String>) -> Answer<usize> {
        tick().await;
        if text.is_empty() {
            return Ok(0);
        }
        let value: usize = text.parse()?;
        seen.push(text.to_owned());
        Ok(seen.len() + value)
    }

    #[guard(user = one)]
    pub(super) fn first<Item>(
        items: &[Item],
        (one, mut two): (usize, usize),
    ) -> Answer<Option<&Item>>
    where
        Item: PartialEq,
    {
        two += one;
        Ok(items.get(two))
    }

    #[guard]
    pub(super) fn positive(items: &[i32]) -> Answer<impl Iterator<Item = &i32>> {
        Ok(items.iter().filter(|item| **item > 0))
    }

    impl Store {
        #[guard(user = self.values.len())]
        pub(super) fn push(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            Ok(self.values.len())
        }

        #[guard(user = value)]
        pub(super) async fn push_later(&mut self, value: i32) -> Answer<usize> {
            self.values.push(value);
            tick().await;
            Ok(self.values.len())
        }

        #[guard(user = self.values.len())]
        pub(super) async fn shared(self: Arc<Self>) -> Answer<usize> {
            tick().await;
            Ok(self.values.len())
        }
    }

    #[async_trait]
    impl Remote for Store {
        #[guard(user = owner)]
        async fn fetch(&self, key: &str, owner: String) -> Answer<usize> {
            tick().await;
            Ok(key.len() + owner.len() + self.values.len())
        }
    }
}

#[tokio::test]
async fn shapes() -> Answer<()> {
    use shapes::{Remote as _, Store};
    assert_eq!(shapes::parse("1")?, 1_i32);
    assert_eq!(shapes::parse_later("1", vec![]).await?, 2);
    assert_eq!(shapes::first(&[1_i32, 2_i32], (0, 1))?, Some(&2));
    assert_eq!(shapes::positive(&[1, -1])?.count(), 1);
    let mut store = Store { values: vec![] };
    assert_eq!(store.push(1)? + store.push_later(2).await?, 3);
    assert_eq!(store.fetch("key", "owner".to_owned()).await?, 10);
    assert_eq!(Arc::new(store).shared().await?, 2);
    Ok(())
}

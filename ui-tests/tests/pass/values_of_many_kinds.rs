//! Values of types that are hard to write: trait objects, functions, references, tuples.

for_each_guard! { ($guard) => {
    #[$guard]
    fn a(n: i32) -> R<Box<dyn Fn(i32) -> i32>> {
        Ok(Box::new(move |m| n + m))
    }

    #[$guard]
    fn b() -> R<&'static str> {
        Ok("b")
    }

    #[$guard]
    async fn c(n: &mut i32) -> R<(fn(i32) -> i32, [u8; 2])> {
        *n += 1;
        tick().await;
        Ok((|n| n + 1, [1, 2]))
    }

    #[$guard]
    fn d(s: &str) -> R<Box<dyn Iterator<Item = char> + '_>> {
        Ok(Box::new(s.chars()))
    }

    #[test]
    fn values_are_returned() {
        assert_eq!(a(1).unwrap()(2), 3);
        assert_eq!(b().unwrap(), "b");
        assert_eq!(block_on(c(&mut 0)).unwrap().1, [1, 2]);
        assert_eq!(d("ab").unwrap().count(), 2);
    }
} }

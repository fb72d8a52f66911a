//! Methods that change `&mut self` and return owned values.

for_each_guard! { ($guard) => {
    struct S {
        v: Vec<i32>,
    }

    impl S {
        #[$guard]
        fn a(&mut self, k: i32) -> R<usize> {
            self.v.push(k);
            Ok(self.v.len())
        }

        #[$guard]
        async fn b(&mut self, k: i32) -> R<usize> {
            self.v.push(k);
            tick().await;
            Ok(self.v.len())
        }

        #[$guard]
        fn in_a_macro_of_the_body(&mut self, k: i32) -> R<usize> {
            macro_rules! add {
                ($k:expr) => {
                    self.v.push($k)
                };
            }
            add!(k);
            Ok(self.v.len())
        }

        #[$guard]
        fn borrow_of_an_argument<'a>(&'a mut self, text: &'a str) -> R<&'a str> {
            self.v.push(1);
            Ok(text)
        }
    }

    struct Text<'a>(&'a str, usize);

    impl<'a> Text<'a> {
        #[$guard]
        fn borrow_of_a_field(&'a mut self) -> R<&'a str> {
            self.1 += 1;
            Ok(self.0)
        }
    }

    #[test]
    fn changes_persist() {
        let mut s = S { v: vec![] };
        assert_eq!(s.a(1).unwrap(), 1);
        assert_eq!(block_on(s.b(2)).unwrap(), 2);
        assert_eq!(s.v, [1, 2]);
        assert_eq!(s.in_a_macro_of_the_body(3).unwrap(), 3);
        assert_eq!(s.borrow_of_an_argument("text").unwrap(), "text");
        assert_eq!(Text("text", 0).borrow_of_a_field().unwrap(), "text");
    }
} }

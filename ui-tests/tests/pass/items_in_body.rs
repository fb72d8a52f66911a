//! Items, closures, loops and labels in the body keep their own scopes.

for_each_guard! { ($guard) => {
    struct S {
        v: i32,
    }

    impl S {
        #[$guard]
        async fn a(&mut self, limit: i32) -> R<i32> {
            struct Local(i32);

            impl Local {
                fn get(&self) -> i32 {
                    self.0
                }
            }

            fn twice(n: i32) -> i32 {
                n * 2
            }

            use self::helper as help;

            let parse = |s: &str| -> Result<i32, std::num::ParseIntError> { Ok(s.parse::<i32>()? + 1) };
            'outer: loop {
                for _ in 0.. {
                    self.v += 1;
                    tick().await;
                    if self.v >= limit {
                        break 'outer;
                    }
                }
            }
            let later = async { Ok::<i32, AppError>(parse("1")?) };
            Ok(Local(twice(self.v)).get() + later.await? + help())
        }
    }

    fn helper() -> i32 {
        1
    }

    #[test]
    fn scopes_of_the_body_are_kept() {
        assert_eq!(block_on(S { v: 0 }.a(3)).unwrap(), 9);
    }
} }

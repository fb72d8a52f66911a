//! Guarded methods behind `dyn Trait`.

for_each_guard! { ($guard) => {
    trait Shape {
        fn area(&self) -> R<f64>;
    }

    struct Square(f64);

    impl Shape for Square {
        #[$guard]
        fn area(&self) -> R<f64> {
            Ok(self.0 * self.0)
        }
    }

    #[test]
    fn methods_are_called_through_the_trait_object() {
        let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(2.0))];
        assert_eq!(shapes[0].area().unwrap(), 4.0);
    }
} }

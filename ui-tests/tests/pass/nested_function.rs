//! A guarded function inside another function, and one of the same name next to it.

for_each_guard! { ($guard) => {
    #[$guard]
    fn f(n: i32) -> R<i32> {
        #[$guard]
        fn f(n: i32) -> R<i32> {
            Ok(n + 1)
        }
        f(n)
    }

    #[test]
    fn functions_of_one_name_are_separate() {
        assert_eq!(f(1).unwrap(), 2);
        let here = guarded_functions().into_iter().filter(|g| g.module_path() == module_path!());
        assert_eq!(here.filter(|g| g.name() == "f").count(), 2);
    }
} }

//! Raw identifiers as names of functions and arguments.

for_each_guard! { ($guard) => {
    #[$guard]
    fn r#match(r#type: String, r#fn: &mut i32) -> R<usize> {
        *r#fn += 1;
        Ok(r#type.len())
    }

    #[test]
    fn raw_identifiers_are_accepted() {
        let mut n = 0;
        assert_eq!(r#match("abc".into(), &mut n).unwrap(), 3);
        assert_eq!(n, 1);
        let listed = guarded_functions();
        assert!(listed.iter().any(|f| f.name() == "match" && f.module_path() == module_path!()));
    }
} }

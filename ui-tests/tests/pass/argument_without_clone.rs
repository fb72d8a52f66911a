//! Arguments without `Clone`: by reference, or by value where the body does not use them.

for_each_guard! { ($guard) => {
    struct Conn;

    #[$guard]
    fn f(c: &Conn, d: &mut Conn) -> R<()> {
        let _ = (c, d);
        Ok(())
    }

    #[$guard]
    fn g(_kept_alive: Conn) -> R<()> {
        Ok(())
    }

    #[test]
    fn no_clone_is_required() {
        f(&Conn, &mut Conn).unwrap();
        g(Conn).unwrap();
    }
} }

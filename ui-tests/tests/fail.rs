//! Code that must not compile, and the compiler's messages. After a deliberate change of a message:
//! `TRYBUILD=overwrite cargo test -p gardefou-ui-tests --test fail`, then read the difference as
//! prose.

#[test]
fn each_mistake_is_reported_at_its_place() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*/*.rs");
}

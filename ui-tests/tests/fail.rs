//! What must not compile, and with which message. After a deliberate change of a message:
//! `TRYBUILD=overwrite cargo test -p gardefou-ui-tests --test fail`, then read the difference as
//! prose.

#[test]
fn each_mistake_is_told_in_its_place() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*/*.rs");
}

//! Code that must compile and run, but holds `unsafe`, which this workspace forbids: each file is a
//! crate of its own.

#[test]
fn unsafe_functions_can_be_guarded() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
}

//! What must compile and behave, but holds `unsafe`, which this workspace forbids: each file is a
//! crate of its own.

#[test]
fn unsafe_functions_are_guarded_as_others() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
}

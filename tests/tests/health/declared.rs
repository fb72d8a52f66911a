//! Checks that are registered where they are declared, and what is wrong with them.

use gardefou::{
    health::{Check, StaticCheck},
    health_check,
};

gardefou::error::__macros::inventory::submit! {
    StaticCheck::new("declared-here", "declared.rs:1", |health| health.register(Check::internal("declared-here", || true).liveness()))
}

gardefou::error::__macros::inventory::submit! {
    StaticCheck::new("declared-here", "declared.rs:2", |health| health.register_check("declared-here", || false))
}

#[test]
fn a_declared_check_is_in_the_process_wide_registry_and_a_second_of_its_name_is_told() {
    assert!(health_check().run_check("declared-here").unwrap().passed(), "the first place wins");
    let guard = gardefou::init_error_system().unwrap();
    let told: Vec<String> = guard.warnings().iter().map(ToString::to_string).collect();
    let expected = "health check `declared-here` declared at declared.rs:2 is not registered: \
                    a check named `declared-here` is registered already (another is declared at declared.rs:1)";
    assert!(told.iter().any(|text| text == expected), "{told:?}");
    let err = gardefou::ErrorSystem::builder().strict(true).init().unwrap_err();
    assert!(err.to_string().contains(expected), "{err}");
}

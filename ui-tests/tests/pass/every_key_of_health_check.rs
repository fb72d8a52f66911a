//! Each key of `#[health_check]`.

use crate::prelude::*;
use gardefou::{
    health::{Criticality, ProbeKind},
    health_check,
};

mod facade {
    pub(crate) mod nested {
        pub(crate) use gardefou as core_gardefou;
    }
}

const NAME: &str = "every-key-of-a-check";

#[health_check(
    name = NAME,
    criticality = "critical",
    scope = "dependency",
    kind = "startup",
    timeout = "2s",
    period = 10,
    stale_after = Duration::from_secs(60),
    failure_threshold = 1,
    success_threshold = 2,
    group = "storage",
    tag = "sql",
    crate = facade::nested::core_gardefou
)]
fn f() -> R<()> {
    Ok(())
}

#[health_check(criticality = Criticality::Informational, scope = "internal", kind = "liveness", crate = "gardefou")]
async fn g() -> bool {
    tick().await;
    true
}

#[test]
fn checks_are_registered() {
    let check = health_check().run_check(NAME).unwrap();
    assert_eq!(
        (check.criticality, check.kinds.as_slice()),
        (Criticality::Critical, &[ProbeKind::Startup][..])
    );
    assert!(f().is_ok() && block_on(g()), "the functions stay callable");
}

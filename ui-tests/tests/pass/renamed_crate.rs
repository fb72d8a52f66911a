//! `crate = path` names a re-exported runtime, as a path or as a string.

use crate::prelude::*;

mod facade {
    pub(crate) mod nested {
        pub(crate) use gardefou as core_gardefou;
    }
}

#[with_circuit_breaker(name = "renamed", crate = crate::renamed_crate::facade::nested::core_gardefou)]
fn f() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(
    name = "renamed",
    crate = "crate::renamed_crate::facade::nested::core_gardefou"
)]
async fn g() -> R<i32> {
    tick().await;
    Ok(1)
}

#[enhanced_error_handling(crate = facade::nested::core_gardefou)]
#[retry(crate = facade::nested::core_gardefou, initial_delay = 0)]
fn h() -> R<i32> {
    Ok(1)
}

#[test]
fn facade_is_used() {
    assert_eq!(f().unwrap() + block_on(g()).unwrap() + h().unwrap(), 3);
}

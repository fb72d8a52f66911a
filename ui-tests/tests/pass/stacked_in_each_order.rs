//! Two and three stacked attributes, in each order.

use crate::prelude::*;

macro_rules! stacks {
    ($($name:ident: $(#[$attr:meta])+;)+) => {
        $(
            mod $name {
                use crate::prelude::*;

                $(#[$attr])+
                pub(super) fn sync(s: &str) -> R<usize> {
                    if s.is_empty() {
                        return Err(AppError::new(ErrorCode::API_REQUEST_ERROR, "empty"));
                    }
                    Ok(s.len())
                }

                $(#[$attr])+
                pub(super) async fn later(s: String) -> R<usize> {
                    tick().await;
                    if s.is_empty() {
                        return Err(AppError::new(ErrorCode::API_REQUEST_ERROR, "empty"));
                    }
                    Ok(s.len())
                }
            }
        )+

        #[test]
        fn every_order_runs() {
            $(
                assert_eq!($name::sync("ab").unwrap(), 2, stringify!($name));
                assert!($name::sync("").is_err(), stringify!($name));
                assert_eq!(block_on($name::later("ab".into())).unwrap(), 2, stringify!($name));
                assert!(block_on($name::later(String::new())).is_err(), stringify!($name));
            )+
        }
    };
}

stacks! {
    ec: #[enhanced_error_handling] #[with_circuit_breaker(name = "ec")];
    ce: #[with_circuit_breaker(name = "ce")] #[enhanced_error_handling];
    er: #[enhanced_error_handling] #[retry(initial_delay = 0)];
    re: #[retry(initial_delay = 0)] #[enhanced_error_handling];
    cr: #[with_circuit_breaker(name = "cr")] #[retry(initial_delay = 0)];
    rc: #[retry(initial_delay = 0)] #[with_circuit_breaker(name = "rc")];
    ecr: #[enhanced_error_handling] #[with_circuit_breaker(name = "ecr")] #[retry(initial_delay = 0)];
    erc: #[enhanced_error_handling] #[retry(initial_delay = 0)] #[with_circuit_breaker(name = "erc")];
    cer: #[with_circuit_breaker(name = "cer")] #[enhanced_error_handling] #[retry(initial_delay = 0)];
    cre: #[with_circuit_breaker(name = "cre")] #[retry(initial_delay = 0)] #[enhanced_error_handling];
    rec: #[retry(initial_delay = 0)] #[enhanced_error_handling] #[with_circuit_breaker(name = "rec")];
    rce: #[retry(initial_delay = 0)] #[with_circuit_breaker(name = "rce")] #[enhanced_error_handling];
    twice: #[with_circuit_breaker(name = "outer")] #[inline] #[with_circuit_breaker(name = "inner")];
}

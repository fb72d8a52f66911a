//! A library: an error type of its own with codes, and guards, on the core alone.
//!
//! A library leaves logging, journal and alerts to the program. It depends on
//! `gardefou = { version = "0.1", default-features = false }`, which brings no async runtime.
//!
//! `cargo run -p gardefou-examples --example library`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

/// What would be the `lib.rs` of a client library.
mod weather {
    use gardefou::{Coded, Rejection, retry_with_circuit_breaker};

    /// The library's errors. Callers match on them; guards find code and class by the derive.
    #[derive(Debug, thiserror::Error, Coded)]
    #[non_exhaustive]
    pub(super) enum WeatherError {
        #[error("there is no station {0}")]
        #[code(API_REQUEST_ERROR)]
        NoStation(u32),
        #[error("the service does not answer")]
        #[code(EXTERNAL_SERVICE_ERROR)]
        Unavailable,
        /// What an attribute needs of an error type.
        #[error(transparent)]
        Rejected(#[from] Rejection),
    }

    /// Reads a temperature: up to three attempts, none while the service is known to be down.
    #[retry_with_circuit_breaker(name = "weather", initial_delay = "1ms", max_retries = 2)]
    pub(super) fn temperature(station: u32) -> Result<f64, WeatherError> {
        match station {
            0 => Err(WeatherError::NoStation(station)),
            1 => Ok(11.5),
            _ => Err(WeatherError::Unavailable),
        }
    }
}

use gardefou::{AppError, ErrorCode};
use weather::{WeatherError, temperature};

fn main() -> gardefou::Result<()> {
    assert!(matches!(temperature(1), Ok(degrees) if degrees > 11.0));
    // Permanent by its code: neither retried nor counted by the breaker.
    assert!(matches!(temperature(0), Err(WeatherError::NoStation(0))));
    // Transient: three attempts in the first call, and two in the second one open the circuit.
    assert!(matches!(temperature(2), Err(WeatherError::Unavailable)));
    assert!(matches!(temperature(2), Err(WeatherError::Rejected(_))));
    assert!(matches!(temperature(1), Err(WeatherError::Rejected(_))));

    // A program that uses `AppError` keeps the codes with a plain `?`.
    let error = AppError::from(WeatherError::Unavailable);
    assert!(error.is(ErrorCode::EXTERNAL_SERVICE_ERROR));
    println!("{error}: {}", error.code());
    Ok(())
}

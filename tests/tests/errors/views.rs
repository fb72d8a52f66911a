//! The two ways to look at an error see the same.

use crate::coded::{NoLicence, QueryError, StoreError, client};
use gardefou::{
    __private::{self, Shape},
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    error::View,
};
use std::{error::Error, fmt::Debug, io, sync::Arc, time::Duration};

fn same<E: Debug + 'static>(seen: &View<'_>, error: &E) {
    let any = View::of_any(error);
    let all = |view: &View<'_>| {
        (
            (view.type_name(), view.code(), view.class(), view.is_rejected(), view.retry_after()),
            (view.id(), view.location().map(ToString::to_string), view.is_reported(), view.rejection().is_some()),
            view.to_string(),
        )
    };
    assert_eq!(all(seen), all(&any), "{error:?}");
}

/// Looks at a value in both ways.
macro_rules! both {
    ($($type:ty: $error:expr;)+) => {
        $({
            let error: $type = $error;
            let shape = __private::shape!(__private::Itself, Result<(), $type>);
            same(&shape.view(&error), &error);
        })+
    };
}

fn app() -> AppError {
    AppError::new(ErrorCode::RATE_LIMIT_ERROR, "slow down").with_retry_after(Duration::from_secs(9))
}

#[test]
fn attributes_and_calls_by_hand_see_the_same_of_every_known_type() {
    let breaker = CircuitBreaker::builder("two-ways").build().unwrap();
    breaker.force_open();
    let rejection = || breaker.try_acquire().unwrap_err();
    both! {
        AppError: app();
        AppError: "x".parse::<u8>().unwrap_err().into();
        AppError: rejection().into();
        gardefou::error::StdError: app().into_std();
        Arc<AppError>: Arc::new(app());
        Box<AppError>: Box::new(app());
        gardefou::Rejection: rejection();
        Box<dyn Error>: app().into();
        Box<dyn Error + Send>: app().into();
        Box<dyn Error + Send + Sync>: app().into();
        Box<dyn Error + Send + Sync>: rejection().into();
        Box<dyn Error + Send + Sync>: Box::new(StoreError::Locked(1));
        Box<dyn Error + Send + Sync>: "a text".into();
        Arc<dyn Error>: Arc::new(app().into_std());
        Arc<dyn Error + Send>: Arc::new(io::Error::from(io::ErrorKind::NotFound));
        Arc<dyn Error + Send + Sync>: Arc::new(client::Error::Busy);
        io::Error: io::ErrorKind::NotFound.into();
        io::Error: io::ErrorKind::BrokenPipe.into();
        io::Error: app().into();
        io::Error: rejection().into();
        io::Error: io::Error::other(StoreError::Locked(2));
        std::num::ParseIntError: "x".parse::<u8>().unwrap_err();
        std::num::ParseFloatError: "x".parse::<f32>().unwrap_err();
        std::str::ParseBoolError: "x".parse::<bool>().unwrap_err();
        std::string::FromUtf8Error: String::from_utf8(vec![255]).unwrap_err();
        std::net::AddrParseError: "x".parse::<std::net::IpAddr>().unwrap_err();
        serde_json::Error: serde_json::from_str::<u8>("{").unwrap_err();
        gardefou::ConfigError: CircuitBreaker::builder("x").failure_threshold(0).build().unwrap_err();
        StoreError: StoreError::Locked(3);
        StoreError: StoreError::Missing { row: 3 };
        StoreError: StoreError::Read(io::ErrorKind::TimedOut.into());
        Arc<StoreError>: Arc::new(StoreError::Locked(4));
        Box<StoreError>: Box::new(StoreError::Locked(5));
        NoLicence: NoLicence;
        QueryError: QueryError::Else;
        client::Error: client::Error::Busy;
        client::Error: client::Error::Odd("x".parse::<i32>().unwrap_err());
        Arc<client::Error>: Arc::new(client::Error::Unauthorised);
        Box<client::Error>: Box::new(client::Error::Busy);
        std::fmt::Error: std::fmt::Error;
        anyhow::Error: anyhow::anyhow!(app()).context("a");
        eyre::Report: eyre::eyre!(app()).wrap_err("a");
        String: "a text".to_owned();
        &'static str: "a text";
    }
}

#[test]
fn attributes_see_what_a_type_that_nobody_mapped_has() {
    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] io::Error);
    #[derive(Debug)]
    struct Bare;

    let shape = __private::shape!(__private::Itself, Result<(), Wrapped>);
    let error = Wrapped(io::ErrorKind::NotFound.into());
    let view = shape.view(&error);
    assert_eq!((view.to_string().as_str(), view.class()), ("wrapped", gardefou::error::Class::Permanent));
    let shape = __private::shape!(__private::Itself, Result<(), Bare>);
    assert_eq!(shape.view(&Bare).to_string(), "Bare");

    fn borrowed<'a>(text: &'a str) -> String {
        #[derive(Debug, thiserror::Error)]
        #[error("at {0}")]
        struct At<'a>(&'a str);
        let shape = __private::shape!(__private::Itself, Result<(), At<'a>>);
        shape.view(&At(text)).to_string()
    }
    assert_eq!(borrowed(&String::from("3")), "at 3");
}

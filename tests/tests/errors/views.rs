//! Both ways to make the view of an error give the same.

use crate::coded::{NoLicence, QueryError, StoreError, client};
use gardefou::{
    __private::{self, Shape},
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    error::{Class, ErrorRef, View},
};
use std::{error::Error, fmt::Debug, io, sync::Arc, time::Duration};

fn same<E: Debug + 'static>(seen: &View<'_>, error: &E) {
    let any = View::from_any(error);
    let all = |view: &View<'_>| {
        (
            (
                view.type_name(),
                view.code(),
                view.class(),
                view.is_rejected(),
                view.retry_after(),
            ),
            (
                view.id(),
                view.location().map(ToString::to_string),
                view.is_reported(),
                view.rejection().is_some(),
            ),
            view.to_string(),
        )
    };
    assert_eq!(all(seen), all(&any), "{error:?}");
}

/// Makes the view of a value in both ways.
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
fn attributes_and_calls_by_hand_give_the_same_view_of_every_known_type() {
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
        Arc<io::Error>: Arc::new(io::ErrorKind::NotFound.into());
        Arc<io::Error>: Arc::new(app().into());
        Box<io::Error>: Box::new(io::ErrorKind::BrokenPipe.into());
        Arc<serde_json::Error>: Arc::new(serde_json::from_str::<u8>("{").unwrap_err());
        Box<std::num::ParseIntError>: Box::new("x".parse::<u8>().unwrap_err());
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
fn attributes_use_the_traits_of_unmapped_types() {
    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] io::Error);
    #[derive(Debug)]
    struct Bare;

    let shape = __private::shape!(__private::Itself, Result<(), Wrapped>);
    let error = Wrapped(io::ErrorKind::NotFound.into());
    let view = shape.view(&error);
    assert_eq!(
        (view.to_string().as_str(), view.class()),
        ("wrapped", Class::Permanent)
    );
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

/// Made from a reference whose kind is known, a view knows as much as one of the type.
#[test]
fn error_ref_gives_the_same_view_as_the_type() {
    let app = app();
    let view = View::from_ref(ErrorRef::App(&app));
    assert_eq!(
        (view.code(), view.type_name()),
        (Some(app.code()), View::from_app(&app).type_name())
    );
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let view = View::from_ref(ErrorRef::Std(&missing));
    assert_eq!(
        (view.class(), view.type_name()),
        (Class::Permanent, View::from_dyn(&missing).type_name())
    );
    let mapped = StoreError::Locked(1);
    assert_eq!(
        View::from_ref(ErrorRef::Std(&mapped)).code(),
        View::from_any(&mapped).code()
    );
    assert_eq!(
        View::from_ref(ErrorRef::Opaque("app::Bare")).type_name(),
        "app::Bare"
    );
    assert_eq!(
        View::from_ref(ErrorRef::Display(&"disk full")).type_name(),
        ""
    );
    assert_eq!(
        format!("{view:?}"),
        r#"View { type_name: "dyn core::error::Error", error: "entity not found", .. }"#
    );
    assert!(!View::from_app(&app).is_rejected());
    let breaker = CircuitBreaker::builder("by-reference").build().unwrap();
    breaker.force_open();
    assert_eq!(
        View::from_any(&breaker.try_acquire().unwrap_err()).class(),
        Class::Transient
    );
}

/// Texts of an error, and other errors in them, give it no code; only its type and its sources do.
#[test]
fn error_that_only_mentions_another_has_no_code() {
    /// Prints the other one in its `source()`.
    #[derive(Debug, thiserror::Error)]
    #[error("odd")]
    struct Odd(#[source] Printing);
    #[derive(Debug)]
    struct Printing(AppError);
    impl std::fmt::Display for Printing {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("printing")
        }
    }
    impl Error for Printing {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            assert!(self.0.to_string().contains("slow down"));
            None
        }
    }
    assert_eq!(View::from_any(&Odd(Printing(app()))).code(), None);
    assert_eq!(View::from_dyn(&Odd(Printing(app()))).code(), None);

    /// Prints more than the other one.
    #[derive(Debug)]
    struct Behind(AppError);
    impl std::fmt::Display for Behind {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "")?;
            write!(f, "gateway: {}", self.0)
        }
    }
    assert_eq!(
        View::from_dyn(anyhow::Error::msg(Behind(app())).as_ref()).code(),
        None
    );
    // Nothing before it: it is a box around it.
    assert_eq!(
        View::from_dyn(anyhow::Error::msg(app()).as_ref()).code(),
        Some(app().code())
    );
    assert_eq!(
        View::from_dyn(anyhow::Error::msg(Framed(app())).as_ref()).code(),
        Some(app().code())
    );

    /// Prints an empty text first.
    #[derive(Debug)]
    struct Framed(AppError);
    impl std::fmt::Display for Framed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("")?;
            write!(f, "{}", self.0)
        }
    }
}

/// An error of a known type is not printed for inspection.
#[test]
fn only_erased_errors_are_printed_for_inspection() {
    #[derive(Debug)]
    struct Shown(std::cell::Cell<u32>);
    impl std::fmt::Display for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("shown")
        }
    }
    impl Error for Shown {}
    let error = Shown(0.into());
    assert_eq!(
        (
            View::from_any(&error).code(),
            View::from_std(&error).code(),
            error.0.get()
        ),
        (None, None, 0)
    );
    assert_eq!((View::from_dyn(&error).code(), error.0.get()), (None, 1));
}

#[test]
fn chain_is_inspected_sixty_four_levels_deep() {
    #[derive(Debug, thiserror::Error)]
    #[error("above")]
    struct Above(#[source] Box<dyn Error>);
    let below = |levels| {
        (0..levels).fold(app().into(), |error: Box<dyn Error>, _| {
            Box::new(Above(error))
        })
    };
    assert_eq!(View::from_any(&below(63)).code(), Some(app().code()));
    assert_eq!(View::from_any(&below(64)).code(), None);
}

//! Classes of foreign errors, as retries and breakers use them.

use gardefou::{
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    classify::classify,
    error::{Class, View},
    error_codes, retry, retry_with_circuit_breaker,
};
use std::{
    error::Error,
    io::{self, ErrorKind},
};

error_codes! {
    PAYMENT_DECLINED = 7001, http = 402;
    LOGIN_EXPIRED = 7002, http = 401;
    ORDER_CHANGED = 7003, http = 409;
    TRY_LATER = 7004, http = 425;
}

#[retry_with_circuit_breaker(
    name = "declined",
    failure_threshold = 2,
    max_retries = 3,
    initial_delay = 0
)]
fn charge(runs: &mut u32, code: ErrorCode) -> Result<(), AppError> {
    *runs += 1;
    Err(AppError::new(code, "no"))
}

#[test]
fn declined_payment_is_charged_once_and_opens_no_circuit() {
    for code in [PAYMENT_DECLINED, LOGIN_EXPIRED, ORDER_CHANGED] {
        for _ in 0..3 {
            let mut runs = 0;
            assert!(charge(&mut runs, code).unwrap_err().is(code));
            assert_eq!(runs, 1, "{code}");
        }
    }
    let mut runs = 0;
    assert!(charge(&mut runs, TRY_LATER).is_err());
    assert_eq!(runs, 2, "the second failure opens the circuit");
}

#[retry(max_retries = 3, initial_delay = 0)]
fn read(runs: &mut u32, kind: ErrorKind) -> io::Result<()> {
    *runs += 1;
    Err(kind.into())
}

fn runs_of(kind: ErrorKind) -> u32 {
    let mut runs = 0;
    let _ = read(&mut runs, kind);
    runs
}

#[test]
fn missing_file_is_not_retried_and_a_broken_pipe_is() {
    for kind in [
        ErrorKind::NotFound,
        ErrorKind::PermissionDenied,
        ErrorKind::InvalidInput,
        ErrorKind::InvalidData,
        ErrorKind::AlreadyExists,
        ErrorKind::Unsupported,
    ] {
        assert_eq!(runs_of(kind), 1, "{kind}");
        let breaker = CircuitBreaker::builder(format!("reads-{kind:?}"))
            .failure_threshold(1)
            .build()
            .unwrap();
        let outcome: io::Result<()> = breaker.call(|| Err(kind.into()));
        assert_eq!(outcome.unwrap_err().kind(), kind);
        assert_eq!(breaker.snapshot().counts.ignored, 1, "{kind}");
    }
    for kind in [
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
        ErrorKind::TimedOut,
        ErrorKind::Interrupted,
        ErrorKind::WouldBlock,
        ErrorKind::Other,
    ] {
        assert_eq!(runs_of(kind), 4, "{kind}");
    }
}

#[retry(max_retries = 3, initial_delay = 0)]
fn parse(runs: &mut u32, text: &str) -> Result<i32, std::num::ParseIntError> {
    *runs += 1;
    text.parse()
}

#[retry(max_retries = 3, initial_delay = 0)]
fn parse_by_question_mark(runs: &mut u32, text: &str) -> gardefou::Result<i32> {
    *runs += 1;
    Ok(text.parse()?)
}

#[test]
fn parse_error_is_not_retried() {
    let (mut direct, mut converted) = (0, 0);
    assert!(parse(&mut direct, "x").is_err());
    let err = parse_by_question_mark(&mut converted, "x").unwrap_err();
    assert_eq!((direct, converted), (1, 1));
    assert!(!err.is_coded(), "a class is no code");
}

#[test]
fn parse_and_text_errors_of_std_are_permanent() {
    let bytes = vec![255];
    let errors: Vec<Box<dyn Error>> = vec![
        "x".parse::<u8>().unwrap_err().into(),
        "x".parse::<f32>().unwrap_err().into(),
        "x".parse::<bool>().unwrap_err().into(),
        "xx".parse::<char>().unwrap_err().into(),
        u8::try_from(300_i32).unwrap_err().into(),
        str::from_utf8(&bytes).unwrap_err().into(),
        String::from_utf8(vec![255]).unwrap_err().into(),
        std::ffi::CString::new("a\0b").unwrap_err().into(),
        std::env::var("gardefou_no_such_variable")
            .unwrap_err()
            .into(),
    ];
    for error in errors {
        assert_eq!(classify(&*error).class, Class::Permanent, "{error:?}");
    }
}

#[test]
fn json_is_permanent_unless_its_reader_failed() {
    struct Broken(ErrorKind);
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
    }
    let class = |error: &serde_json::Error| View::from_any(error).class();
    assert_eq!(
        class(&serde_json::from_str::<u8>("{").unwrap_err()),
        Class::Permanent,
        "syntax, at the end"
    );
    assert_eq!(
        class(&serde_json::from_str::<u8>("\"x\"").unwrap_err()),
        Class::Permanent,
        "data"
    );
    let from = |kind| serde_json::from_reader::<_, u8>(Broken(kind)).unwrap_err();
    assert_eq!(class(&from(ErrorKind::ConnectionReset)), Class::Transient);
    assert_eq!(class(&from(ErrorKind::PermissionDenied)), Class::Permanent);
}

#[test]
fn code_takes_precedence_over_the_class_of_a_source() {
    let missing = || io::Error::from(ErrorKind::NotFound);
    let down = AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "down").with_source(missing());
    assert_eq!(classify(&*down).class, Class::Transient);
    let unknown = AppError::new(ErrorCode::DB_QUERY_ERROR, "failed").with_source(missing());
    assert_eq!(classify(&*unknown).class, Class::Unknown);
    assert_eq!(
        classify(&*AppError::from(missing())).class,
        Class::Permanent
    );
}

#[test]
fn source_is_classified_at_most_eight_levels_deep() {
    #[derive(Debug)]
    struct Above(Box<dyn Error>);
    impl std::fmt::Display for Above {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("above")
        }
    }
    impl Error for Above {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }
    let below = |levels| {
        let missing: Box<dyn Error> = io::Error::from(ErrorKind::NotFound).into();
        (0..levels).fold(missing, |error, _| Box::new(Above(error)))
    };
    assert_eq!(classify(&*below(7)).class, Class::Permanent);
    assert_eq!(classify(&*below(8)).class, Class::Unknown);
}

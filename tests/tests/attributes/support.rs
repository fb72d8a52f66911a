//! Helpers of the tests of attributes.

use gardefou::{
    AppError, ErrorCode,
    event::{Event, Subscription, subscribe},
};
use std::sync::{Arc, Mutex};

/// The runtime crate under another name.
pub(crate) mod facade {
    pub(crate) use gardefou as renamed;
}

pub(crate) type R<T> = Result<T, AppError>;

/// A transient error.
pub(crate) fn busy() -> AppError {
    AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy")
}

/// A permanent error.
pub(crate) fn missing() -> AppError {
    AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "missing")
}

/// Returns the errors that were reported under one operation, as `CODE text`.
pub(crate) struct Reported {
    texts: Arc<Mutex<Vec<String>>>,
    _subscription: Subscription,
}

impl Reported {
    pub(crate) fn by(operation: &'static str) -> Self {
        let texts = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&texts);
        let listen = move |event: &Event<'_>| {
            if let Event::Error(error) = event
                && error.operation == operation
            {
                sink.lock()
                    .unwrap()
                    .push(format!("{} {} {}", error.level, error.code, error.error));
            }
        };
        Self {
            texts,
            _subscription: subscribe(listen),
        }
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.texts.lock().unwrap().clone()
    }
}

//! Codes of the errors of HTTP clients.

use super::coded::Coding;
#[cfg(feature = "reqwest-0_13")]
use crate::error::Class;
use crate::error::ErrorCode;

/// The other side was not reached, or hung up: another try can help.
const UNREACHABLE: Coding = Coding::new(ErrorCode::EXTERNAL_SERVICE_ERROR);
/// This side built a request that cannot be sent.
const ILL_BUILT: Coding = Coding::new(ErrorCode::API_REQUEST_ERROR);

#[cfg(feature = "hyper-1")]
pub(super) fn of_hyper(error: &hyper_1::Error) -> Option<Coding> {
    Some(if error.is_timeout() {
        ErrorCode::TIMEOUT_ERROR.into()
    } else if error.is_parse() {
        ErrorCode::API_RESPONSE_ERROR.into()
    } else if error.is_user() {
        ILL_BUILT
    } else {
        UNREACHABLE
    })
}

#[cfg(feature = "reqwest-0_13")]
pub(super) fn of_reqwest(error: &reqwest_0_13::Error) -> Option<Coding> {
    Some(if error.is_timeout() {
        ErrorCode::TIMEOUT_ERROR.into()
    } else if let Some(status) = error.status() {
        of_status(status.as_u16())
    } else if error.is_builder() {
        ILL_BUILT
    } else if error.is_decode() {
        ErrorCode::API_RESPONSE_ERROR.into()
    } else if error.is_redirect() {
        Coding::new(ErrorCode::API_RESPONSE_ERROR).class(Class::Permanent)
    } else {
        UNREACHABLE
    })
}

/// Returns the code of a response of another service; its class is that of the status.
#[cfg(feature = "reqwest-0_13")]
pub(crate) const fn of_status(status: u16) -> Coding {
    let code = match status {
        401 | 403 => ErrorCode::PERMISSION_ERROR,
        404 | 410 => ErrorCode::FILE_NOT_FOUND_ERROR,
        408 => ErrorCode::TIMEOUT_ERROR,
        423 => ErrorCode::RESOURCE_BUSY_ERROR,
        429 => ErrorCode::RATE_LIMIT_ERROR,
        400..=499 => ErrorCode::API_REQUEST_ERROR,
        504 => ErrorCode::TIMEOUT_ERROR,
        _ => ErrorCode::EXTERNAL_SERVICE_ERROR,
    };
    Coding::new(code).class(Class::from_http_status(status))
}

#[cfg(all(test, feature = "reqwest-0_13"))]
mod tests {
    use super::*;
    use crate::error::{AppError, View};

    fn class_and_code(error: &reqwest_0_13::Error) -> (Class, Option<ErrorCode>) {
        let view = View::from_any(error);
        (view.class(), view.code())
    }

    #[test]
    fn status_decides_class_and_code() {
        for (status, code, class) in [
            (400, ErrorCode::API_REQUEST_ERROR, Class::Permanent),
            (401, ErrorCode::PERMISSION_ERROR, Class::Permanent),
            (404, ErrorCode::FILE_NOT_FOUND_ERROR, Class::Permanent),
            (408, ErrorCode::TIMEOUT_ERROR, Class::Transient),
            (421, ErrorCode::API_REQUEST_ERROR, Class::Transient),
            (429, ErrorCode::RATE_LIMIT_ERROR, Class::Transient),
            (500, ErrorCode::EXTERNAL_SERVICE_ERROR, Class::Unknown),
            (503, ErrorCode::EXTERNAL_SERVICE_ERROR, Class::Transient),
        ] {
            let response = http_1::Response::builder().status(status).body("").unwrap();
            let error = reqwest_0_13::Response::from(response)
                .error_for_status()
                .unwrap_err();
            assert_eq!(class_and_code(&error), (class, Some(code)), "{status}");
            let converted = AppError::from(error);
            assert!(converted.is(code), "{status}");
            assert_eq!(
                View::from_any(&converted).class(),
                class,
                "kept by the conversion of {status}"
            );
        }
    }

    #[tokio::test]
    async fn invalid_request_is_permanent_and_a_closed_port_transient() {
        let client = reqwest_0_13::Client::new();
        let ill_built = client.get("not a url").build().unwrap_err();
        assert_eq!(
            class_and_code(&ill_built),
            (Class::Permanent, Some(ErrorCode::API_REQUEST_ERROR))
        );
        // The port of tcpmux: nobody serves it, and no test is given it.
        let refused = client.get("http://127.0.0.1:1/").send().await.unwrap_err();
        assert_eq!(
            class_and_code(&refused),
            (Class::Transient, Some(ErrorCode::EXTERNAL_SERVICE_ERROR))
        );
    }

    #[cfg(feature = "hyper-1")]
    #[tokio::test]
    async fn hyper_errors_below_reqwest_have_their_own_codes() {
        use std::{
            error::Error,
            io::{Read, Write},
            net::TcpListener,
            thread,
        };
        let hyper_error = async |answer: &'static str| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                // An answer before the request would be another error.
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer.as_bytes());
            });
            let error = reqwest_0_13::Client::new()
                .get(url)
                .send()
                .await
                .unwrap_err();
            server.join().unwrap();
            error
        };
        for (answer, code) in [
            ("", ErrorCode::EXTERNAL_SERVICE_ERROR),
            ("no HTTP at all\r\n\r\n", ErrorCode::API_RESPONSE_ERROR),
        ] {
            let error = hyper_error(answer).await;
            let mut level: Option<&(dyn Error + 'static)> = Some(&error);
            let found = std::iter::from_fn(|| {
                let this = level?;
                level = this.source();
                Some(this)
            })
            .find_map(|level| level.downcast_ref::<hyper_1::Error>());
            assert_eq!(
                View::from_any(found.unwrap()).code(),
                Some(code),
                "{error:?}"
            );
        }
    }
}

//! Asks a service over HTTP.

use crate::{
    args::Service,
    run::{Failure, chain},
};
use std::{fs, path::Path};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// A longer answer is not read.
const MAX_BODY: u64 = 32 * 1024 * 1024;

/// What a service answered.
pub(crate) struct Answer {
    /// The status of HTTP, whatever it is.
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Asks a service for the document of this address, of one of these media types.
pub(crate) fn get(url: &str, service: &Service, media_types: &str) -> Result<Answer, Failure> {
    let is_http = ["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !is_http {
        let rule = "must begin with http:// or https://";
        return Err(Failure::new(format!("`URL` is `{url}`: it {rule}")));
    }
    let roots = match &service.ca_certificate {
        Some(file) => authorities(file)?,
        None => RootCerts::WebPki,
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(service.timeout))
        .http_status_as_error(false)
        // A question is about the service, not about what stands in between.
        .proxy(None)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("gardefou/", env!("CARGO_PKG_VERSION")));
    let agent: ureq::Agent = config.build().into();
    let failed = |err: ureq::Error| {
        let why = match err {
            ureq::Error::Timeout(_) => format!("no answer within {:?}", service.timeout),
            err => chain(&err),
        };
        Failure::new(format!("{url}: {why}"))
    };
    let mut request = agent.get(url).header("accept", media_types);
    for (name, value) in &service.headers {
        request = request.header(name, value);
    }
    let mut answer = request.call().map_err(failed)?;
    let body = answer.body_mut().with_config().limit(MAX_BODY);
    let body = body.read_to_vec().map_err(failed)?;
    Ok(Answer {
        status: answer.status().as_u16(),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Reads the authorities that are trusted instead of the usual ones.
fn authorities(file: &Path) -> Result<RootCerts, Failure> {
    let shown = file.display();
    let pem = fs::read(file).map_err(|err| Failure::new(format!("{shown}: {err}")))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        let item = item.map_err(|err| Failure::new(format!("{shown}: {}", chain(&err))))?;
        if let PemItem::Certificate(certificate) = item {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        let rule = "must be a file with a certificate in the form of PEM";
        return Err(Failure::new(format!(
            "`--ca-certificate` is `{shown}`: it {rule}"
        )));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

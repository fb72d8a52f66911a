//! Answers of probes, independent of any HTTP framework.

#[cfg(feature = "async")]
use super::check::Spec;
use super::{
    handle::Health,
    report::{CheckReport, HealthReport},
    status::{ProbeKind, Status},
};
use crate::error::details;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// To whom probes show the text and the details of checks, which are redacted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShowDetails {
    /// No one. The default.
    #[default]
    Never,
    /// Requests that the program allows.
    WhenAllowed,
    /// Everyone.
    Always,
}

/// Answers probes of a registry with plain values: status, headers, body.
///
/// | path | question | body by default |
/// | --- | --- | --- |
/// | `/livez` | must the process be restarted? | status |
/// | `/readyz` | should it be given work? | status |
/// | `/startupz` | has it finished starting? | status |
/// | `/healthz` | what is the state of all checks? | status and checks |
/// | `/healthz/NAME` | what is the state of this check? | status and check |
///
/// Pass and warn are 200, fail is 503; the content type is `application/health+json`. Query keys:
/// `verbose` adds each check with its status; `exclude=NAME` (also repeated, or with commas) leaves
/// a check out and lists it as excluded. Methods other than `GET` and `HEAD` are 405.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, Probes};
///
/// let health = Health::new(HealthConfig::builder().background(false).build()?);
/// let probes = Probes::new(health.clone());
/// assert_eq!(probes.respond("GET", "/livez", false).status(), 200);
/// assert_eq!(probes.respond("GET", "/readyz", false).status(), 503, "the start is not complete");
///
/// health.mark_started();
/// let answer = probes.respond("GET", "/readyz?verbose", false);
/// assert_eq!(answer.status(), 200);
/// assert_eq!(answer.header("content-type"), Some("application/health+json"));
/// assert_eq!(answer.body(), r#"{"checks":{},"phase":"started","status":"pass"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Probes {
    health: Health,
    show_details: ShowDetails,
}

/// The answer of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResponse {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A parsed path and query.
struct Question {
    subject: Subject,
    verbose: bool,
    exclude: Vec<String>,
}

enum Subject {
    Kind(ProbeKind),
    Everything,
    Check(String),
}

impl Probes {
    /// Makes the probes of a registry, without details.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let probes = Probes::new(Health::default());
    /// assert_eq!(probes.respond("GET", "/livez", false).status(), 200);
    /// assert_eq!(probes.respond("GET", "/metrics", false).status(), 404);
    /// ```
    #[must_use]
    pub fn new(health: Health) -> Self {
        Self {
            health,
            show_details: ShowDetails::default(),
        }
    }

    /// Sets to whom details of checks are shown.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes, ShowDetails};
    ///
    /// let health = Health::default();
    /// health.register_check("archive", || Err::<(), _>("the tape robot does not answer"))?;
    /// health.run_all_checks();
    /// let probes = Probes::new(health).show_details(ShowDetails::WhenAllowed);
    /// let shows = |allowed| probes.respond("GET", "/healthz/archive", allowed).body().contains("tape robot");
    /// assert_eq!((shows(true), shows(false)), (true, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn show_details(mut self, show: ShowDetails) -> Self {
        self.show_details = show;
        self
    }

    /// Returns the registry.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let probes = Probes::new(Health::default());
    /// probes.health().register_check("cache", || true)?;
    /// assert_eq!(probes.respond("GET", "/healthz/cache", false).status(), 503, "not run yet");
    /// probes.health().run_check("cache")?;
    /// assert_eq!(probes.respond("GET", "/healthz/cache", false).status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Answers from memory. `target` is the path with its query; `allowed` is whether the program
    /// allows this request to see details.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Probes};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("cache", || false).critical())?;
    /// health.run_all_checks();
    /// let probes = Probes::new(health);
    /// assert_eq!(probes.respond("GET", "/healthz", false).status(), 503);
    /// assert_eq!(probes.respond("GET", "/healthz?exclude=cache", false).status(), 200);
    /// assert_eq!(probes.respond("POST", "/healthz", false).status(), 405);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn respond(&self, method: &str, target: &str, allowed: bool) -> ProbeResponse {
        let is_head = method == "HEAD";
        let response = match Question::parse(target) {
            _ if !is_head && method != "GET" => {
                let mut response = problem(405, "Method Not Allowed");
                response.headers.push(("allow", "GET, HEAD".into()));
                response
            }
            Some(question) => self.answer(&question, allowed),
            None => problem(404, "Not Found"),
        };
        if is_head {
            response.without_body()
        } else {
            response
        }
    }

    /// Answers as [`respond`](Self::respond) does. Where no background runner keeps the results
    /// fresh, the requested checks whose result is older than the cache's time to live run first;
    /// concurrent requests share one run.
    ///
    /// # Cancel safety
    ///
    /// Runs go on and their results are recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::default();
    /// health.register_async_check("cache", || async { true })?;
    /// let probes = Probes::new(health);
    /// assert_eq!(probes.respond("GET", "/healthz", false).status(), 503, "not run yet");
    /// assert_eq!(probes.respond_async("GET", "/healthz", false).await.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn respond_async(&self, method: &str, target: &str, allowed: bool) -> ProbeResponse {
        if !self.health.is_running_in_background()
            && let Some(question) = Question::parse(target)
        {
            let is_asked_for = |check: &Spec| match &question.subject {
                Subject::Kind(kind) => check.kinds().has(*kind),
                Subject::Everything => true,
                Subject::Check(name) => *check.name == **name,
            };
            self.health.refresh_some_async(is_asked_for).await;
        }
        self.respond(method, target, allowed)
    }

    fn answer(&self, question: &Question, allowed: bool) -> ProbeResponse {
        let details = match self.show_details {
            ShowDetails::Never => false,
            ShowDetails::WhenAllowed => allowed,
            ShowDetails::Always => true,
        };
        let exclude = &question.exclude;
        match &question.subject {
            Subject::Kind(kind) => of_report(
                &self.health.probe_without(*kind, exclude),
                question.verbose,
                details,
            ),
            Subject::Everything => {
                of_report(&self.health.health_status_without(exclude), true, details)
            }
            Subject::Check(name) => match self.health.check(name) {
                Some(check) => {
                    let body = check_body(&check, details);
                    ProbeResponse::new(check.status, check.retry_after, &body)
                }
                None => problem(404, "Not Found"),
            },
        }
    }
}

impl Question {
    fn parse(target: &str) -> Option<Self> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path
            .strip_suffix('/')
            .filter(|path| !path.is_empty())
            .unwrap_or(path);
        let subject = match path {
            "/livez" => Subject::Kind(ProbeKind::Liveness),
            "/readyz" => Subject::Kind(ProbeKind::Readiness),
            "/startupz" => Subject::Kind(ProbeKind::Startup),
            "/healthz" => Subject::Everything,
            _ => Subject::Check(decoded(path.strip_prefix("/healthz/")?, false)),
        };
        let mut question = Self {
            subject,
            verbose: false,
            exclude: Vec::new(),
        };
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "verbose" => question.verbose = !matches!(value, "0" | "false"),
                "exclude" => {
                    let names = decoded(value, true);
                    question.exclude.extend(
                        names
                            .split(',')
                            .map(str::trim)
                            .filter(|n| !n.is_empty())
                            .map(str::to_owned),
                    );
                }
                _ => {}
            }
        }
        Some(question)
    }
}

/// Decodes percent encoding; an invalid sequence stays as it is.
fn decoded(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match (
            first,
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) if plus_is_space => {
                bytes.push(b' ');
                rest = tail;
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn of_report(report: &HealthReport, verbose: bool, details: bool) -> ProbeResponse {
    let mut body = Map::new();
    body.insert("status".into(), report.status().name().into());
    body.insert("phase".into(), report.phase().name().into());
    if verbose {
        // An array for each name, as the draft of `application/health+json` has it.
        let mut checks = report
            .checks()
            .iter()
            .map(|check| (check.name.clone(), json!([check_body(check, details)])));
        body.insert("checks".into(), details::object_from(&mut checks).into());
    }
    if !report.excluded().is_empty() {
        body.insert("excluded".into(), report.excluded().into());
    }
    let failing = report
        .checks()
        .iter()
        .filter(|check| check.weight == Status::Fail);
    let retry_after = failing.filter_map(|check| check.retry_after).max();
    ProbeResponse::new(report.status(), retry_after, &Value::Object(body))
}

/// Returns the body of one check: without `details` only what the registry itself determined.
fn check_body(check: &CheckReport, details: bool) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| {
        body.insert(key.to_owned(), value);
    };
    put("status", check.status.name().into());
    put("criticality", check.criticality.name().into());
    if let Some(at) = check.last_check {
        put("time", at.to_string().into());
    }
    if let Some(category) = check.category {
        put("category", category.name().into());
    }
    if let Some(group) = &check.group {
        put("componentType", group.as_str().into());
    }
    if let Some(wait) = check.retry_after {
        put("retryAfter", whole_seconds(wait).into());
    }
    if details {
        if let Some(output) = &check.output {
            put("output", output.as_str().into());
        }
        if !check.details.is_empty() {
            put("details", Value::Object(check.details.clone()));
        }
        put("consecutiveFailures", check.consecutive_failures.into());
        if let Some(duration) = check.duration {
            put("observedValue", json!(duration.as_secs_f64() * 1000.0));
            put("observedUnit", "ms".into());
        }
    }
    Value::Object(body)
}

impl ProbeResponse {
    fn new(status: Status, retry_after: Option<Duration>, body: &Value) -> Self {
        let mut headers = vec![
            ("content-type", HEALTH_JSON.into()),
            ("cache-control", "no-store".into()),
        ];
        if let Some(wait) = retry_after.filter(|_| status == Status::Fail) {
            headers.push(("retry-after", whole_seconds(wait).to_string()));
        }
        Self {
            status: status.http_status(),
            headers,
            body: body.to_string(),
        }
    }

    fn without_body(mut self) -> Self {
        self.headers
            .push(("content-length", self.body.len().to_string()));
        self.body = String::new();
        self
    }

    /// Returns the HTTP status.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let probes = Probes::new(Health::default());
    /// assert_eq!(probes.respond("GET", "/readyz", false).status(), 503, "the start is not complete");
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the headers, names in lower case.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let answer = Probes::new(Health::default()).respond("GET", "/livez", false);
    /// let names: Vec<_> = answer.headers().iter().map(|(name, _)| *name).collect();
    /// assert_eq!(names, ["content-type", "cache-control"]);
    /// ```
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Returns the header of this name, in upper or lower case.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let answer = Probes::new(Health::default()).respond("DELETE", "/livez", false);
    /// assert_eq!(answer.header("Allow"), Some("GET, HEAD"));
    /// assert_eq!(answer.header("retry-after"), None);
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body, a JSON text; empty for `HEAD`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let probes = Probes::new(Health::default());
    /// assert_eq!(probes.respond("GET", "/livez", false).body(), r#"{"phase":"starting","status":"pass"}"#);
    /// assert_eq!(probes.respond("HEAD", "/livez", false).body(), "");
    /// ```
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Splits the answer into status, headers and body.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Probes};
    ///
    /// let answer = Probes::new(Health::default()).respond("GET", "/livez", false);
    /// let (status, headers, body) = answer.into_parts();
    /// assert_eq!((status, headers.len()), (200, 2));
    /// assert!(body.contains("pass"));
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (u16, Vec<(&'static str, String)>, String) {
        (self.status, self.headers, self.body)
    }
}

/// Returns the answer to a request for no probe (RFC 9457).
fn problem(status: u16, title: &str) -> ProbeResponse {
    let body = json!({ "type": "about:blank", "title": title, "status": status }).to_string();
    // A check that is missing now may be registered later.
    let headers = vec![
        ("content-type", "application/problem+json".into()),
        ("cache-control", "no-store".into()),
    ];
    ProbeResponse {
        status,
        headers,
        body,
    }
}

/// Rounds up: a client that retries too early is rejected again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

const HEALTH_JSON: &str = "application/health+json";

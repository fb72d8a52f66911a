//! Texts that attack the page, and secrets that must not be on it.

use crate::support::{Viewer, dashboard, get, open, text};
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, Rule},
    bulkhead::Bulkhead,
    circuit_breakers,
    health::health,
    rate_limit::RateLimiter,
    report,
    retry::{Retry, RetryBudget},
    testing::Scope,
};
use gardefou_dashboard::Dashboard;

/// Texts that end a script, begin one, end a line of a script, turn the direction of writing, or end a
/// text of C.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "\u{2028}alert(1)\u{2029}",
    "\u{202e}txt.exe",
    "nul\0nul",
    "{{script}}\"'&amp;\\",
];

#[tokio::test]
async fn hostile_texts_stay_data_in_every_form() {
    let _entered = Scope::new().enter();
    let dashboard = Dashboard::builder()
        .title("</title><script>alert(1)</script>")
        .build()
        .unwrap();
    let app = open(&dashboard);
    for (number, text) in HOSTILE.into_iter().enumerate() {
        if let Ok(breaker) = circuit_breakers().get_or_create(text, |b| b.failure_threshold(1)) {
            breaker.try_acquire().unwrap().failure_because(text);
        }
        let error = AppError::new(ErrorCode::SYNC_ERROR, text).with_detail(text, text);
        report(&error.with_source(std::io::Error::other(text)));
        let check =
            health().register_check(format!("hostile-{number}"), move || Err::<(), _>(text));
        check.unwrap();
    }
    let plain = circuit_breakers()
        .get_or_create("plain", |b| b.failure_threshold(1))
        .unwrap();
    plain.try_acquire().unwrap().failure_because(HOSTILE[1]);
    health().run_all_checks();

    let html = dashboard.report().html();
    let page = text(get(&app, "/gardefou").await).await;
    for html in [&html, &page] {
        // The two elements of the document, and no other.
        assert_eq!(html.matches("<script").count(), 2);
        assert_eq!(html.matches("</script").count(), 2);
        assert_eq!(
            html.matches("<img").count() + html.matches("<!--").count(),
            0
        );
        assert!(!html.contains(['\u{2028}', '\u{2029}', '\0']));
        assert!(html.contains("<title>&lt;/title&gt;&lt;script&gt;"));
    }
    assert!(
        html.contains(r"\u003cscript\u003ealert(1)\u003c/script\u003e"),
        "it is shown, as text"
    );
    let mut viewer = Viewer::connect(&app).await;
    let event = viewer.next().await.unwrap();
    for list in ["guards", "checks"] {
        assert!(
            event[list].to_string().contains("onerror=alert(1)"),
            "{list}"
        );
    }
    let response = get(&app, "/gardefou/api/v1/snapshot").await;
    assert_eq!(
        response.headers()["content-type"],
        "application/json",
        "no browser takes it for a page"
    );
}

const SECRET: &str = "hunter2-s3cr3t";

#[tokio::test]
async fn planted_secret_is_nowhere() {
    let _entered = Scope::new().enter();
    let address = |of: &str| format!("postgres://admin:{SECRET}@{of}.example.com/orders");
    // From before the dashboard was made.
    let earlier = circuit_breakers()
        .get_or_create(&address("earlier"), |b| b.failure_threshold(1).timed(true));
    let call = earlier.unwrap().try_acquire().unwrap();
    call.failure_because(address("earlier-cause"));
    let dashboard = dashboard();
    let config = AlertsConfig::builder()
        .background(false)
        .rule(Rule::immediate("errors"))
        .rule(Rule::breakers("circuits"))
        .channel(CallbackChannel::new("pager", |_| Ok(())))
        .channel(CallbackChannel::new(address("channel"), |_| {
            Err(DeliveryError::permanent(format!(
                "refused password={SECRET}"
            )))
        }));
    let alerts = Alerts::start(config.build().unwrap()).unwrap();

    let breaker = circuit_breakers().get_or_create(&address("breaker"), |b| {
        b.failure_threshold(1)
            .slow_call(std::time::Duration::from_nanos(1))
    });
    breaker
        .unwrap()
        .try_acquire()
        .unwrap()
        .failure_because(address("cause"));
    Bulkhead::builder(address("bulkhead"))
        .max_wait(std::time::Duration::from_secs(1))
        .build_shared()
        .unwrap();
    RateLimiter::builder(address("limiter"))
        .rate("1/s")
        .max_wait(std::time::Duration::from_secs(1))
        .build_shared()
        .unwrap();
    RetryBudget::builder()
        .name(address("budget"))
        .build()
        .unwrap();
    let retry = Retry::builder()
        .name(address("retry"))
        .max_retries(1)
        .build()
        .unwrap();
    let _ = retry.call(|| Err::<(), _>(address("attempt")));
    let error = AppError::new(ErrorCode::DB_CONNECTION_ERROR, address("message"))
        .with_detail("password", SECRET)
        .with_detail("url", address("detail"))
        .with_source(std::io::Error::other(address("source")));
    report(&error);
    let _ = health().register_check("database", || {
        Err::<(), _>(format!("Authorization: Bearer {SECRET}"))
    });
    let _ = health().register_check(address("check"), || false);
    health().run_all_checks();
    alerts.run();

    let app = open(&dashboard);
    let whole = text(get(&app, "/gardefou/api/v1/snapshot").await).await;
    let sample: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let mut texts = vec![
        ("snapshot", whole),
        (
            "event",
            Viewer::connect(&app)
                .await
                .next()
                .await
                .unwrap()
                .to_string(),
        ),
        ("page", text(get(&app, "/gardefou").await).await),
        ("report", dashboard.report().html()),
        ("debug", format!("{dashboard:?} {:?}", dashboard.report())),
    ];
    for group in sample["groups"].as_array().unwrap() {
        let id = group["id"].as_str().unwrap();
        let path = format!("/gardefou/api/v1/records?fingerprint={id}");
        texts.push(("records", text(get(&app, &path).await).await));
    }
    assert!(texts.len() > 5, "there are groups");
    let timeline = sample["timeline"].to_string();
    for of in ["earlier", "earlier-cause"] {
        assert!(timeline.contains(&format!("{of}.example.com")), "{of}");
    }
    for (from, text) in &texts {
        assert!(!text.contains(SECRET), "{from}: {text}");
    }
    // They were there to be found: without the secret, they are.
    for of in [
        "breaker",
        "cause",
        "bulkhead",
        "limiter",
        "budget",
        "retry",
        "message",
        "channel",
        "earlier",
        "earlier-cause",
    ] {
        assert!(
            texts[0].1.contains(&format!("{of}.example.com")),
            "{of}: {}",
            texts[0].1
        );
    }
}

#[tokio::test]
async fn names_that_are_redacted_to_one_text_stay_two_tiles() {
    let _entered = Scope::new().enter();
    for password in ["first-secret", "other-secret"] {
        let name = format!("postgres://admin:{password}@db.example.com");
        circuit_breakers().get_or_create(&name, |b| b).unwrap();
    }
    let sample = crate::support::snapshot(&open(&dashboard())).await;
    let breakers: Vec<_> = sample["guards"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|guard| guard["kind"] == "breaker")
        .collect();
    assert_eq!(breakers.len(), 2);
    assert_eq!(breakers[0]["name"], breakers[1]["name"]);
    assert_ne!(breakers[0]["id"], breakers[1]["id"]);
}

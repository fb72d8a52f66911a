//! Viewers: what they get, how many there may be, and when the sampler works.

use crate::support::{Viewer, dashboard, entry, get, open, send, text};
use futures_util::FutureExt;
use gardefou::{circuit_breakers, health::health, testing::Scope};
use gardefou_dashboard::Dashboard;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{self, Instant};

fn names(event: &Value) -> Vec<&str> {
    let guards = event["guards"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    guards
        .iter()
        .filter_map(|guard| guard["name"].as_str())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn viewer_gets_everything_and_then_what_changes() {
    let _entered = Scope::new().enter();
    let payments = circuit_breakers()
        .get_or_create("payments", |b| b.failure_threshold(2))
        .unwrap();
    circuit_breakers().get_or_create("quiet", |b| b).unwrap();
    let dashboard = dashboard();
    let app = open(&dashboard);
    let mut viewer = Viewer::connect(&app).await;
    let first = viewer.next().await.unwrap();
    assert_eq!(
        (&first["whole"], &first["version"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(entry(&first, "guards", "payments")["state"], "closed");

    payments.try_acquire().unwrap().success();
    let changed = viewer.next_with("guards").await;
    assert_eq!(
        names(&changed),
        ["payments"],
        "the other one has not changed"
    );
    assert_eq!(changed["guards"][0]["counts"]["success"], 1);
    assert!(changed.get("whole").is_none() && changed.get("functions").is_none());

    for _ in 0..2 {
        payments
            .try_acquire()
            .unwrap()
            .failure_because("no route to host");
    }
    let opened = viewer.next_with("timeline").await;
    let tile = &opened["guards"][0];
    assert_eq!(
        (&tile["state"], &tile["opened_by"]),
        (&json!("open"), &json!("no route to host"))
    );
    let until = tile["until"].as_i64().unwrap();
    // The clock stands still, so that this has not changed.
    let known = entry(&first, "guards", "payments");
    assert!(tile.get("since").is_none() && tile.get("config").is_none());
    assert_eq!(
        until - known["since"].as_i64().unwrap(),
        60_000,
        "the next probe"
    );
    let change = &opened["timeline"][0];
    assert_eq!(change["id"], tile["id"]);
    assert_eq!(
        (
            &change["of"],
            &change["from"],
            &change["to"],
            &change["cause"]
        ),
        (
            &json!("breaker"),
            &json!("closed"),
            &json!("open"),
            &json!("no route to host")
        )
    );
    assert_eq!(opened["timeline"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn sample_comes_each_interval_and_sooner_after_a_change_of_a_state() {
    let _entered = Scope::new().enter();
    let breaker = circuit_breakers().get_or_create("sooner", |b| b).unwrap();
    let dashboard = Dashboard::builder()
        .interval(Duration::from_secs(30))
        .build()
        .unwrap();
    let mut viewer = Viewer::connect(&open(&dashboard)).await;
    viewer.next().await.unwrap();
    let begin = Instant::now();
    viewer.next().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    breaker.force_open();
    let changed = viewer.next().await.unwrap();
    assert_eq!(changed["guards"][0]["state"], "forced_open");
    assert_eq!(
        begin.elapsed(),
        Duration::from_millis(30_200),
        "without waiting for the interval"
    );
    // Many changes bring no more than five samples in a second.
    let mut samples = 0;
    while begin.elapsed() < Duration::from_millis(32_200) {
        breaker.reset();
        breaker.force_open();
        viewer.next().await.unwrap();
        samples += 1;
    }
    assert_eq!(samples, 10);
}

#[tokio::test(start_paused = true)]
async fn time_that_passes_changes_no_tile() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for name in ["closed", "open", "probing"] {
        let breaker = circuit_breakers()
            .get_or_create(name, |b| b.failure_threshold(1))
            .unwrap();
        if name != "closed" {
            breaker.try_acquire().unwrap().failure_because("down");
        }
    }
    scope.clock().advance(Duration::from_secs(3));
    let dashboard = dashboard();
    let mut viewer = Viewer::connect(&open(&dashboard)).await;
    viewer.next().await.unwrap();
    for _ in 0..5 {
        scope.clock().advance(Duration::from_secs(1));
        let event = viewer.next().await.unwrap();
        assert_eq!(names(&event), [""; 0], "{event}");
    }
    // Then the open time is over, which is a change, once.
    scope.clock().advance(Duration::from_secs(60));
    let due = viewer.next().await.unwrap();
    assert_eq!(names(&due), ["open", "probing"]);
    assert_eq!(
        (&due["guards"][0]["probe_due"], &due["guards"][0]["until"]),
        (&json!(true), &Value::Null)
    );
    scope.clock().advance(Duration::from_secs(30));
    assert_eq!(names(&viewer.next().await.unwrap()), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn viewers_beyond_the_bound_get_503_until_one_leaves() {
    let _entered = Scope::new().enter();
    let dashboard = Dashboard::builder().max_viewers(2).build().unwrap();
    let app = open(&dashboard);
    let first = Viewer::connect(&app).await;
    let _second = Viewer::connect(&app).await;
    assert_eq!(dashboard.viewers(), 2);
    for _ in 0..3 {
        let refused = get(&app, "/gardefou/api/v1/events").await;
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "5");
    }
    assert_eq!(
        get(&app, "/gardefou/api/v1/snapshot").await.status(),
        200,
        "for polling"
    );
    drop(first);
    assert_eq!(dashboard.viewers(), 1);
    let _third = Viewer::connect(&app).await;
    assert_eq!(get(&app, "/gardefou/api/v1/events").await.status(), 503);

    let none = Dashboard::builder().max_viewers(0).build().unwrap();
    assert_eq!(
        get(&open(&none), "/gardefou/api/v1/events").await.status(),
        503
    );
}

#[tokio::test(start_paused = true)]
async fn all_viewers_share_one_sampler_that_ends_with_the_last_of_them() {
    let _entered = Scope::new().enter();
    let dashboard = dashboard();
    let app = open(&dashboard);
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    assert_eq!(tasks(), 0);
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(Viewer::connect(&app).await);
    }
    assert_eq!(tasks(), 1, "one sampler");
    // Each that joined is sent to those before it.
    for (place, viewer) in viewers.iter_mut().enumerate() {
        for _ in place..5 {
            viewer.next().await.unwrap();
        }
    }
    let begin = Instant::now();
    for round in 1..=5 {
        let mut events = Vec::new();
        for viewer in &mut viewers {
            events.push(viewer.next().await.unwrap());
        }
        assert!(events.windows(2).all(|two| two[0] == two[1]), "{events:?}");
        assert_eq!(
            begin.elapsed(),
            Duration::from_secs(round),
            "one sample for all"
        );
    }
    drop(viewers);
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!((tasks(), dashboard.viewers()), (0, 0));
    // The next viewer starts it again.
    let mut viewer = Viewer::connect(&app).await;
    viewer.next().await.unwrap();
    viewer.next().await.unwrap();
    assert_eq!(tasks(), 1);
}

#[tokio::test(start_paused = true)]
async fn viewer_that_is_far_behind_gets_the_whole_again() {
    let _entered = Scope::new().enter();
    let breaker = circuit_breakers().get_or_create("behind", |b| b).unwrap();
    let dashboard = dashboard();
    let mut viewer = Viewer::connect(&open(&dashboard)).await;
    viewer.next().await.unwrap();
    for _ in 0..60 {
        breaker.try_acquire().unwrap().success();
        time::sleep(Duration::from_secs(1)).await;
    }
    let event = viewer.next().await.unwrap();
    assert_eq!(event["whole"], true, "{event}");
    assert_eq!(entry(&event, "guards", "behind")["counts"]["success"], 60);
    breaker.try_acquire().unwrap().success();
    let event = viewer.next_with("guards").await;
    assert_eq!(event["guards"][0]["counts"]["success"], 61);
}

#[tokio::test(start_paused = true)]
async fn visit_ends_after_a_quarter_of_an_hour_so_that_the_guard_is_asked_again() {
    let _entered = Scope::new().enter();
    let dashboard = dashboard();
    let mut viewer = Viewer::connect(&open(&dashboard)).await;
    let begin = Instant::now();
    while viewer.next().await.is_some() {}
    assert_eq!(begin.elapsed(), Duration::from_secs(15 * 60));
    drop(viewer);
    assert_eq!(dashboard.viewers(), 0);
}

#[tokio::test(start_paused = true)]
async fn closed_dashboard_ends_all_visits_and_accepts_none() {
    let _entered = Scope::new().enter();
    let dashboard = dashboard();
    let app = open(&dashboard);
    let mut viewer = Viewer::connect(&app).await;
    viewer.next().await.unwrap();
    dashboard.close();
    assert_eq!(viewer.next().await, None);
    assert_eq!(get(&app, "/gardefou/api/v1/events").await.status(), 503);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_guards_are_sent_once_and_then_those_that_change() {
    let _entered = Scope::new().enter();
    let breakers: Vec<_> = (0..1_000)
        .map(|at| {
            circuit_breakers()
                .get_or_create(&format!("guard-{at:04}"), |b| b)
                .unwrap()
        })
        .collect();
    let dashboard = dashboard();
    let mut viewer = Viewer::connect(&open(&dashboard)).await;
    let first = viewer.next().await.unwrap();
    let all: BTreeMap<&str, &str> = first["guards"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|guard| guard["kind"] == "breaker")
        .map(|guard| {
            (
                guard["id"].as_str().unwrap(),
                guard["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(all.len(), 1_000, "each has an id of its own");
    breakers[3].try_acquire().unwrap().failure_because("down");
    breakers[700].try_acquire().unwrap().success();
    let event = viewer.next_with("guards").await;
    assert_eq!(names(&event), ["guard-0003", "guard-0700"]);
    assert!(event.to_string().len() < 3_000, "{event}");
    circuit_breakers().remove("guard-0500").unwrap();
    let removed = viewer.next_with("removed").await;
    let id = removed["removed"]["guards"][0].as_str().unwrap();
    assert_eq!(all[id], "guard-0500");
}

#[tokio::test]
async fn requests_at_the_same_time_see_what_was_done_before_them() {
    let _entered = Scope::new().enter();
    let breaker = circuit_breakers().get_or_create("together", |b| b).unwrap();
    let dashboard = dashboard();
    let app = open(&dashboard);
    for round in 1..=20 {
        breaker.try_acquire().unwrap().success();
        let requests = (0..8).map(|_| crate::support::snapshot(&app));
        for sample in futures_util::future::join_all(requests).await {
            assert_eq!(
                entry(&sample, "guards", "together")["counts"]["success"],
                round
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn request_that_is_dropped_while_its_sample_is_taken_harms_no_viewer() {
    let _entered = Scope::new().enter();
    for name in ["first", "second", "third"] {
        circuit_breakers().get_or_create(name, |b| b).unwrap();
    }
    let dashboard = dashboard();
    let app = open(&dashboard);
    let mut viewer = Viewer::connect(&app).await;
    let mut name_of: BTreeMap<String, Value> = BTreeMap::new();
    let mut note = |event: &Value| {
        for guard in event["guards"].as_array().into_iter().flatten() {
            let id = guard["id"].as_str().unwrap().to_owned();
            let known = name_of.entry(id).or_insert_with(|| guard["name"].clone());
            assert_eq!(*known, guard["name"], "an id stands for one guard");
        }
    };
    note(&viewer.next().await.unwrap());
    for _ in 0..3 {
        // Polled once, which begins the sample, and dropped: its client has gone. One that is answered
        // within that poll was not dropped, so another one is.
        let mut requests = (0..1000).map(|_| get(&app, "/gardefou/api/v1/snapshot").now_or_never());
        assert!(requests.any(|answer| answer.is_none()));
        circuit_breakers().remove("first");
        let third = circuit_breakers().get("third").unwrap();
        third.try_acquire().unwrap().success();
        let event = viewer.next_with("guards").await;
        note(&event);
        assert!(names(&event).contains(&"third"), "{event}");
    }
}

/// Returns what the document of a page begins with.
async fn inlined(app: &axum::Router) -> Value {
    let html = text(get(app, "/gardefou").await).await;
    let (_, rest) = html.split_once(r#"id="data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str::<Value>(data).unwrap()["live"].clone()
}

#[tokio::test(start_paused = true)]
async fn page_has_its_first_sample_in_it_and_connects_for_what_has_changed_since() {
    let _entered = Scope::new().enter();
    let [payments, quiet] =
        ["payments", "quiet"].map(|name| circuit_breakers().get_or_create(name, |b| b).unwrap());
    let app = open(&dashboard());
    let page = inlined(&app).await;
    assert_eq!(names(&page), ["payments", "quiet"]);
    assert_eq!(page["whole"], true);
    let id = page["id"].as_str().unwrap();

    payments.try_acquire().unwrap().success();
    let mut viewer = Viewer::connect_after(&app, id).await;
    let first = viewer.next().await.unwrap();
    assert!(first.get("whole").is_none(), "{first}");
    assert_eq!(names(&first), ["payments"]);
    assert!(first["number"].as_u64() > page["number"].as_u64());

    // It connects again, and has what came in between.
    let last = first["id"].as_str().unwrap();
    drop(viewer);
    quiet.try_acquire().unwrap().failure();
    let request = axum::http::Request::get(format!("/gardefou/api/v1/events?after={id}"))
        .header("last-event-id", last)
        .body(axum::body::Body::empty());
    let mut viewer = Viewer::from_response(send(&app, request.unwrap()).await);
    let again = viewer.next().await.unwrap();
    assert_eq!(names(&again), ["quiet"], "{again}");
}

#[tokio::test(start_paused = true)]
async fn page_whose_sample_is_not_known_any_more_gets_everything() {
    let _entered = Scope::new().enter();
    circuit_breakers().get_or_create("payments", |b| b).unwrap();
    let app = open(&dashboard());
    let id = inlined(&app).await["id"].as_str().unwrap().to_owned();
    let (process, number) = id.split_once('-').unwrap();
    let number: u64 = number.parse().unwrap();
    for _ in 0..3 {
        crate::support::snapshot(&app).await;
    }
    for unknown in [number, 0, u64::MAX] {
        let unknown = format!("{process}-{unknown}");
        let first = Viewer::connect_after(&app, &unknown).await.next().await;
        assert_eq!(first.unwrap()["whole"], true, "{unknown}");
    }
    let long = format!("after={id}0000000000000000000000");
    for wrong in [
        "after=",
        "after=x",
        "after=-1",
        "after=1",
        "since=1",
        "after=1&x=2",
        &long,
    ] {
        let path = format!("/gardefou/api/v1/events?{wrong}");
        assert_eq!(get(&app, &path).await.status(), 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn page_of_another_process_gets_everything_though_the_numbers_are_the_same() {
    let _entered = Scope::new().enter();
    circuit_breakers().get_or_create("payments", |b| b).unwrap();
    let app = open(&dashboard());
    let page = inlined(&app).await;
    let id = page["id"].as_str().unwrap();
    let (process, number) = id.split_once('-').unwrap();
    assert_eq!(page["number"].to_string(), number);
    let process = u64::from_str_radix(process, 16).unwrap();
    let other = format!("{:016x}-{number}", process ^ 1);

    // By what the page has, and by the last event before it connected again.
    let first = Viewer::connect_after(&app, &other).await.next().await;
    assert_eq!(first.unwrap()["whole"], true);
    let again = |last: &str| {
        let request = axum::http::Request::get("/gardefou/api/v1/events");
        let request = request.header("last-event-id", last);
        request.body(axum::body::Body::empty()).unwrap()
    };
    let first = send(&app, again(&other)).await;
    let first = Viewer::from_response(first).next().await.unwrap();
    assert_eq!(first["whole"], true);
    let own = first["id"].as_str().unwrap();
    let first = send(&app, again(own)).await;
    let first = Viewer::from_response(first).next().await.unwrap();
    assert!(first.get("whole").is_none(), "{first}");
}

/// Each is there once, in the order of time, whoever has noted it.
#[tokio::test(start_paused = true)]
async fn timeline_has_changes_from_before_the_dashboard_was_made() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let wait = || scope.clock().advance(Duration::from_secs(60));
    let payments = circuit_breakers()
        .get_or_create("payments", |b| b.failure_threshold(1))
        .unwrap();
    health().register_check("database", || false).unwrap();
    payments.force_open();
    wait();
    payments.reset();
    wait();
    health().run_all_checks();
    wait();
    payments
        .try_acquire()
        .unwrap()
        .failure_because("no route to host");
    wait();
    let app = open(&dashboard());
    payments.reset();
    let sample = crate::support::snapshot(&app).await;
    let timeline = sample["timeline"].as_array().unwrap();
    let seen: Vec<_> = timeline
        .iter()
        .map(|change| {
            (
                change["name"].as_str().unwrap(),
                change["to"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("payments", "forced_open"),
        ("payments", "closed"),
        ("database", "fail"),
        ("payments", "open"),
        ("payments", "closed"),
    ];
    assert_eq!(seen, expected);
    let at: Vec<i64> = timeline
        .iter()
        .map(|change| change["at"].as_i64().unwrap())
        .collect();
    for (earlier, later) in at.iter().zip(&at[1..]) {
        assert_eq!(later - earlier, 60_000, "{at:?}");
    }
    assert_eq!(timeline[3]["cause"], "no route to host");
    assert_eq!(
        timeline[3]["id"],
        entry(&sample, "guards", "payments")["id"]
    );
    assert_eq!(
        timeline[2]["id"],
        entry(&sample, "checks", "database")["id"]
    );
    let numbers: Vec<_> = timeline
        .iter()
        .map(|change| change["number"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=5).map(Some).collect::<Vec<_>>());
}

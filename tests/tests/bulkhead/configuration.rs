//! Settings: defaults, ranges, contradictions.

use gardefou::bulkhead::{Bulkhead, BulkheadBuilder, BulkheadConfig};
use std::time::Duration;

fn problems(configure: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> Vec<String> {
    let err = configure(Bulkhead::builder("svc")).build().unwrap_err();
    err.problems().map(ToString::to_string).collect()
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let bulkhead = Bulkhead::builder("svc").build().unwrap();
    assert_eq!(*bulkhead.config(), BulkheadConfig::default());
    let config = bulkhead.config();
    assert_eq!(
        (config.max_concurrent, config.max_wait, config.max_queue),
        (16, Duration::ZERO, 16)
    );
    assert_eq!((config.adaptive, config.min, config.max), (false, 1, 200));
    let adaptive = Bulkhead::builder("svc")
        .adaptive(true)
        .min(300)
        .build()
        .unwrap();
    let config = adaptive.config();
    assert_eq!(
        (config.max_concurrent, config.min, config.max),
        (300, 300, 300)
    );
}

#[test]
fn bounds_of_each_range_are_legal() {
    for (least, greatest) in [(0, 0), (1_000_000, 1_000_000)] {
        Bulkhead::builder("svc")
            .max_concurrent(least)
            .max_wait(Duration::MAX)
            .max_queue(greatest)
            .build()
            .unwrap();
    }
    Bulkhead::builder("svc")
        .adaptive(true)
        .min(1)
        .max(1_000_000)
        .max_concurrent(1_000_000)
        .build()
        .unwrap();
}

#[test]
fn values_outside_their_range_are_named() {
    assert_eq!(
        problems(|b| b.max_concurrent(1_000_001)),
        ["`max_concurrent` = 1000001: must be 0 to 1000000"]
    );
    assert_eq!(
        problems(|b| b.max_wait(Duration::from_secs(1)).max_queue(1_000_001)),
        ["`max_queue` = 1000001: must be 0 to 1000000"]
    );
    assert_eq!(
        problems(|b| b.adaptive(true).min(0).max(2_000_000)),
        [
            "`min` = 0: must be 1 to 1000000",
            "`max` = 2000000: must be 0 to 1000000"
        ]
    );
    assert_eq!(
        problems(|b| b.adaptive(true).min(5).max(10).max_concurrent(11)),
        ["`max_concurrent` = 11: must be 5 to 10"]
    );
}

#[test]
fn settings_without_the_one_that_they_need_are_named() {
    assert_eq!(
        problems(|b| b.max_queue(3).min(2).max(4)),
        [
            "`max_queue` = 3: needs a `max_wait` above zero: without it no call waits",
            "`min` = 2: needs `adaptive`: without it the limit is `max_concurrent`",
            "`max` = 4: needs `adaptive`: without it the limit is `max_concurrent`",
        ]
    );
}

#[test]
fn limit_of_a_bulkhead_in_use_keeps_to_the_range() {
    let bulkhead = Bulkhead::builder("svc").build().unwrap();
    let err = bulkhead.set_max_concurrent(1_000_001).unwrap_err();
    assert_eq!(err.field(), "max_concurrent");
    assert_eq!(bulkhead.snapshot().limit, 16);
}

#[test]
fn debug_shows_no_secret_in_a_name() {
    let name = "svc?token=sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    let bulkhead = Bulkhead::builder(name).build().unwrap();
    let permit = bulkhead.try_acquire().unwrap();
    let texts = [
        format!("{bulkhead:?}"),
        format!("{permit:?}"),
        format!("{:?}", bulkhead.snapshot()),
        format!("{:?}", Bulkhead::builder(name)),
    ];
    for text in texts {
        assert!(!text.contains("4eC39HqLyjWDarjtT1zdp7dc"), "{text}");
    }
}

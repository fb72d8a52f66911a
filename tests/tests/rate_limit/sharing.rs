//! Limiters by name.

use gardefou::{
    AppError,
    rate_limit::{Rate, RateLimiter, rate_limiters},
    testing::Scope,
};
use gardefou_tests::testkit::log::{capture, ours};
use tracing::Level;

#[test]
fn one_name_is_one_limiter_and_the_first_configuration_stays() {
    let builder = || RateLimiter::builder("shared-name");
    let first = builder().rate("1/h").build_shared().unwrap();
    let (second, lines) = capture(ours(Level::WARN), || builder().rate("2/h").build_shared());
    let second = second.unwrap();
    assert_eq!(second.config().rate, Rate::per_hour(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].field("limiter"), Some("shared-name"));
    let (_, lines) = capture(ours(Level::WARN), || builder().rate("1/h").build_shared());
    assert!(lines.is_empty(), "{lines:?}");
    first.try_acquire().unwrap();
    assert!(second.try_acquire().is_err());
    let own = builder().rate("1/h").build().unwrap();
    assert!(own.try_acquire().is_ok(), "a built one is its own");
    assert!(
        rate_limiters()
            .snapshots()
            .iter()
            .any(|limiter| limiter.name == "shared-name")
    );
}

#[test]
fn test_scopes_have_limiters_of_their_own_on_their_clock() {
    let build = || {
        RateLimiter::builder("scoped")
            .rate("1/h")
            .build_shared()
            .unwrap()
    };
    let outside = build();
    outside.try_acquire().unwrap();
    let scope = Scope::new();
    {
        let _entered = scope.enter();
        assert!(rate_limiters().get("scoped").is_none());
        let inside = build();
        assert!(inside.try_acquire().is_ok() && inside.try_acquire().is_err());
        scope.clock().advance(std::time::Duration::from_secs(3600));
        assert!(inside.try_acquire().is_ok());
    }
    assert_eq!(
        rate_limiters().get("scoped").unwrap().snapshot().admitted,
        1
    );
    assert!(outside.call(|| Ok::<_, AppError>(())).is_err());
}

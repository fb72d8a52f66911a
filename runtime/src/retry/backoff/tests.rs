use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn millis(backoff: &Backoff, count: usize) -> Vec<u128> {
    backoff
        .delays()
        .take(count)
        .map(|delay| delay.as_millis())
        .collect()
}

#[test]
fn each_kind_without_jitter_gives_its_whole_sequence() {
    let plain = |backoff: Backoff| millis(&backoff.jitter(Jitter::None).max_delay(SECOND * 10), 7);
    assert_eq!(plain(Backoff::constant(SECOND)), [1000; 7]);
    assert_eq!(
        plain(Backoff::linear(SECOND * 2)),
        [2000, 4000, 6000, 8000, 10_000, 10_000, 10_000]
    );
    assert_eq!(
        plain(Backoff::exponential(SECOND)),
        [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]
    );
    let halves = Backoff::exponential(Duration::from_millis(500)).factor(1.5);
    assert_eq!(plain(halves), [500, 750, 1125, 1687, 2531, 3796, 5695]);
}

#[test]
fn decorrelated_delays_lie_between_the_first_and_three_times_the_previous_delay() {
    let backoff = Backoff::decorrelated(SECOND).max_delay(SECOND * 20).seed(3);
    let mut previous = SECOND;
    let delays: Vec<Duration> = backoff.delays().take(500).collect();
    for &delay in &delays {
        assert!(
            delay >= SECOND && delay <= (previous * 3).min(SECOND * 20),
            "{delay:?} after {previous:?}"
        );
        previous = delay;
    }
    assert!(
        delays.windows(2).any(|pair| pair[1] < pair[0]),
        "they come back down"
    );
    assert!(
        delays.windows(2).any(|pair| pair[1] > pair[0] * 2),
        "they grow by up to three times"
    );
    assert!(
        delays.iter().any(|delay| *delay > SECOND * 15),
        "they reach far"
    );
}

#[test]
fn sequence_is_endless_and_its_kind_has_a_name() {
    let kinds = [
        (Backoff::constant(SECOND), "constant"),
        (Backoff::linear(SECOND), "linear"),
        (Backoff::exponential(SECOND), "exponential"),
        (Backoff::decorrelated(SECOND), "decorrelated"),
    ];
    for (backoff, name) in kinds {
        assert_eq!(format!("{:>14}", backoff.kind), format!("{name:>14}"));
        assert_eq!(name.parse(), Ok(backoff.kind));
        assert_eq!(backoff.delays().size_hint(), (usize::MAX, None));
    }
}

#[test]
fn zero_base_gives_zero_delays_of_every_kind() {
    for kind in BackoffKind::ALL {
        let backoff = Backoff::new(kind, Duration::ZERO);
        let mut state = DelayState::default();
        for index in [0, 1, 5, 1100, u32::MAX] {
            assert_eq!(
                backoff.delay_at(index, &mut state),
                Duration::ZERO,
                "{kind} at {index}"
            );
        }
    }
}

#[test]
fn attempts_far_past_overflow_stay_positive_and_within_the_cap() {
    let cap = SECOND * 60;
    for kind in BackoffKind::ALL {
        let backoff = Backoff::new(kind, SECOND)
            .jitter(Jitter::None)
            .max_delay(cap);
        let mut state = DelayState::default();
        for index in [1000, 1024, 1100, 100_000, u32::MAX - 1, u32::MAX] {
            let delay = backoff.delay_at(index, &mut state);
            assert!(
                delay > Duration::ZERO && delay <= cap,
                "{kind} at {index}: {delay:?}"
            );
        }
    }
    let uncapped = Backoff::exponential(Duration::MAX)
        .max_delay(Duration::MAX)
        .jitter(Jitter::PlusMinus(1.0));
    assert!(
        uncapped
            .delays()
            .take(3000)
            .all(|delay| delay <= Duration::from_nanos(u64::MAX))
    );
}

#[test]
fn illegal_factors_saturate_in_the_sequence_and_are_refused_by_the_builder() {
    for factor in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        0.0,
        0.5,
        1e300,
    ] {
        let backoff = Backoff::exponential(SECOND)
            .factor(factor)
            .jitter(Jitter::None);
        let delays: Vec<Duration> = backoff.delays().take(2000).collect();
        assert_eq!(delays[0], SECOND, "{factor}");
        assert!(delays.iter().all(|delay| *delay <= SECOND * 60), "{factor}");
        let named: Vec<_> = backoff.problems().map(|problem| problem.field()).collect();
        assert_eq!(named.is_empty(), factor == 1e300, "{factor}");
    }
    for part in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        let backoff = Backoff::constant(SECOND).jitter(Jitter::PlusMinus(part));
        assert!(
            backoff.delays().take(100).all(|delay| delay <= SECOND * 2),
            "{part}"
        );
        assert_eq!(
            backoff
                .problems()
                .map(|problem| problem.field())
                .collect::<Vec<_>>(),
            ["jitter"],
            "{part}"
        );
    }
}

#[test]
fn quarter_of_jitter_keeps_a_second_between_three_and_five_quarters() {
    let backoff = Backoff::constant(SECOND)
        .jitter(Jitter::PlusMinus(0.25))
        .seed(1);
    let delays: Vec<u128> = millis(&backoff, 2000);
    assert!(delays.iter().all(|ms| (750..=1250).contains(ms)));
    assert!(
        delays.iter().any(|ms| *ms < 800) && delays.iter().any(|ms| *ms > 1200),
        "both ends are reached"
    );
}

#[test]
fn jitter_never_lifts_a_delay_above_the_cap() {
    let cap = SECOND * 60;
    for jitter in [
        Jitter::Full,
        Jitter::Equal,
        Jitter::PlusMinus(0.2),
        Jitter::PlusMinus(1.0),
    ] {
        let backoff = Backoff::exponential(cap)
            .max_delay(cap)
            .jitter(jitter)
            .seed(5);
        assert!(
            backoff.delays().take(1000).all(|delay| delay <= cap),
            "{jitter:?}"
        );
    }
}

#[test]
fn plus_minus_jitter_does_not_accumulate_at_the_cap() {
    let backoff = Backoff::exponential(SECOND)
        .jitter(Jitter::PlusMinus(0.2))
        .seed(9);
    let late: Vec<f64> = backoff
        .delays()
        .skip(100)
        .take(2000)
        .map(|delay| delay.as_secs_f64())
        .collect();
    assert!(late.iter().all(|delay| (48.0..=60.0).contains(delay)));
    let at_the_cap = late.iter().filter(|delay| **delay > 59.99).count();
    assert!(
        at_the_cap < 20,
        "{at_the_cap} of 2000 wait as long as all others"
    );
    let mean = late.iter().sum::<f64>() / late.len() as f64;
    assert!((53.0..55.0).contains(&mean), "{mean}");
}

#[test]
fn delays_at_the_cap_are_still_spread() {
    let backoff = Backoff::exponential(SECOND).seed(9);
    let late: Vec<f64> = backoff
        .delays()
        .skip(100)
        .take(2000)
        .map(|delay| delay.as_secs_f64())
        .collect();
    let mean = late.iter().sum::<f64>() / late.len() as f64;
    assert!(
        (27.0..33.0).contains(&mean),
        "full jitter under a cap of 60 s has a mean of 30 s, not {mean}"
    );
}

#[test]
fn only_a_seed_repeats_the_sequence() {
    let seeded = Backoff::exponential(SECOND).seed(0);
    assert_eq!(millis(&seeded, 50), millis(&seeded, 50));
    assert_ne!(millis(&seeded, 50), millis(&seeded.clone().seed(1), 50));
    let free = Backoff::constant(SECOND * 50);
    assert_ne!(millis(&free, 10), millis(&free, 10));
}

#[test]
fn first_delay_above_the_default_cap_lifts_only_the_default_cap() {
    let long = Backoff::constant(SECOND * 90).jitter(Jitter::None);
    assert_eq!(long.delays().next(), Some(SECOND * 90));
    assert_eq!(long.max_delay(SECOND * 2).delays().next(), Some(SECOND * 2));
}

fn any_backoff() -> impl Strategy<Value = Backoff> {
    let jitter = prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0).prop_map(Jitter::PlusMinus)
    ];
    let factor = prop::option::of(1.0..50.0);
    let cap = prop::option::of(0..u64::MAX);
    (
        0..4usize,
        0..u64::MAX / 4,
        factor,
        cap,
        jitter,
        any::<u64>(),
    )
        .prop_map(|(kind, initial, factor, cap, jitter, seed)| {
            let mut backoff = Backoff::new(BackoffKind::ALL[kind], Duration::from_nanos(initial))
                .jitter(jitter)
                .seed(seed);
            backoff.factor = factor;
            backoff.max_delay = cap.map(Duration::from_nanos);
            backoff
        })
}

proptest! {
    #[test]
    fn no_delay_is_above_the_cap_or_outside_its_jitter(backoff in any_backoff(), skip in 0..3000usize) {
        let plain = backoff.clone().jitter(Jitter::None);
        let pairs = backoff.delays().zip(plain.delays()).skip(skip).take(20);
        for (delay, plain) in pairs {
            prop_assert!(delay <= backoff.cap());
            if backoff.kind == BackoffKind::Decorrelated {
                prop_assert!(delay >= backoff.initial.min(backoff.cap()));
                continue;
            }
            // Floating point carries 53 bits: what it may be off by.
            let slack = plain.as_secs_f64() * 1e-12 + 2e-9;
            let (delay, plain) = (delay.as_secs_f64(), plain.as_secs_f64());
            let (low, high) = match backoff.jitter {
                Jitter::None => (plain, plain),
                Jitter::Full => (0.0, plain),
                Jitter::Equal => (plain / 2.0, plain),
                Jitter::PlusMinus(part) => (plain * (1.0 - part), plain * (1.0 + part)),
            };
            prop_assert!(delay >= low - slack && delay <= high + slack, "{delay} not in {low}..{high}");
        }
    }

    #[test]
    fn without_jitter_delays_never_shrink(backoff in any_backoff()) {
        prop_assume!(backoff.kind != BackoffKind::Decorrelated);
        let delays: Vec<Duration> = backoff.jitter(Jitter::None).delays().take(200).collect();
        prop_assert!(delays.is_sorted());
    }
}

use super::*;

#[test]
fn calls_deposit_by_the_ratio_up_to_the_burst() {
    let tokens = Tokens::new(0.2, 3);
    assert!(!tokens.try_take());
    for calls in 1..=100u64 {
        tokens.deposit();
        assert_eq!(tokens.whole(), (calls / 5).min(3));
    }
    let taken = (0..10).filter(|_| tokens.try_take()).count();
    assert_eq!(taken, 3);
}

#[test]
fn deposit_beyond_the_burst_is_lost() {
    let tokens = Tokens::new(0.7, 1);
    (0..2).for_each(|_| tokens.deposit());
    assert!(tokens.try_take());
    tokens.deposit();
    assert_eq!(tokens.whole(), 0, "0.7, and not 0.4 more");
}

#[test]
fn ratio_or_burst_of_zero_never_grants() {
    for tokens in [Tokens::new(0.0, 100), Tokens::new(1000.0, 0)] {
        (0..100).for_each(|_| tokens.deposit());
        assert!(!tokens.try_take());
    }
}

#[test]
fn sixty_tokens_grant_sixty_retries_under_contention() {
    let tokens = Tokens::new(1.0, 60);
    (0..60).for_each(|_| tokens.deposit());
    let taken: usize = std::thread::scope(|scope| {
        let take = || (0..1000).filter(|_| tokens.try_take()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(taken, 60);
}

#[test]
fn floor_grants_one_second_at_once_and_then_one_per_interval() {
    let floor = Floor::new(4);
    let at = |millis: u64| Tick::from_nanos(millis * 1_000_000);
    let taken = |now: u64| (0..10).filter(|_| floor.try_take_at(at(now))).count();
    assert_eq!(taken(0), 4);
    assert_eq!(taken(249), 0);
    assert_eq!(taken(250), 1);
    assert_eq!(taken(760), 2);
    assert_eq!(taken(60_000), 4, "it does not accumulate");
}

#[test]
fn floor_grants_its_number_at_once_and_a_floor_of_zero_nothing() {
    for per_second in [1u32, 3, 7, 10, 1000] {
        let floor = Floor::new(per_second);
        let taken = (0..per_second * 2)
            .filter(|_| floor.try_take_at(Tick::from_nanos(5)))
            .count();
        assert_eq!(taken, per_second as usize);
    }
    assert!(!Floor::new(0).try_take_at(Tick::MAX));
}

use super::*;
use proptest::prelude::*;
use std::sync::atomic::AtomicU64 as Counter;

/// Returns an empty budget.
fn empty(ratio: f64, burst: u32) -> Tokens {
    let tokens = Tokens::new(ratio, burst);
    (0..burst).for_each(|_| assert!(tokens.try_take()));
    tokens
}

fn taken(tokens: &Tokens, tries: u32) -> usize {
    (0..tries).filter(|_| tokens.try_take()).count()
}

#[test]
fn budget_starts_full() {
    let tokens = Tokens::new(0.2, 100);
    assert!(tokens.is_full());
    assert_eq!((tokens.available(), taken(&tokens, 1000)), (100, 100));
    assert!(!tokens.is_full());
}

#[test]
fn calls_deposit_by_the_ratio_up_to_the_burst() {
    let tokens = empty(0.2, 3);
    assert!(!tokens.try_take());
    for calls in 1..=100u64 {
        tokens.deposit();
        assert_eq!(tokens.available(), (calls / 5).min(3));
    }
    assert_eq!(taken(&tokens, 10), 3);
}

/// Nobody reads the balance meanwhile, which would collect the deposits.
#[test]
fn deposits_alone_make_the_budget_full_again() {
    for (ratio, burst, calls) in [(0.2, 3, 15), (0.2, 100, 500), (1000.0, 5, 1), (0.7, 1, 2)] {
        let tokens = empty(ratio, burst);
        (1..calls).for_each(|_| tokens.deposit());
        assert!(!tokens.is_full(), "{ratio} {burst}");
        (0..BATCH).for_each(|_| tokens.deposit());
        assert!(tokens.is_full(), "{ratio} {burst}");
    }
}

#[test]
fn deposit_beyond_the_burst_is_lost() {
    let tokens = empty(0.7, 1);
    (0..2).for_each(|_| tokens.deposit());
    assert!(tokens.try_take());
    tokens.deposit();
    assert_eq!(tokens.available(), 0, "0.7, and not 0.4 more");
}

#[test]
fn ratio_of_zero_grants_the_burst_alone_and_a_burst_of_zero_nothing() {
    for (tokens, expected) in [(Tokens::new(0.0, 7), 7), (Tokens::new(1000.0, 0), 0)] {
        (0..100).for_each(|_| tokens.deposit());
        assert_eq!(taken(&tokens, 100), expected);
        (0..100).for_each(|_| tokens.deposit());
        assert!(!tokens.try_take());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Deposit(usize),
    Take,
    Read,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..STRIPES).prop_map(Step::Deposit),
        2 => Just(Step::Take),
        1 => Just(Step::Read),
    ]
}

proptest! {
    /// The same balance as that of one plain number, however deposits are spread over the stripes.
    #[test]
    fn stripes_change_nothing_about_the_balance(
        millionths in prop_oneof![Just(200_000u64), 0..3_000_000u64],
        burst in 0..20u32,
        steps in prop::collection::vec(any_step(), 0..600),
    ) {
        let tokens = Tokens::new(millionths as f64 / TOKEN as f64, burst);
        let capacity = u64::from(burst) * TOKEN;
        let mut balance = capacity;
        for step in steps {
            match step {
                Step::Deposit(stripe) => {
                    balance = (balance + millionths).min(capacity);
                    if let Some(missing) = tokens.missing() {
                        tokens.deposit_in(stripe, missing);
                    }
                }
                Step::Take => {
                    prop_assert_eq!(tokens.try_take(), balance >= TOKEN);
                    balance -= if balance >= TOKEN { TOKEN } else { 0 };
                }
                Step::Read => prop_assert_eq!(tokens.available(), balance / TOKEN),
            }
        }
    }
}

#[test]
fn sixty_tokens_grant_sixty_retries_under_contention() {
    let tokens = Tokens::new(1.0, 60);
    let taken: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| taken(&tokens, 1000)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(taken, 60);
}

/// Every thread deposits and takes at once. What was granted and what is left is what was
/// deposited, to the millionth.
#[test]
fn no_deposit_is_lost_or_counted_twice_under_contention() {
    const CALLS: u64 = 20_000;
    let tokens = empty(0.3, 100_000);
    let granted = Counter::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (tokens, granted) = (&tokens, &granted);
            scope.spawn(move || {
                for call in 0..CALLS {
                    tokens.deposit();
                    if (call + thread) % 3 != 0 && tokens.try_take() {
                        granted.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(
        granted.into_inner() + tokens.available(),
        8 * CALLS * 3 / 10
    );
}

/// While the budget is full and emptied in turn, no thread gets more than the burst and the
/// deposits.
#[test]
fn full_budget_grants_no_more_than_its_burst_and_the_deposits() {
    const CALLS: u64 = 20_000;
    let tokens = Tokens::new(0.2, 10);
    let granted = Counter::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for call in 0..CALLS {
                    tokens.deposit();
                    // In bursts, so that the budget is full in between.
                    if call % 100 < 30 && tokens.try_take() {
                        granted.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    let granted = granted.into_inner();
    assert!(granted <= 10 + 8 * CALLS / 5, "{granted}");
    assert!(granted >= 10);
}

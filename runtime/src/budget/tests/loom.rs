//! Interleavings of two threads at one budget, explored by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use crate::{
    budget::{floor::Floor, tokens::Tokens},
    time::Tick,
};
use ::loom::{model, sync::Arc, thread};

/// A deposit of the thread with this stripe.
fn deposit(tokens: &Tokens, stripe: usize) {
    if let Some(missing) = tokens.missing() {
        tokens.deposit_in(stripe, missing);
    }
}

fn empty(burst: u32) -> Arc<Tokens> {
    let tokens = Arc::new(Tokens::new(1.0, burst));
    (0..burst).for_each(|_| assert!(tokens.try_take()));
    tokens
}

#[test]
fn token_is_granted_once() {
    model(|| {
        let tokens = Arc::new(Tokens::new(1.0, 2));
        // It makes the stripes, which loom does not see another thread get.
        assert!(tokens.try_take());
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || other.try_take());
        let here = tokens.try_take();
        assert!(here ^ there.join().unwrap());
        assert_eq!(tokens.available(), 0);
    });
}

#[test]
fn no_deposit_is_lost_beside_a_withdrawal() {
    model(|| {
        let tokens = empty(3);
        deposit(&tokens, 0);
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || {
            deposit(&other, 1);
            deposit(&other, 1);
        });
        assert!(tokens.try_take());
        there.join().unwrap();
        assert_eq!(tokens.available(), 2);
    });
}

/// Two threads of one stripe that pass deposits on by themselves, since one makes the budget full.
#[test]
fn deposits_that_make_the_budget_full_count_once() {
    model(|| {
        let tokens = empty(1);
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || deposit(&other, 0));
        deposit(&tokens, 0);
        there.join().unwrap();
        assert_eq!(tokens.available(), 1);
        assert!(tokens.try_take() && !tokens.try_take());
    });
}

/// A deposit that finds the lock taken is collected by the next withdrawal.
#[test]
fn deposit_beside_a_withdrawal_that_holds_the_lock_is_kept() {
    model(|| {
        let tokens = empty(1);
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || deposit(&other, 0));
        let here = tokens.try_take();
        there.join().unwrap();
        assert_eq!(here, !tokens.try_take());
    });
}

#[test]
fn floor_grants_no_more_than_its_number() {
    model(|| {
        let floor = Arc::new(Floor::new(1));
        let other = Arc::clone(&floor);
        let at = |nanos| Tick::from_nanos(nanos);
        let there = thread::spawn(move || other.try_take_at(at(2), || at(2)));
        let here = floor.try_take_at(at(1), || at(2));
        assert!(here ^ there.join().unwrap());
    });
}

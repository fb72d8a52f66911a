//! Interleavings of two threads at one budget, explored by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use crate::{
    retry::tokens::{Floor, Tokens},
    time::Tick,
};
use ::loom::{model, sync::Arc, thread};

#[test]
fn token_is_granted_once() {
    model(|| {
        let tokens = Arc::new(Tokens::new(1.0, 2));
        tokens.deposit();
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || other.try_take());
        let here = tokens.try_take();
        assert!(here ^ there.join().unwrap());
        assert_eq!(tokens.whole(), 0);
    });
}

#[test]
fn no_deposit_is_lost_beside_a_withdrawal() {
    model(|| {
        let tokens = Arc::new(Tokens::new(1.0, 3));
        tokens.deposit();
        let other = Arc::clone(&tokens);
        let there = thread::spawn(move || {
            other.deposit();
            other.deposit();
        });
        assert!(tokens.try_take());
        there.join().unwrap();
        assert_eq!(tokens.whole(), 2);
    });
}

#[test]
fn floor_grants_no_more_than_its_number() {
    model(|| {
        let floor = Arc::new(Floor::new(1));
        let other = Arc::clone(&floor);
        let there = thread::spawn(move || other.try_take_at(Tick::from_nanos(2)));
        let here = floor.try_take_at(Tick::from_nanos(1));
        assert!(here ^ there.join().unwrap());
    });
}

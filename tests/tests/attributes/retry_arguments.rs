//! Arguments of `#[retry]`: cloned or reborrowed for each attempt.

#![expect(clippy::toplevel_ref_arg, reason = "arguments may be written so")]

use crate::support::{R, busy};
use gardefou::retry;
use std::{
    cell::RefCell,
    sync::atomic::{AtomicU32, Ordering},
};

#[retry(max_retries = 2, initial_delay = 0)]
fn fresh_arguments(
    mut list: Vec<u32>,
    seen: &RefCell<Vec<usize>>,
    (text, _): (String, u8),
) -> R<usize> {
    list.push(4);
    seen.borrow_mut().push(list.len());
    drop(text);
    Err(busy())
}

#[test]
fn every_attempt_gets_the_original_arguments() {
    let seen = RefCell::new(vec![]);
    assert!(fresh_arguments(vec![1, 2], &seen, ("a".into(), 0)).is_err());
    assert_eq!(seen.into_inner(), [3, 3, 3]);
}

struct Counting(AtomicU32);

static CLONES: AtomicU32 = AtomicU32::new(0);

impl Clone for Counting {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(AtomicU32::new(0))
    }
}

#[retry(max_retries = 2, initial_delay = 0)]
fn used(counting: Counting) -> R<u32> {
    Ok(counting.0.into_inner())
}

#[retry(max_retries = 2, initial_delay = 0)]
fn not_used(_kept: Counting) -> R<()> {
    Ok(())
}

#[test]
fn argument_is_cloned_once_per_attempt_and_never_if_unused() {
    not_used(Counting(AtomicU32::new(0))).unwrap();
    assert_eq!(CLONES.load(Ordering::Relaxed), 0);
    used(Counting(AtomicU32::new(0))).unwrap();
    assert_eq!(CLONES.load(Ordering::Relaxed), 1);
}

struct Store {
    calls: u32,
}

impl Store {
    #[retry(max_retries = 4, initial_delay = 0)]
    fn third_time(&mut self) -> R<u32> {
        self.calls += 1;
        if self.calls < 3 {
            Err(busy())
        } else {
            Ok(self.calls)
        }
    }

    #[retry(max_retries = 4, initial_delay = 0)]
    async fn third_time_later(&mut self, log: &mut Vec<u32>) -> R<u32> {
        self.calls += 1;
        tokio::task::yield_now().await;
        log.push(self.calls);
        if self.calls < 3 {
            return Err(busy());
        }
        Ok(self.calls)
    }
}

#[tokio::test]
async fn mutable_borrows_are_reborrowed_for_each_attempt() {
    assert_eq!(Store { calls: 0 }.third_time().unwrap(), 3);
    let mut log = vec![];
    assert_eq!(
        Store { calls: 0 }.third_time_later(&mut log).await.unwrap(),
        3
    );
    assert_eq!(log, [1, 2, 3]);
}

/// The letters in the argument of each attempt, which then changes it.
type Found = RefCell<Vec<String>>;

fn change(text: &mut String, found: &Found) {
    found.borrow_mut().push(text.clone());
    text.push('!');
}

struct Named<T>(T);

struct Fields {
    first: String,
    other: String,
}

struct Marker;

#[expect(non_snake_case, reason = "names of matrices")]
mod of_every_name {
    use super::{Found, Marker, Named, R, busy, change, retry};
    use std::marker::PhantomData;

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn capital(A: String, mut B: String, found: &Found) -> R<()> {
        change(&mut B, found);
        let mut moved = A;
        change(&mut moved, found);
        Err(busy())
    }

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) async fn capital_later(
        A: String,
        Named(mut Xs): Named<String>,
        found: &Found,
    ) -> R<()> {
        change(&mut Xs, found);
        let mut moved = A;
        change(&mut moved, found);
        Err(busy())
    }

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn parameter<T: Into<String> + Clone>(T: T, found: &Found) -> R<()> {
        change(&mut T.into(), found);
        Err(busy())
    }

    /// Unit structs bind no variables, and need no `Clone`.
    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn units(
        Marker: Marker,
        (PhantomData, mut text): (PhantomData<Marker>, String),
        found: &Found,
    ) -> R<()> {
        let (_, _): (Marker, PhantomData<Marker>) = (Marker, PhantomData);
        change(&mut text, found);
        Err(busy())
    }
}

#[retry(max_retries = 1, initial_delay = 0)]
fn by_reference(
    ref mut text: String,
    (ref mut inner, ref kept): (String, String),
    found: &Found,
) -> R<()> {
    change(text, found);
    change(inner, found);
    found.borrow_mut().push(kept.clone());
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0, budget = false)]
async fn by_reference_later(
    ref mut text: String,
    Fields {
        ref mut first,
        mut other,
    }: Fields,
    found: &Found,
) -> R<()> {
    change(text, found);
    change(first, found);
    tokio::task::yield_now().await;
    change(&mut other, found);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0, budget = false)]
fn of_either((Ok(mut text) | Err(mut text)): Result<String, String>, found: &Found) -> R<()> {
    change(&mut text, found);
    drop(text);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0, budget = false)]
async fn of_either_later(
    (Ok(ref mut text) | Err(ref mut text)): Result<String, String>,
    found: &Found,
) -> R<()> {
    change(text, found);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0, budget = false)]
fn of_an_array([mut first, ref mut last]: [String; 2], whole @ 0..: u8, found: &Found) -> R<()> {
    change(&mut first, found);
    change(last, found);
    found.borrow_mut().push(whole.to_string());
    Err(busy())
}

#[tokio::test]
async fn owned_arguments_are_reset_for_each_attempt_for_all_patterns() {
    let found = Found::default();
    let [a, b] = ["a", "b"].map(String::from);
    let expect = |case: &str, outcome: R<()>, expected: &[&str]| {
        assert!(outcome.is_err());
        assert_eq!(found.take(), expected, "{case}");
    };
    expect(
        "capital",
        of_every_name::capital(a.clone(), b.clone(), &found),
        &["b", "a", "b", "a"],
    );
    let outcome = of_every_name::capital_later(a.clone(), Named(b.clone()), &found).await;
    expect("capital, async", outcome, &["b", "a", "b", "a"]);
    expect(
        "type parameter",
        of_every_name::parameter("a", &found),
        &["a", "a"],
    );
    let units = of_every_name::units(Marker, (std::marker::PhantomData, a.clone()), &found);
    expect("unit structs", units, &["a", "a"]);
    let outcome = by_reference(a.clone(), (b.clone(), "c".into()), &found);
    expect("ref mut", outcome, &["a", "b", "c", "a", "b", "c"]);
    let fields = Fields {
        first: b.clone(),
        other: "c".into(),
    };
    let outcome = by_reference_later(a.clone(), fields, &found).await;
    expect("ref mut, async", outcome, &["a", "b", "c", "a", "b", "c"]);
    expect("or", of_either(Err(a.clone()), &found), &["a", "a"]);
    expect(
        "or, async",
        of_either_later(Ok(a.clone()), &found).await,
        &["a", "a"],
    );
    expect(
        "array",
        of_an_array([a, b], 1, &found),
        &["a", "b", "1", "a", "b", "1"],
    );
}

#[retry(max_retries = 1, initial_delay = 0)]
fn mutable_parts(
    (first, second): &mut (String, String),
    Fields { first: third, .. }: &mut Fields,
    &mut Named(ref mut last): &mut Named<String>,
) -> R<()> {
    [first, second, third, last]
        .into_iter()
        .for_each(|text| text.push('!'));
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
async fn shared_parts((first, rest): &(String, &mut String), found: &Found) -> R<()> {
    found.borrow_mut().push(format!("{first}{rest}"));
    Err(busy())
}

#[tokio::test]
async fn partial_mutable_borrows_are_reborrowed_for_each_attempt() {
    let mut pair = ("a".to_owned(), "b".to_owned());
    let mut fields = Fields {
        first: "c".into(),
        other: String::new(),
    };
    let mut named = Named("d".to_owned());
    assert!(mutable_parts(&mut pair, &mut fields, &mut named).is_err());
    assert_eq!(
        (pair.0.as_str(), pair.1.as_str(), fields.first.as_str()),
        ("a!!", "b!!", "c!!")
    );
    assert_eq!((named.0.as_str(), fields.other.as_str()), ("d!!", ""));
    let (found, mut rest) = (Found::default(), "b".to_owned());
    assert!(
        shared_parts(&("a".into(), &mut rest), &found)
            .await
            .is_err()
    );
    assert_eq!(found.take(), ["ab", "ab"]);
}

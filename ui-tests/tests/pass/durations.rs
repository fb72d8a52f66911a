//! Durations: integers and floats of seconds, strings, expressions.

use crate::prelude::*;
use gardefou::retry::Jitter;

const T: Duration = Duration::from_millis(1500);

#[retry(initial_delay = 30)]
fn integer() -> R<()> {
    Ok(())
}

#[retry(initial_delay = 0.5)]
fn float() -> R<()> {
    Ok(())
}

#[retry(initial_delay = "1.5s")]
fn text() -> R<()> {
    Ok(())
}

#[retry(initial_delay = "1m30s", max_delay = "2m")]
fn minutes() -> R<()> {
    Ok(())
}

#[retry(initial_delay = T)]
fn constant() -> R<()> {
    Ok(())
}

#[retry(initial_delay = Duration::from_millis(500) * 2)]
fn expression() -> R<()> {
    Ok(())
}

#[retry(initial_delay = (250e-3))]
fn exponent() -> R<()> {
    Ok(())
}

fn first_delay(name: &str) -> Duration {
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|f| f.name() == name && f.module_path() == module_path!())
        .unwrap();
    let config = function.retry().unwrap().unwrap();
    config.backoff.jitter(Jitter::None).delays().next().unwrap()
}

#[test]
fn every_form_is_the_same_duration() {
    let all: [fn() -> R<()>; 7] = [
        integer, float, text, minutes, constant, expression, exponent,
    ];
    all.iter().for_each(|f| f().unwrap());
    assert_eq!(first_delay("integer"), Duration::from_secs(30));
    assert_eq!(first_delay("float"), Duration::from_millis(500));
    assert_eq!(first_delay("text"), Duration::from_millis(1500));
    assert_eq!(first_delay("minutes"), Duration::from_secs(90));
    assert_eq!(first_delay("constant"), T);
    assert_eq!(first_delay("expression"), Duration::from_secs(1));
    assert_eq!(first_delay("exponent"), Duration::from_millis(250));
}

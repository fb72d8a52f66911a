//! Rules as text, as the environment variable `GARDEFOU_CHAOS` has them.

use super::builder::{Injection, inject};
use crate::error::{ConfigError, ErrorCode, Policy};
use std::time::Duration;

/// Reads rules from a text such as `payments:error=0.1,latency=0.2@500ms;search@timeout:hang=0.05;seed=7`.
///
/// # Errors
///
/// Returns every part that cannot be read, and every illegal setting, under the name `field`.
pub(crate) fn parse(
    field: &'static str,
    text: &str,
    duration: fn(&str) -> Option<Duration>,
) -> Result<Vec<Injection>, ConfigError> {
    let (mut rules, mut problems, mut seed) = (Vec::new(), Vec::new(), None);
    let mut refuse =
        |part: &str, rule: &str| problems.push(ConfigError::new(field, format!("{part:?}"), rule));
    for part in text.split(';').map(str::trim) {
        if part.is_empty() {
            continue;
        }
        let Some((guard, faults)) = part.rsplit_once(':') else {
            let number = part.strip_prefix("seed=").map(str::trim);
            match number.and_then(|number| number.parse().ok()) {
                Some(number) if seed.is_none() => seed = Some(number),
                Some(_) => refuse(part, "must be there once"),
                None => refuse(part, PART),
            }
            continue;
        };
        let (name, policy) = match guard.rsplit_once('@') {
            None => (guard, None),
            Some((name, policy)) => match Policy::by_name(policy.trim()) {
                Some(policy) => (name, Some(policy)),
                None => {
                    refuse(
                        policy,
                        "must be the name of a policy, for example circuit_breaker",
                    );
                    continue;
                }
            },
        };
        let mut rule = inject(name.trim());
        if let Some(policy) = policy {
            rule = rule.policy(policy);
        }
        for fault in faults.split(',').map(str::trim) {
            match with_fault(rule.clone(), fault, duration) {
                Some(more) => rule = more,
                None => refuse(fault, FAULT),
            }
        }
        rules.push(rule);
    }
    if rules.is_empty() && problems.is_empty() {
        problems.push(ConfigError::new(field, format!("{text:?}"), PART));
    }
    if problems.is_empty() {
        for rule in &mut rules {
            if let Some(seed) = seed {
                *rule = rule.clone().seed(seed);
            }
            if let Err(err) = rule.clone().build() {
                let named = |problem: &crate::error::ConfigProblem| {
                    let value = format!("{} = {}", problem.field, problem.value);
                    ConfigError::new(field, value, problem.rule.clone())
                };
                problems.extend(err.problems().map(named));
            }
        }
    }
    ConfigError::join(problems).map_or(Ok(rules), Err)
}

const PART: &str = "must be rules such as payments:error=0.1,latency=0.2@500ms or search@timeout:hang=0.05, separated by \
                    `;`, and optionally seed=7";
const FAULT: &str =
    "must be error=SHARE, error=SHARE@CODE, latency=SHARE@DURATION, hang=SHARE or panic=SHARE";

fn with_fault(
    rule: Injection,
    fault: &str,
    duration: fn(&str) -> Option<Duration>,
) -> Option<Injection> {
    let (kind, value) = fault.split_once('=')?;
    let (share, more) = match value.split_once('@') {
        None => (value, None),
        Some((share, more)) => (share, Some(more.trim())),
    };
    let share: f64 = share.trim().parse().ok()?;
    Some(match (kind.trim(), more) {
        ("error", None) => rule.error(share),
        ("error", Some(code)) => rule.error_code(ErrorCode::by_name(code)?, share),
        ("latency", Some(delay)) => rule.latency(share, duration(delay)?),
        ("hang", None) => rule.hang(share),
        ("panic", None) => rule.panic(share),
        _ => return None,
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<Duration> {
        let number = text.strip_suffix("ms")?.parse().ok()?;
        Some(Duration::from_millis(number))
    }

    fn problems(text: &str) -> Vec<String> {
        let err = parse("CHAOS", text, seconds).expect_err("the text is invalid");
        err.problems().map(|it| it.value.clone()).collect()
    }

    #[test]
    fn text_is_the_same_as_the_builder() {
        let text = "payments:error=0.1,latency=0.2@500ms; a:b@timeout:hang=0.05 ,panic=0.1,error=0.1@SYNC_ERROR;seed=7;";
        let rules = [
            inject("payments")
                .error(0.1)
                .latency(0.2, Duration::from_millis(500))
                .seed(7),
            inject("a:b")
                .policy(Policy::Timeout)
                .hang(0.05)
                .panic(0.1)
                .error_code(ErrorCode::SYNC_ERROR, 0.1)
                .seed(7),
        ];
        assert_eq!(parse("CHAOS", text, seconds).unwrap(), rules);
        assert_ne!(
            parse("CHAOS", &text.replace("seed=7", ""), seconds).unwrap(),
            rules
        );
    }

    #[test]
    fn whatever_cannot_be_read_is_a_problem_and_all_are_reported() {
        assert_eq!(
            problems("payments;a:error=much,hang=0.1;b@breaker:hang=1;seed=x;c:latency=0.1"),
            [
                "\"payments\"",
                "\"error=much\"",
                "\"breaker\"",
                "\"seed=x\"",
                "\"latency=0.1\""
            ]
        );
        for text in [
            "",
            " ; ",
            "a:",
            "a:error",
            "a:hang=0.1@5s",
            "a:error=0.1@NO_SUCH_CODE",
            "seed=7",
        ] {
            assert_eq!(problems(text).len(), 1, "{text}");
        }
        assert_eq!(problems("a:hang=0.1;seed=1;seed=2"), ["\"seed=2\""]);
        assert_eq!(
            problems("a:error=0.7,hang=0.7;:panic=2"),
            ["shares = 1.4", "name = \"\"", "panic = 2"]
        );
    }
}

//! What a misspelt name was meant to be.

/// Names that other tools use, and the sections that they mean.
const OTHER_NAMES: [(&str, &str); 16] = [
    ("circuit", "breaker"),
    ("circuit_breaker", "breaker"),
    ("circuitbreaker", "breaker"),
    ("with_circuit_breaker", "breaker"),
    ("retries", "retry"),
    ("retry_budget", "budget"),
    ("ratelimit", "rate_limit"),
    ("ratelimiter", "rate_limit"),
    ("rate_limiter", "rate_limit"),
    ("limit", "rate_limit"),
    ("semaphore", "bulkhead"),
    ("concurrency", "bulkhead"),
    ("email", "mail"),
    ("smtp", "mail"),
    ("logging", "journal"),
    ("checks", "health"),
];

/// Returns the one of the known names that a name is most likely meant for.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    let near = |known: &'a str| {
        let distance = strsim::damerau_levenshtein(&name, known);
        let is_other = other.is_some_and(|(_, meant)| *meant == known);
        let longest = name.chars().count().max(known.len());
        // A part of the name, such as `warn` of `warning`, or `open` of `forced_open`.
        let (short, long) = if name.len() < known.len() {
            (&*name, known)
        } else {
            (known, &*name)
        };
        let is_part = short.len() >= 4 && long.contains(short);
        // A third of the letters may differ; of short names one.
        let is_near = distance <= (longest / 3).max(1) && distance < known.len();
        let rank = match (is_other, is_near) {
            (true, _) => 0,
            (false, true) => distance,
            (false, false) => usize::MAX,
        };
        (is_other || is_near || is_part).then_some((rank, known))
    };
    let candidates = known.into_iter().filter_map(near);
    candidates
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_and_names_of_other_tools_are_recognised() {
        let known = ["breaker", "retry", "rate_limit", "bulkhead", "mail"];
        for (name, meant) in [
            ("braeker", Some("breaker")),
            ("Breaker", Some("breaker")),
            ("circuit-breaker", Some("breaker")),
            ("rate-limit", Some("rate_limit")),
            ("retry", Some("retry")),
            ("smtp", Some("mail")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
    }
}

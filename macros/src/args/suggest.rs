//! Suggestions for misspelt keys and values.

/// Returns the candidate that the text was most likely meant to be, if one is close enough.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = text.to_lowercase();
    let near = |candidate: &&str| distance(&lower, candidate);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let best = candidates.iter().copied().min_by_key(near)?;
    if near(&best) <= (text.len().max(best.len()) / 3).max(1) {
        return Some(best);
    }
    // A part of a name, for example `code` of `error_code`, unless several names have it.
    let is_half = |candidate: &&str| {
        let rest = candidate
            .strip_prefix(lower.as_str())
            .map(|rest| rest.starts_with('_'));
        let before = candidate
            .strip_suffix(lower.as_str())
            .map(|before| before.ends_with('_'));
        rest == Some(true) || before == Some(true)
    };
    let mut halves = candidates.iter().copied().filter(is_half);
    halves.next().filter(|_| halves.next().is_none())
}

/// Returns the edit distance of two words, where swapping two neighbours is one edit (optimal
/// string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_and_missing_letters_are_suggested() {
        let keys = ["name", "failure_threshold", "recovery_timeout"];
        assert_eq!(nearest("nmae", keys), Some("name"));
        assert_eq!(nearest("failure_treshold", keys), Some("failure_threshold"));
        assert_eq!(nearest("Name", keys), Some("name"));
        assert_eq!(nearest("colour", keys), None);
    }

    #[test]
    fn part_of_a_single_name_is_suggested() {
        let keys = [
            "error_code",
            "on_error_callback",
            "initial_delay",
            "max_delay",
        ];
        assert_eq!(nearest("code", keys), Some("error_code"));
        assert_eq!(nearest("on_error", keys), Some("on_error_callback"));
        assert_eq!(nearest("delay", keys), None);
        assert_eq!(nearest("ode", keys), None);
    }
}

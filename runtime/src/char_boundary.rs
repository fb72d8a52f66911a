//! Boundaries of characters near an index, which `str` has only from Rust 1.91 on.

/// Returns the last boundary at `index` or before it, and the end of a text that is shorter.
pub(crate) fn floor_char_boundary(text: &str, index: usize) -> usize {
    let last = index.min(text.len());
    // A character has at most four bytes; 0 is a boundary.
    let mut candidates = (last.saturating_sub(3)..=last).rev();
    candidates
        .find(|index| text.is_char_boundary(*index))
        .unwrap_or(0)
}

/// Returns the first boundary at `index` or behind it, and the end of a text that is shorter.
pub(crate) fn ceil_char_boundary(text: &str, index: usize) -> usize {
    let mut candidates = index..text.len().min(index.saturating_add(3));
    candidates
        .find(|index| text.is_char_boundary(*index))
        .unwrap_or_else(|| floor_char_boundary(text, index.saturating_add(3)))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_those_around_each_character() {
        let text = "aß€𝄞z";
        let boundaries: Vec<usize> = text
            .char_indices()
            .map(|(index, _)| index)
            .chain([text.len()])
            .collect();
        for index in 0..=text.len() + 5 {
            let floor = boundaries.iter().rev().find(|at| **at <= index);
            assert_eq!(Some(&floor_char_boundary(text, index)), floor, "{index}");
            let ceil = boundaries.iter().find(|at| **at >= index);
            let ceil = ceil.unwrap_or(boundaries.last().unwrap());
            assert_eq!(ceil_char_boundary(text, index), *ceil, "{index}");
        }
        assert_eq!(
            (floor_char_boundary("", 9), ceil_char_boundary("", 9)),
            (0, 0)
        );
    }
}

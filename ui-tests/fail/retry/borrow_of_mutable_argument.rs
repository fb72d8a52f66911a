//! A return value that borrows from a `&mut` argument.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry]
fn elided(lines: &mut Vec<u32>) -> R<&u32> {
    Ok(&lines[0])
}

#[retry]
fn named<'a>(lines: &'a mut Vec<u32>, at: &usize) -> R<Option<&'a mut u32>> {
    Ok(lines.get_mut(*at))
}

fn main() {}

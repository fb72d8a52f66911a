//! A fallback can use what the body changed through a `&mut`.

use crate::prelude::*;

struct Store {
    lines: Vec<u8>,
}

impl Store {
    #[enhanced_error_handling(rethrow = false, fallback = self.lines.len() + log.len())]
    fn add(&mut self, log: &mut Vec<u8>) -> R<usize> {
        self.lines.push(1);
        log.push(1);
        Err(AppError::new(ErrorCode::SYNC_ERROR, "late"))
    }

    #[enhanced_error_handling(rethrow = false, catch_panics = true, fallback = self.lines.len() + log.len())]
    async fn add_later(&mut self, log: &mut Vec<u8>) -> R<usize> {
        tick().await;
        self.lines.push(1);
        log.push(1);
        panic!("late")
    }
}

#[enhanced_error_handling(rethrow = false, fallback = _spare)]
fn unused(text: String, _spare: String) -> R<String> {
    Err(AppError::new(ErrorCode::SYNC_ERROR, text))
}

#[test]
fn fallback_takes_what_the_body_does_not_use() {
    assert_eq!(unused("late".into(), "spare".into()).unwrap(), "spare");
}

#[test]
fn fallback_uses_self_and_arguments_after_the_body() {
    let (mut store, mut log) = (Store { lines: vec![] }, vec![]);
    assert_eq!(store.add(&mut log).unwrap(), 2);
    assert_eq!(block_on(store.add_later(&mut log)).unwrap(), 4);
}

//! Interleavings of senders and the owner of a mailbox, explored by loom.

use crate::call::mailbox::{Mailbox, Message};
use ::loom::{model, thread};
use std::sync::Arc;

#[test]
fn message_is_either_taken_or_returned() {
    model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let senders: Vec<_> = (0..2)
            .map(|number| {
                let mailbox = Arc::clone(&mailbox);
                thread::spawn(move || mailbox.send(Message::Dropped(number)).is_err())
            })
            .collect();
        let taken = mailbox.take().len() + mailbox.close().len();
        let given_back = senders
            .into_iter()
            .filter_map(|sender| sender.join().ok())
            .filter(|back| *back)
            .count();
        assert_eq!(taken + given_back, 2);
        assert!(mailbox.is_closed() && mailbox.take().is_empty());
    });
}

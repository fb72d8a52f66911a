//! The thread that waits for updates.

use crate::{
    script::{self, CHANNEL},
    store::Shared,
};
use gardefou::fleet::Updates;
use std::{
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

/// How long the thread waits for an update before it looks whether anybody wants them.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts the thread. Where the system gives none, the state is read instead.
pub(crate) fn start(shared: &Arc<Shared>, updates: Updates) {
    let shared = Arc::downgrade(shared);
    let thread = thread::Builder::new().name("gardefou-updates".into());
    let _ = thread.spawn(move || {
        let (mut tries, mut pause) = (0_usize, FIRST_PAUSE);
        while updates.are_wanted() {
            let has_listened = listen(&shared, tries, &updates);
            tries = tries.wrapping_add(1);
            let Some(shared) = shared.upgrade() else {
                return;
            };
            pause = if has_listened {
                FIRST_PAUSE
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
            shared.pause(pause);
        }
    });
}

/// Passes updates on until the connection is lost; returns `false` if there was none.
fn listen(shared: &Weak<Shared>, tries: usize, updates: &Updates) -> bool {
    let Some(store) = shared.upgrade() else {
        return false;
    };
    let losses = store.losses();
    let Ok(mut connection) = store.connect_for_updates(tries) else {
        return false;
    };
    let limit = store.timeout();
    drop(store);
    if connection.set_read_timeout(Some(limit)).is_err() {
        return false;
    }
    let mut subscription = connection.as_pubsub();
    if subscription.subscribe(CHANNEL).is_err() {
        return false;
    }
    if subscription.set_read_timeout(Some(LONGEST_WAIT)).is_err() {
        return false;
    }
    updates.set_arriving(true);
    loop {
        match subscription.get_message() {
            Ok(message) => {
                let text = message.get_payload::<String>().ok();
                if let Some(update) = text.as_deref().and_then(script::update) {
                    updates.deliver(update);
                }
            }
            Err(err) if err.is_timeout() => {}
            Err(_) => break,
        }
        // A server that answers no operation publishes nothing either, though this connection looks alive.
        let is_good = shared
            .upgrade()
            .is_some_and(|store| store.losses() == losses);
        if !is_good || !updates.are_wanted() {
            break;
        }
    }
    updates.set_arriving(false);
    true
}

//! A viewer: one connection that gets server-sent events.

use super::feed::{Feed, Update};
use axum::response::sse::Event;
use futures_util::{Stream, future::BoxFuture, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

/// One connection; dropped, it frees its place.
pub(super) struct Viewer {
    feed: Arc<Feed>,
    _place: OwnedSemaphorePermit,
    first: Option<Update>,
    updates: broadcast::Receiver<Update>,
    closed: watch::Receiver<bool>,
    end: BoxFuture<'static, ()>,
}

impl Viewer {
    pub(super) fn new(
        feed: Arc<Feed>,
        place: OwnedSemaphorePermit,
        first: Update,
        updates: broadcast::Receiver<Update>,
        closed: watch::Receiver<bool>,
        end: BoxFuture<'static, ()>,
    ) -> Self {
        Self {
            feed,
            _place: place,
            first: Some(first),
            updates,
            closed,
            end,
        }
    }

    /// Returns the events: first what the viewer does not have, then the changes, in the order of the samples.
    pub(super) fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        stream::unfold(self, |mut viewer| async move {
            let event = viewer.next().await?;
            Some((Ok(event), viewer))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(event(&first).retry(RETRY_AFTER));
        }
        let update = tokio::select! {
            biased;
            _ = self.closed.changed() => return None,
            () = &mut self.end => return None,
            update = self.updates.recv() => update,
        };
        match update {
            Ok(update) => Some(event(&update)),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let (whole, updates) = self.feed.first(None).await.ok()?;
                self.updates = updates;
                Some(event(&whole))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// An event whose id, which a page names when it connects again, is that of its sample.
fn event(update: &Update) -> Event {
    let id = update.id.to_string();
    Event::default().id(id).data(&*update.text)
}

/// When a page connects again after its connection has ended.
const RETRY_AFTER: Duration = Duration::from_secs(2);

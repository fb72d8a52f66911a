//! A viewer: one connection that gets server-sent events.

use super::feed::Feed;
use axum::response::sse::Event;
use futures_util::{Stream, future::BoxFuture, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

/// One connection; dropped, it frees its place.
pub(super) struct Viewer {
    feed: Arc<Feed>,
    _place: OwnedSemaphorePermit,
    first: Option<String>,
    updates: broadcast::Receiver<Arc<str>>,
    closed: watch::Receiver<bool>,
    end: BoxFuture<'static, ()>,
}

impl Viewer {
    pub(super) fn new(
        feed: Arc<Feed>,
        place: OwnedSemaphorePermit,
        first: String,
        updates: broadcast::Receiver<Arc<str>>,
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

    /// Returns the events: the whole at first, then what changes, in the order of the samples.
    pub(super) fn events(self) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        stream::unfold(self, |mut viewer| async move {
            let event = viewer.next().await?;
            Some((Ok(event), viewer))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(Event::default().retry(RETRY_AFTER).data(first));
        }
        let update = tokio::select! {
            biased;
            _ = self.closed.changed() => return None,
            () = &mut self.end => return None,
            update = self.updates.recv() => update,
        };
        match update {
            Ok(update) => Some(Event::default().data(update)),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let (whole, updates) = self.feed.first().await.ok()?;
                self.updates = updates;
                Some(Event::default().data(whole))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// When a page connects again after its connection has ended.
const RETRY_AFTER: Duration = Duration::from_secs(2);

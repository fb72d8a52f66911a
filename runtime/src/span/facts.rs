//! What a span shows of an error.

use crate::{
    call::{Frame, Reported},
    error::{ErrorCode, ErrorId, View},
};

/// What a span shows of an error: no text of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) kind: &'static str,
    pub(super) code: Option<u32>,
}

impl Facts {
    pub(super) fn of(view: View<'_>) -> Self {
        match view.code() {
            Some(code) => Self::of_code(code),
            None => Self {
                kind: view.type_name(),
                code: None,
            },
        }
    }

    pub(super) fn of_code(code: ErrorCode) -> Self {
        Self {
            kind: code.name(),
            code: Some(code.number()),
        }
    }
}

/// Returns the identity of an error: its own, or that under which it was reported inside the frame.
pub(crate) fn id_of(view: View<'_>, frame: &mut Frame) -> Option<ErrorId> {
    view.id().or_else(|| {
        let inbox = frame.inbox()?;
        Reported::identity_in(inbox.reported(), view)
    })
}

//! A breaker that has joined a fleet: what the fleet does to it.

use super::{
    effect::apply_at,
    member::Member,
    operation::{Action, Reply},
};
use crate::{
    breaker::{Link, LocalPhase, LocalState, Shell, StoreLoss},
    time::Tick,
};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

#[derive(Debug)]
pub(super) struct JoinedBreaker {
    pub(super) id: u64,
    pub(super) name: Arc<str>,
    /// Another one than the instance's own where several breakers of the process have this name.
    pub(super) instance: Arc<str>,
    pub(super) shell: Weak<Shell>,
    pub(super) member: Member,
    /// Whether the loss of the store disabled it.
    pub(super) is_disabled: bool,
}

/// How long a circuit is held open at a time while the store is lost.
const HELD_AT_A_TIME: Duration = Duration::from_secs(1);

impl JoinedBreaker {
    /// Returns the breaker unless it is gone, or has joined another fleet.
    pub(super) fn shell_in_fleet_of(&self, link: &dyn Link) -> Option<Arc<Shell>> {
        let shell = self.shell.upgrade()?;
        shell.is_in_fleet_of(link).then_some(shell)
    }

    /// Applies what the breaker does without a store; returns when to look again.
    pub(super) fn apply_loss_at(
        &mut self,
        now: Tick,
        is_lost: bool,
        link: &dyn Link,
        shell: &Shell,
        local: &LocalState,
    ) -> Tick {
        if !is_lost {
            self.enable(link, shell);
            return Tick::MAX;
        }
        match local.config.on_store_loss {
            StoreLoss::Closed if !self.is_disabled && local.phase != LocalPhase::ByHand => {
                self.is_disabled = true;
                shell.disable_by_fleet(link);
                Tick::MAX
            }
            StoreLoss::Open => {
                let half = HELD_AT_A_TIME / 2;
                let left = match local.phase {
                    LocalPhase::Open { remaining } => remaining,
                    _ => Duration::ZERO,
                };
                if left > half {
                    return now.after(left - half);
                }
                shell.hold_open(link, HELD_AT_A_TIME, 0, "the store of the fleet is lost");
                now.after(half)
            }
            _ => Tick::MAX,
        }
    }

    /// Ends the state that the loss of the store caused.
    pub(super) fn enable(&mut self, link: &dyn Link, shell: &Shell) {
        if std::mem::take(&mut self.is_disabled) {
            shell.enable_by_fleet(link);
        }
    }

    pub(super) fn finish_at(
        &mut self,
        now: Tick,
        link: &dyn Link,
        shell: &Shell,
        action: &Action,
        reply: Option<Reply>,
    ) {
        let (Some(reply), Some(local)) = (reply, shell.local_state()) else {
            let effect = self.member.failed_at(now, action);
            effect
                .into_iter()
                .for_each(|effect| apply_at(now, link, shell, effect));
            return;
        };
        for effect in self.member.replied_at(now, &local, action, &reply) {
            apply_at(now, link, shell, effect);
        }
    }
}

//! A breaker that has joined a fleet: what the fleet does to it.

use super::{
    member::Member,
    operation::{Action, Reply, SharedState},
};
use crate::{
    breaker::{FleetChange, Link, LocalPhase, LocalState, Shell, StoreLoss},
    event::text,
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
    /// The generation of the breaker in which it probes without a lease, because the store does not answer for it alone.
    pub(super) alone_in: Option<u64>,
}

/// Returns why a breaker is held open by a state of the fleet.
pub(super) fn opened_by(state: &SharedState) -> String {
    let by = text::for_sink(&state.by.as_deref().unwrap_or("unknown"), 128);
    format!("opened by instance {by} of the fleet")
}

/// How long a circuit is held open at a time while the store is lost.
const HELD_AT_A_TIME: Duration = Duration::from_secs(1);

impl JoinedBreaker {
    /// Returns the breaker unless it is gone, or has joined another fleet.
    pub(super) fn shell_in_fleet_of(&self, link: &dyn Link) -> Option<Arc<Shell>> {
        let shell = self.shell.upgrade()?;
        shell.is_in_fleet_of(link).then_some(shell)
    }

    /// Applies what the breaker does without a store; returns when to look again. `is_lost`: for all breakers; one for which
    /// alone it does not answer is as lost.
    pub(super) fn apply_loss_at(
        &mut self,
        now: Tick,
        is_lost: bool,
        link: &dyn Link,
        shell: &Shell,
        local: &LocalState,
    ) -> Tick {
        if !is_lost && now < self.member.lost_from() {
            self.enable(link, shell);
            if self.alone_in.take().is_some() {
                let time = Some(Duration::ZERO);
                shell.change_by_fleet(link, "", |_| [FleetChange::Probe { time }]);
            }
            return self.member.lost_from();
        }
        if local.config.on_store_loss != StoreLoss::Closed {
            // Its settings have changed since it was disabled.
            self.enable(link, shell);
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
                let hold = FleetChange::Hold {
                    duration: HELD_AT_A_TIME,
                    reopened: 0,
                };
                shell.change_by_fleet(link, "the store of the fleet is lost", |_| [hold]);
                now.after(half)
            }
            StoreLoss::Local if !is_lost && self.alone_in != Some(local.generation) => {
                self.alone_in = Some(local.generation);
                shell.change_by_fleet(link, "", |_| [FleetChange::Probe { time: None }]);
                Tick::MAX
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
        reply: Option<&Reply>,
    ) {
        let member = &mut self.member;
        // The text goes through rules of the program, which must not run under the lock.
        let cause = reply.map(|reply| opened_by(&reply.state));
        shell.change_by_fleet(
            link,
            cause.as_deref().unwrap_or_default(),
            |local| match reply {
                Some(reply) => member.replied_at(now, local, action, reply),
                None => Vec::from_iter(member.failed_at(now, action)),
            },
        );
    }
}

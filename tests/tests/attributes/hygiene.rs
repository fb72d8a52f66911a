//! Expansions next to names of the user's.

#![expect(
    clippy::needless_pub_self,
    clippy::wrong_self_convention,
    reason = "what is written so must work too"
)]

use crate::support::{R, busy, missing};
use gardefou::{
    enhanced_error_handling, error_boundary, log_sensitive_operations, retry,
    retry_with_circuit_breaker, transaction_boundary, with_circuit_breaker,
};

/// The return type of extension traits of every type.
struct Unrelated;

macro_rules! extension_trait {
    ($trait:ident($($self:tt)+)) => {
        extension_trait!($trait($($self)+): shape reject carry end leave leave_with settle enter suspend wait wait_async watch
            limit attempt_frame admit start begin transaction behind guard guard_in call run run_with build into_rejection
            result returned);
    };
    ($trait:ident $this:tt: $($name:ident)+) => {
        #[expect(dead_code, reason = "its methods are there to be in the way")]
        pub(super) trait $trait: Sized {
            $(extension_trait!(@method $this $name);)+
        }

        impl<T> $trait for T {}
    };
    (@method($($self:tt)+) $name:ident) => {
        fn $name($($self)+) -> Unrelated {
            Unrelated
        }
    };
}

mod by_reference {
    use super::Unrelated;

    extension_trait!(Extension(&self));
}

mod by_value {
    use super::Unrelated;

    extension_trait!(Extension(self));
}

macro_rules! guarded {
    () => {
        #[enhanced_error_handling(rethrow = false, fallback = 0, catch_panics = true, capture(n))]
        fn handled(n: &u32) -> R<u32> {
            Ok(error_boundary!("hygiene", { n.checked_sub(1).ok_or_else(missing)? })?)
        }

        #[enhanced_error_handling(catch_panics = true)]
        async fn handled_later(n: u32) -> R<u32> {
            transaction_boundary!("hygiene", async |tx| {
                tx.on_rollback("undo", || ());
                n.checked_sub(1).ok_or_else(missing)?
            })
        }

        #[with_circuit_breaker(name = "hygiene")]
        fn broken(n: u32) -> R<u32> {
            transaction_boundary!("hygiene", |tx| {
                tx.on_rollback("undo", || ());
                n.checked_sub(1).ok_or_else(missing)?
            })
        }

        #[with_circuit_breaker(name = "hygiene", fallback = |_| Ok(n), failure_if = |outcome| outcome.is_err())]
        async fn broken_later(n: u32) -> R<u32> {
            n.checked_sub(1).ok_or_else(missing)
        }

        #[retry(max_retries = 1, initial_delay = 0)]
        fn tried(n: u32) -> R<u32> {
            n.checked_sub(1).ok_or_else(busy)
        }

        #[retry_with_circuit_breaker(name = "hygiene-tried", max_retries = 1, initial_delay = 0, attempt_timeout = 1)]
        async fn tried_later(n: u32) -> R<u32> {
            n.checked_sub(1).ok_or_else(busy)
        }

        #[log_sensitive_operations("hygiene")]
        fn audited(n: u32) -> R<u32> {
            n.checked_sub(1).ok_or_else(missing)
        }

        #[log_sensitive_operations("hygiene")]
        async fn audited_later(n: u32) -> R<u32> {
            n.checked_sub(1).ok_or_else(missing)
        }

        pub(super) async fn all(n: u32) -> [Option<u32>; 8] {
            [
                handled(&n).ok(),
                handled_later(n).await.ok(),
                broken(n).ok(),
                broken_later(n).await.ok(),
                tried(n).ok(),
                tried_later(n).await.ok(),
                audited(n).ok(),
                audited_later(n).await.ok(),
            ]
        }
    };
}

mod with_methods_by_reference {
    use super::{by_reference::Extension as _, *};

    guarded!();

    pub(super) fn is_in_scope() {
        let _: Unrelated = 1.settle();
    }
}

mod with_methods_by_value {
    use super::{by_value::Extension as _, *};

    guarded!();

    pub(super) fn is_in_scope() {
        let _: Unrelated = 1.settle();
    }
}

#[tokio::test]
async fn blanket_extension_traits_do_not_interfere() {
    with_methods_by_reference::is_in_scope();
    with_methods_by_value::is_in_scope();
    for n in [1, 0] {
        let expected = if n == 1 {
            [Some(0); 8]
        } else {
            [Some(0), None, None, None, None, None, None, None]
        };
        assert_eq!(with_methods_by_reference::all(n).await, expected);
        assert_eq!(with_methods_by_value::all(n).await, expected);
    }
}

/// A type without `Clone`.
struct Conn {
    sent: u32,
}

struct Client {
    conn: Conn,
}

impl Client {
    /// Uses a field with the name of an argument, which the body does not use.
    #[retry(max_retries = 1, initial_delay = 0)]
    #[expect(unused_variables, reason = "what it is about")]
    fn send(&mut self, conn: Conn, sent: &mut u32) -> R<u32> {
        struct Answer {
            pub(self) conn: u32,
        }
        pub(self) const STEP: u32 = 1;
        self.conn.sent += STEP;
        *sent += 1;
        let answer = Answer {
            conn: self.conn.sent,
        };
        if answer.conn < 2 {
            return Err(busy());
        }
        assert!(
            self.conn.sent == answer.conn,
            "the conn of {} is another one",
            answer.conn
        );
        Ok(answer.conn)
    }

    #[retry(max_retries = 1, initial_delay = 0)]
    #[expect(unused_variables, reason = "what it is about")]
    async fn send_later(&mut self, conn: Conn) -> R<u32> {
        mod inner {
            pub(self) const STEP: u32 = 1;
            pub(in self::super) fn step() -> u32 {
                STEP
            }
        }
        self.conn.sent += inner::step();
        if self.conn.sent.is_multiple_of(2) {
            Ok(self.conn.sent)
        } else {
            Err(busy())
        }
    }
}

#[tokio::test]
async fn unused_argument_with_the_name_of_a_field_needs_no_clone() {
    let (mut client, mut sent) = (
        Client {
            conn: Conn { sent: 0 },
        },
        0,
    );
    assert_eq!(client.send(Conn { sent: 9 }, &mut sent).unwrap(), 2);
    assert_eq!(sent, 2);
    assert_eq!(client.send_later(Conn { sent: 9 }).await.unwrap(), 4);
}

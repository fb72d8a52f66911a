//! Each form of each key of `#[log_sensitive_operations]`.

use crate::prelude::*;
use gardefou::event::{Event, LogLevel, subscribe};
use std::sync::Mutex;

const OPERATION: &str = "rotate-keys";
const LEVEL: LogLevel = LogLevel::Debug;

mod names {
    pub(crate) const OPERATION: &str = "purge";
}

struct Session {
    user: String,
}

#[log_sensitive_operations("by-literal")]
fn literal() -> R<()> {
    Ok(())
}

#[log_sensitive_operations(OPERATION, success_level = LEVEL, error_level = "CRITICAL")]
fn constant() -> R<()> {
    Ok(())
}

#[log_sensitive_operations(names::OPERATION, error_level = LogLevel::Warn, crate = gardefou,)]
fn path() -> R<()> {
    Ok(())
}

#[log_sensitive_operations("by-operators", user = u64::from(n) + 1)]
#[log_sensitive_operations("by-cast", user = n as u64)]
#[log_sensitive_operations("by-comparison", user = n == 1 || n > 2)]
fn operators(n: u8) -> R<u8> {
    Ok(n)
}

#[log_sensitive_operations(user = user.trim(), name = "by-key", success_level = "trace")]
fn key(user: String) -> R<String> {
    Ok(user)
}

impl Session {
    #[log_sensitive_operations("of-self", user = self.user)]
    async fn close(self) -> R<String> {
        tick().await;
        Ok(self.user)
    }

    #[log_sensitive_operations("of-mut-self", user = format_args!("{}#{n}", self.user))]
    fn rename(&mut self, n: u8) -> R<&mut String> {
        self.user.push(char::from(n));
        Ok(&mut self.user)
    }
}

#[async_trait::async_trait]
trait Vault {
    async fn open(&self, key: String) -> R<String>;
}

#[async_trait::async_trait]
impl Vault for Session {
    #[log_sensitive_operations("of-async-trait", user = format_args!("{}:{key}", self.user))]
    async fn open(&self, key: String) -> R<String> {
        tick().await;
        Ok(key)
    }
}

#[test]
fn user_may_name_self_and_arguments_under_async_trait() {
    let trail = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&trail);
    let _listening = subscribe(move |event: &Event<'_>| {
        if let Event::Audit(audit) = event
            && audit.operation == "of-async-trait"
        {
            sink.lock()
                .unwrap()
                .push(format!("{} {}", audit.outcome, audit.user));
        }
    });
    let vault: Box<dyn Vault> = Box::new(Session { user: "ada".into() });
    assert_eq!(block_on(vault.open("front".into())).unwrap(), "front");
    assert_eq!(
        *trail.lock().unwrap(),
        ["started ada:front", "succeeded ada:front"]
    );
}

#[test]
fn every_form_is_accepted() {
    let all: [fn() -> R<()>; 3] = [literal, constant, path];
    all.iter().for_each(|f| f().unwrap());
    assert_eq!(operators(1).unwrap(), 1);
    assert_eq!(key(" ada ".into()).unwrap(), " ada ");
    let mut session = Session { user: "ada".into() };
    session.rename(b'!').unwrap().push('?');
    assert_eq!(block_on(session.close()).unwrap(), "ada!?");
}

//! An unnamed detail that is not a variable.

use gardefou::{ErrorCode, Result, bail};

fn f(host: &str) -> Result<()> {
    bail!(ErrorCode::DB_CONNECTION_ERROR, "no route"; host.len())
}

fn main() {
    let _ = f("db1");
}

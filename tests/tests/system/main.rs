//! Start and shutdown of the whole, each test in turn: there is one system in a process.

mod init;

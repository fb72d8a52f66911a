//! Built-in checks: disk, memory, CPU, the async runtime, the rate of errors, circuit breakers.
//!
//! Each measure has a limit for warn and one for fail, respects the limits of the container (cgroup
//! v1 and v2), never blocks to take a sample, and warns, never passes, where it is unknown.

mod breaker_group;
mod cgroup;
mod cpu;
mod disk;
#[cfg(feature = "monitor")]
mod error_rate;
#[cfg(feature = "async")]
mod lag;
mod limits;
mod memory;

pub use breaker_group::BreakerGroup;
pub use cpu::CpuUsage;
pub use disk::DiskSpace;
#[cfg(feature = "monitor")]
pub use error_rate::ErrorRate;
#[cfg(feature = "async")]
pub use lag::RuntimeLag;
pub use memory::MemoryUsage;

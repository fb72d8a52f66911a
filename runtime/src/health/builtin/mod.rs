//! Ready-made checks of what every program stands on: disk, memory, CPU, the async runtime, its own
//! errors, its circuits.
//!
//! Each measure has a limit for warn and one for fail, looks at the limits of the container (cgroup
//! v1 and v2) where there are any, never blocks to take a sample, and says warn where it cannot
//! know: never pass.

mod breaker_group;
mod cgroup;
mod cpu;
mod disk;
mod error_rate;
#[cfg(feature = "async")]
mod lag;
mod limits;
mod memory;

pub use breaker_group::BreakerGroup;
pub use cpu::CpuUsage;
pub use disk::DiskSpace;
pub use error_rate::ErrorRate;
#[cfg(feature = "async")]
pub use lag::RuntimeLag;
pub use memory::MemoryUsage;

//! Limits of the container that the process runs in, read from `/proc` and `/sys` of Linux.
//!
//! A process sits in a tree of control groups, each of which may have limits of its own; the
//! tightest counts. Version 2 has one tree, version 1 one for each controller, and containers often
//! mount only their own part of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The system below a root folder: `/`, except in tests.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    root: PathBuf,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
        }
    }
}

/// Use of memory against a limit, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) used: u64,
    pub(crate) limit: u64,
    /// `host` or `cgroup`.
    pub(crate) scope: &'static str,
}

impl Usage {
    pub(crate) fn percent(self) -> f64 {
        self.used as f64 / self.limit.max(1) as f64 * 100.0
    }
}

/// CPU time counted so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CpuTimes {
    /// Busy and total time of all processors since the system started, in ticks.
    pub(crate) host: Option<(u64, u64)>,
    /// CPU time that the tightest control group used, in microseconds, and how many processors it
    /// may use.
    pub(crate) group: Option<(u64, f64)>,
}

impl Host {
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// The memory that is closest to its limit; `None` where nothing can be read.
    pub(crate) fn memory(&self) -> Option<Usage> {
        let usages = self.host_memory().into_iter().chain(self.group_memory());
        usages
            .filter(|usage| usage.limit > 0)
            .max_by(|a, b| a.percent().total_cmp(&b.percent()))
    }

    fn host_memory(&self) -> Option<Usage> {
        let text = self.read("proc/meminfo")?;
        let kib = |key: &str| number(keyed(&text, key)?.trim_end_matches("kB"));
        let (total, available) = (kib("MemTotal:")?, kib("MemAvailable:")?);
        let used = total.saturating_sub(available).saturating_mul(1024);
        Some(Usage {
            used,
            limit: total.saturating_mul(1024),
            scope: "host",
        })
    }

    fn group_memory(&self) -> Vec<Usage> {
        let v2 = self
            .levels("", "sys/fs/cgroup")
            .into_iter()
            .filter_map(|level| {
                let limit = number(&self.read(level.join("memory.max"))?)?;
                let used = number(&self.read(level.join("memory.current"))?)?;
                Some((level, used, limit, "inactive_file"))
            });
        let v1 = self
            .levels("memory", "sys/fs/cgroup/memory")
            .into_iter()
            .filter_map(|level| {
                let limit = number(&self.read(level.join("memory.limit_in_bytes"))?)?;
                let used = number(&self.read(level.join("memory.usage_in_bytes"))?)?;
                Some((level, used, limit, "total_inactive_file"))
            });
        let limited = v2.chain(v1).filter(|(_, _, limit, _)| *limit < NO_LIMIT);
        let usages = limited.map(|(level, used, limit, cache_key)| {
            // The kernel reclaims unused cached files before it kills a process for want of memory.
            let stat = self.read(level.join("memory.stat")).unwrap_or_default();
            let cache = keyed(&stat, cache_key).and_then(number).unwrap_or(0);
            Usage {
                used: used.saturating_sub(cache),
                limit,
                scope: "cgroup",
            }
        });
        usages.collect()
    }

    /// CPU time so far; both parts `None` where nothing can be read.
    pub(crate) fn cpu(&self) -> CpuTimes {
        CpuTimes {
            host: self.host_cpu(),
            group: self.group_cpu(),
        }
    }

    fn host_cpu(&self) -> Option<(u64, u64)> {
        let text = self.read("proc/stat")?;
        let fields: Vec<u64> = keyed(&text, "cpu ")?
            .split_whitespace()
            .map_while(number)
            .collect();
        // user nice system idle iowait irq softirq steal; what follows is contained in user and
        // nice.
        let total: u64 = fields.iter().take(8).sum();
        let idle = fields.get(3)? + fields.get(4).unwrap_or(&0);
        Some((total.saturating_sub(idle), total))
    }

    fn group_cpu(&self) -> Option<(u64, f64)> {
        let v2 = self
            .levels("", "sys/fs/cgroup")
            .into_iter()
            .filter_map(|level| {
                let max = self.read(level.join("cpu.max"))?;
                let (quota, period) = max.trim().split_once(' ')?;
                let used = number(keyed(&self.read(level.join("cpu.stat"))?, "usage_usec")?)?;
                Some((used, number(quota)? as f64 / number(period)?.max(1) as f64))
            });
        let v1 = self
            .levels("cpu", "sys/fs/cgroup/cpu")
            .into_iter()
            .filter_map(|level| {
                // Without a quota it reads -1.
                let quota = number(&self.read(level.join("cpu.cfs_quota_us"))?)?;
                let period = number(&self.read(level.join("cpu.cfs_period_us"))?)?;
                let below = level.strip_prefix("sys/fs/cgroup/cpu").ok()?;
                let nanos = number(
                    &self.read(
                        Path::new("sys/fs/cgroup/cpuacct")
                            .join(below)
                            .join("cpuacct.usage"),
                    )?,
                )?;
                Some((nanos / 1000, quota as f64 / period.max(1) as f64))
            });
        v2.chain(v1)
            .filter(|(_, processors)| *processors > 0.0)
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The folders of the process's control group and its ancestors below `mount`, for a controller
    /// of version 1 or, by the empty name, for version 2.
    fn levels(&self, controller: &str, mount: &str) -> Vec<PathBuf> {
        let text = self.read("proc/self/cgroup").unwrap_or_default();
        let of_line = |line: &str| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            controllers
                .split(',')
                .any(|name| name == controller)
                .then(|| path.to_owned())
        };
        let Some(path) = text.lines().find_map(of_line) else {
            return Vec::new();
        };
        // Deepest first; a path that the mount does not show leaves only the mount itself.
        let below = path.trim_matches('/');
        let ancestors = Path::new(below)
            .ancestors()
            .map(|ancestor| Path::new(mount).join(ancestor));
        ancestors
            .filter(|level| self.root.join(level).is_dir())
            .collect()
    }
}

/// The rest of the line that begins with a key.
fn keyed<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(key)?;
        (key.ends_with([' ', ':']) || rest.starts_with(' ')).then(|| rest.trim())
    })
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Version 1 writes "no limit" as the largest number of whole pages.
const NO_LIMIT: u64 = 1 << 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, files: &[(&str, &str)]) -> (Host, PathBuf) {
        let root =
            std::env::temp_dir().join(format!("gardefou-cgroup-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (Host::at(&root), root)
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 750 kB\n",
    );

    #[test]
    fn the_tightest_level_of_version_2_counts_without_its_cache() {
        let (host, root) = host(
            "v2",
            &[
                MEMINFO,
                ("proc/self/cgroup", "0::/pod/app\n"),
                ("sys/fs/cgroup/pod/memory.max", "1000\n"),
                ("sys/fs/cgroup/pod/memory.current", "900\n"),
                (
                    "sys/fs/cgroup/pod/memory.stat",
                    "anon 5\ninactive_file 200\n",
                ),
                ("sys/fs/cgroup/pod/app/memory.max", "max\n"),
                ("sys/fs/cgroup/pod/app/memory.current", "900\n"),
                ("sys/fs/cgroup/pod/cpu.max", "50000 100000\n"),
                (
                    "sys/fs/cgroup/pod/cpu.stat",
                    "usage_usec 700\nuser_usec 1\n",
                ),
                ("sys/fs/cgroup/pod/app/cpu.max", "max 100000\n"),
                ("proc/stat", "cpu  10 0 20 60 10 0 0 0 0 0\ncpu0 1 1 1 1\n"),
            ],
        );
        assert_eq!(
            host.memory(),
            Some(Usage {
                used: 700,
                limit: 1000,
                scope: "cgroup"
            })
        );
        assert_eq!(
            host.cpu(),
            CpuTimes {
                host: Some((30, 100)),
                group: Some((700, 0.5))
            }
        );
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn version_1_is_read_where_only_the_containers_own_part_is_mounted() {
        let (host, root) = host(
            "v1",
            &[
                MEMINFO,
                (
                    "proc/self/cgroup",
                    "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
                ),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1990\n"),
                (
                    "sys/fs/cgroup/memory/memory.stat",
                    "total_inactive_file 10\n",
                ),
                ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"),
                ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/cpuacct/cpuacct.usage", "9000\n"),
            ],
        );
        assert_eq!(
            host.memory(),
            Some(Usage {
                used: 1980,
                limit: 2000,
                scope: "cgroup"
            })
        );
        assert_eq!(host.cpu().group, Some((9, 2.0)));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn without_limits_the_host_counts() {
        let (host, root) = host(
            "host",
            &[
                MEMINFO,
                ("proc/self/cgroup", "4:memory:/\n1:cpu:/\n"),
                (
                    "sys/fs/cgroup/memory/memory.limit_in_bytes",
                    "9223372036854771712\n",
                ),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n"),
                ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
                ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ],
        );
        assert_eq!(
            host.memory(),
            Some(Usage {
                used: 250 * 1024,
                limit: 1000 * 1024,
                scope: "host"
            })
        );
        assert_eq!(
            host.cpu(),
            CpuTimes {
                host: None,
                group: None
            }
        );
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn garbage_is_nothing_known() {
        let garbage = "\u{0} ::: -1 99999999999999999999999\n";
        let paths = [
            "proc/meminfo",
            "proc/stat",
            "proc/self/cgroup",
            "sys/fs/cgroup/memory.max",
            "sys/fs/cgroup/cpu.max",
        ];
        let files: Vec<_> = paths.iter().map(|path| (*path, garbage)).collect();
        let (host, root) = host("garbage", &files);
        assert_eq!(
            (host.memory(), host.cpu()),
            (
                None,
                CpuTimes {
                    host: None,
                    group: None
                }
            )
        );
        fs::remove_dir_all(root).unwrap();
    }
}

//! Default folders for output, and the owners of files in the way.

use std::path::{Path, PathBuf};

/// Returns a folder of this user's own among the temporary files: `NAME-USER`.
///
/// # Examples
///
/// ```
/// let folder = gardefou_examples::place::for_user("notes");
/// assert!(folder.starts_with(std::env::temp_dir()));
/// assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("notes"));
/// ```
#[must_use]
pub fn for_user(name: &str) -> PathBuf {
    let user = own_number().map(|number| number.to_string());
    let user = user.or_else(|| {
        ["USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok())
    });
    let user: String = user
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = if user.is_empty() {
        name.to_owned()
    } else {
        format!("{name}-{user}")
    };
    std::env::temp_dir().join(name)
}

/// Returns the owner of `path`, or of the nearest folder above it that exists, if that is another
/// user.
#[must_use]
pub fn foreign_owner(path: &Path) -> Option<String> {
    let owner = path.ancestors().find_map(owner)?;
    (own_number() != Some(owner)).then(|| name_of(owner))
}

#[cfg(unix)]
fn owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    // The folder above `a` is not the empty path but the current folder.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    std::fs::metadata(path).ok().map(|metadata| metadata.uid())
}

#[cfg(not(unix))]
fn owner(_: &Path) -> Option<u32> {
    None
}

/// Returns the number of this user, where the system shows it as a file.
fn own_number() -> Option<u32> {
    owner(Path::new("/proc/self"))
}

/// Returns the name of a user, or the number where there is no name for it.
fn name_of(number: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("number {number}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn foreign_owner_is_returned_by_name() {
        let own = std::env::temp_dir().join("gardefou-place-without-owner/deep/down");
        assert!(
            foreign_owner(&own).is_none_or(|name| name == "root"),
            "temporary files lie in a folder of root"
        );
        assert_eq!(name_of(0), "root");
        assert_eq!(name_of(u32::MAX - 7), format!("number {}", u32::MAX - 7));
    }
}

//! The report as a page: everything that gardefou knows at the end, as one file.

use crate::{folder, options::Options, outcome::Problem};
use gardefou::Result;
use gardefou_dashboard::Dashboard;
use std::{fs, path::Path};

/// Begins to observe what the page shows.
pub(crate) fn begin() -> Result<Dashboard> {
    Ok(Dashboard::builder().title("classify").build()?)
}

/// Writes the page into the output folder, and returns its address.
pub(crate) fn write(
    dashboard: &Dashboard,
    options: &Options,
) -> std::result::Result<String, Problem> {
    let path = options.page();
    write_file(&path, &dashboard.report().html())
        .map_err(|error| Problem::new(&folder::printable(&path), &error))?;
    // An address has no relative paths.
    let path = fs::canonicalize(&path).unwrap_or(path);
    Ok(address(&path))
}

fn write_file(path: &Path, html: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, html)?)
}

/// Returns the address of a file. What stands for something else in an address is encoded.
fn address(path: &Path) -> String {
    let mut address = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b':' => address.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => address.push(char::from(*byte)),
            b'\\' if cfg!(windows) => address.push('/'),
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_encoded() {
        assert_eq!(
            address(Path::new("/tmp/a-b_c.html")),
            "file:///tmp/a-b_c.html"
        );
        assert_eq!(
            address(Path::new("/tmp/a b#\u{e9}?%.html")),
            "file:///tmp/a%20b%23%C3%A9%3F%25.html"
        );
    }
}

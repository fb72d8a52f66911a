//! Makes the recordings that are shipped in `examples/recordings/`, byte by byte the same on every
//! machine:
//!
//! ```text
//! cargo run -p gardefou-examples --bin make_recordings -- examples/recordings
//! ```

mod catalogue;

use std::{fs, io, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        complain("usage: make_recordings FOLDER");
        return ExitCode::from(2);
    };
    if folder.as_os_str() == "--help" || folder.as_os_str() == "-h" {
        complain("usage: make_recordings FOLDER");
        return ExitCode::SUCCESS;
    }
    match make(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("make_recordings: {}: {error}", folder.display()));
            ExitCode::FAILURE
        }
    }
}

fn make(folder: &std::path::Path) -> io::Result<()> {
    for (name, bytes) in catalogue::files() {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

fn complain(text: &str) {
    use io::Write as _;
    // A terminal that is gone is no failure.
    let _ = writeln!(io::stderr(), "{text}");
}

//! Shared parts of the example programs and their tests: signals, WAV files, and folders for output.

pub mod place;
pub mod signal;
pub mod wav_file;

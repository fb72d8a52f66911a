//! What the example programs and their tests share: signals, and WAV files made of them.

pub mod signal;
pub mod wav_file;

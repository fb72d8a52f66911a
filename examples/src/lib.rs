//! What the example programs and their tests share: signals, WAV files made of them, and where
//! files go.

pub mod place;
pub mod signal;
pub mod wav_file;

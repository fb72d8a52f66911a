//! Reads WAV files of any sample rate, width and number of channels, and believes no header.
//!
//! A small reader of its own: the well-known crate for this, `hound`, knows neither 64-bit floats
//! nor the headers that streaming programs leave behind. Sizes in the header are compared with the
//! file before anything is read, one buffer of bounded size serves every file, and each refusal
//! has a message and an error code.

mod header;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use header::looks_like_a_recording;
pub(crate) use reader::Recording;

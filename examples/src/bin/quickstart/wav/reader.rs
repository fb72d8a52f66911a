//! The samples, frame by frame.

use super::header::{Encoding, Format, corrupt, read_header, reading};
use gardefou::Result;
use std::io::{Read, Seek, SeekFrom};

/// An open recording.
#[derive(Debug)]
pub(crate) struct Recording<R> {
    source: R,
    format: Format,
    /// Bytes of samples that were not read from `source` yet; whole frames.
    left: u64,
}

impl<R: Read + Seek> Recording<R> {
    /// Reads the header and stops before the first sample.
    pub(crate) fn open(mut source: R) -> Result<Self> {
        let header = read_header(&mut source)?;
        let frame = header.format.frame_bytes() as u64;
        let left = header.data_bytes / frame * frame;
        if left == 0 {
            return Err(corrupt("the recording holds no samples"));
        }
        source.seek(SeekFrom::Start(header.data_start)).map_err(reading)?;
        Ok(Self { source, format: header.format, left })
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Calls `each` with every frame: one sample of each channel, full scale is 1.
    pub(crate) fn for_each_frame(mut self, mut each: impl FnMut(&[f64])) -> Result<()> {
        /// Read at a time, if a single frame is not longer.
        const BLOCK: usize = 64 * 1024;
        let frame_bytes = self.format.frame_bytes();
        let mut block = vec![0; (BLOCK / frame_bytes).max(1) * frame_bytes];
        let mut frame = vec![0.0; usize::from(self.format.channels)];
        while self.left > 0 {
            let wanted = block.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let bytes = &mut block[..wanted];
            self.source.read_exact(bytes).map_err(reading)?;
            self.left -= wanted as u64;
            for stored in bytes.chunks_exact(frame_bytes) {
                for (sample, stored) in frame.iter_mut().zip(stored.chunks_exact(self.format.encoding.bytes())) {
                    *sample = decode(self.format.encoding, stored);
                    if !sample.is_finite() {
                        return Err(corrupt("a sample is not a finite number"));
                    }
                }
                each(&frame);
            }
        }
        Ok(())
    }
}

/// Decodes one sample of exactly `encoding.bytes()` bytes.
fn decode(encoding: Encoding, bytes: &[u8]) -> f64 {
    match (encoding, bytes) {
        (Encoding::Unsigned8, &[byte]) => (f64::from(byte) - 128.0) / 128.0,
        (Encoding::Float32, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
        (Encoding::Float64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        // The bytes of a shorter integer are the upper ones of a 32-bit integer: the sign comes along.
        (_, integer) => {
            let upper = integer.iter().rev().zip([24, 16, 8, 0]).map(|(&byte, shift)| u32::from(byte) << shift);
            f64::from(upper.sum::<u32>() as i32) / 2_147_483_648.0
        }
    }
}

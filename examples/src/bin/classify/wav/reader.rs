//! A reader of samples, block by block.

use super::header::{Encoding, Format, Order, corrupt, read_header, reading};
use gardefou::Result;
use std::io::{Read, Seek, SeekFrom};

/// An open recording.
#[derive(Debug)]
pub(crate) struct Recording<R> {
    source: R,
    format: Format,
    /// All bytes of samples; whole frames.
    bytes: u64,
}

/// No more than this much of a recording is read: its class is known by then.
/// `--help` states both.
const LONGEST_SECONDS: u64 = 600;
/// Where frames are wide or fast, this limit is reached sooner.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

impl<R: Read + Seek> Recording<R> {
    /// Reads the header and stops before the first sample.
    pub(crate) fn open(mut source: R) -> Result<Self> {
        let header = read_header(&mut source)?;
        let frame = header.format.frame_bytes() as u64;
        let bytes = header.data_bytes / frame * frame;
        if bytes == 0 {
            return Err(corrupt("the recording holds no samples"));
        }
        source
            .seek(SeekFrom::Start(header.data_start))
            .map_err(reading)?;
        Ok(Self {
            source,
            format: header.format,
            bytes,
        })
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Returns how long the recording is.
    pub(crate) fn seconds(&self) -> f64 {
        (self.bytes / self.format.frame_bytes() as u64) as f64 / f64::from(self.format.rate)
    }

    /// Returns the number of bytes that are read; whole frames.
    fn bytes_to_read(&self) -> u64 {
        let frame = self.format.frame_bytes() as u64;
        let frames = (LONGEST_SECONDS * u64::from(self.format.rate))
            .min(MOST_BYTES / frame)
            .max(1);
        self.bytes.min(frames * frame)
    }

    /// Calls `each` with the frames of one block after the other, each frame a sample of each
    /// channel, full scale is 1; after each block `progress` gets the share of the work that is done.
    pub(crate) fn for_each_block(
        mut self,
        mut each: impl FnMut(&[f64]),
        mut progress: impl FnMut(f64),
    ) -> Result<()> {
        /// Read at a time, if a single frame is not longer.
        const BLOCK: usize = 64 * 1024;
        let frame_bytes = self.format.frame_bytes();
        let mut block = vec![0; (BLOCK / frame_bytes).max(1) * frame_bytes];
        let mut samples = Vec::with_capacity(block.len() / self.format.encoding.bytes());
        let all = self.bytes_to_read();
        let mut left = all;
        while left > 0 {
            let wanted = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let bytes = &mut block[..wanted];
            self.source.read_exact(bytes).map_err(reading)?;
            left -= wanted as u64;
            if self.format.order == Order::Big {
                bytes
                    .chunks_exact_mut(self.format.encoding.bytes())
                    .for_each(<[u8]>::reverse);
            }
            samples.clear();
            decode(self.format.encoding, bytes, &mut samples);
            if !samples.iter().all(|sample| sample.is_finite()) {
                return Err(corrupt("a sample is not a finite number"));
            }
            each(&samples);
            progress(1.0 - left as f64 / all as f64);
        }
        Ok(())
    }
}

/// Decodes whole samples; one loop for each encoding, so that none branches at each sample.
fn decode(encoding: Encoding, bytes: &[u8], samples: &mut Vec<f64>) {
    /// Full scale of a 32-bit integer, whose upper bytes a shorter one fills: the sign comes along.
    const FULL: f64 = 2_147_483_648.0;
    let integer = |bytes: [u8; 4]| f64::from(i32::from_le_bytes(bytes)) / FULL;
    match encoding {
        Encoding::Unsigned8 => {
            samples.extend(bytes.iter().map(|&byte| (f64::from(byte) - 128.0) / 128.0));
        }
        Encoding::Signed(2) => samples.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&[a, b]| integer([0, 0, a, b])),
        ),
        Encoding::Signed(3) => samples.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&[a, b, c]| integer([0, a, b, c])),
        ),
        Encoding::Low(bits) => {
            let raised = |each| (i32::from_le_bytes(each) << (32 - bits)).to_le_bytes();
            samples.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&each| integer(raised(each))),
            );
        }
        Encoding::Signed(_) => {
            samples.extend(bytes.as_chunks().0.iter().map(|&each| integer(each)));
        }
        Encoding::Float32 => {
            samples.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&each| f64::from(f32::from_le_bytes(each))),
            );
        }
        Encoding::Float64 => samples.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&each| f64::from_le_bytes(each)),
        ),
    }
}

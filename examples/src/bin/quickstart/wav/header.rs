//! What stands before the samples.

use crate::codes::UNSUPPORTED_ENCODING_ERROR;
use gardefou::{AppError, ErrorCode, Result, bail};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// How the samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One unsigned byte, 128 is zero.
    Unsigned8,
    /// A signed little-endian integer of 2, 3 or 4 bytes.
    Signed(usize),
    Float32,
    Float64,
}

impl Encoding {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed(bytes) => bytes,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

/// What the header says of the samples, as far as it holds true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// Samples a second of each channel; never zero.
    pub(crate) rate: u32,
    /// Never zero.
    pub(crate) channels: u16,
    pub(crate) encoding: Encoding,
}

impl Format {
    /// The bytes of one frame: one sample of each channel.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.encoding.bytes() * usize::from(self.channels)
    }
}

/// The header as it was read, and where the samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: Format,
    pub(crate) data_start: u64,
    /// Lies within the file.
    pub(crate) data_bytes: u64,
}

/// Chunks looked at before the samples: real files have a handful.
const MOST_CHUNKS: usize = 10_000;
/// What a streaming program writes while it does not know the size yet.
const UNKNOWN_SIZE: u32 = u32::MAX;

/// Tells whether a file begins as a WAV file does.
pub(crate) fn looks_like_a_recording(start: &[u8]) -> bool {
    matches!(start, [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E', ..])
        || matches!(start, [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..])
}

/// Reads the header and leaves `source` anywhere.
pub(crate) fn read_header(source: &mut (impl Read + Seek)) -> Result<Header> {
    let file_bytes = source.seek(SeekFrom::End(0)).map_err(reading)?;
    source.seek(SeekFrom::Start(0)).map_err(reading)?;
    if file_bytes == 0 {
        return Err(corrupt("the file is empty"));
    }
    let mut start = [0; 12];
    source.read_exact(&mut start).map_err(|_| corrupt("not a WAV file: too short to be one"))?;
    if !looks_like_a_recording(&start) {
        return Err(corrupt("not a WAV file: it does not begin with RIFF and WAVE"));
    }
    if start[3] == b'X' {
        return Err(unsupported("a big-endian WAV file (RIFX)"));
    }
    // RF64 keeps its sizes elsewhere and writes "unknown" here, so that its samples reach to the end of the file.
    let riff_bytes = le32(&start[4..]);
    let mut format = None;
    let mut at = 12_u64;
    for _ in 0..MOST_CHUNKS {
        let mut chunk = [0; 8];
        source.seek(SeekFrom::Start(at)).map_err(reading)?;
        match source.read_exact(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(corrupt("the file ends before its samples begin"));
            }
            other => other.map_err(reading)?,
        }
        let size = le32(&chunk[4..]);
        let content = at + 8;
        match &chunk[..4] {
            b"fmt " if format.is_none() => format = Some(read_format(source, size)?),
            b"data" => {
                let format = format.ok_or_else(|| corrupt("the samples come before their format"))?;
                let present = file_bytes.saturating_sub(content);
                return Ok(Header {
                    format,
                    data_start: content,
                    data_bytes: data_bytes(size, riff_bytes, content, present)?,
                });
            }
            _ => {}
        }
        // A chunk of odd length is followed by one byte of padding.
        at = content + u64::from(size) + u64::from(size % 2);
    }
    Err(corrupt("no samples within the first 10,000 chunks"))
}

/// Decides how many of the `present` bytes after the data chunk's header at `content` are samples.
fn data_bytes(claimed: u32, riff_bytes: u32, content: u64, present: u64) -> Result<u64> {
    // A streaming program wrote zero and never came back, unless its file size says that chunks follow here.
    let unfinished = claimed == 0 && u64::from(riff_bytes) + 8 <= content;
    if claimed == UNKNOWN_SIZE || unfinished {
        return Ok(present);
    }
    if u64::from(claimed) > present {
        bail!(
            ErrorCode::ANALYSIS_DATA_ERROR, "cut short: {claimed} bytes of samples announced, {present} present";
            announced = claimed, present = present
        );
    }
    Ok(u64::from(claimed))
}

fn read_format(source: &mut impl Read, size: u32) -> Result<Format> {
    const EXTENSIBLE: u16 = 0xFFFE;
    let mut bytes = [0; 40];
    let known = bytes.len().min(size as usize);
    if known < 16 {
        return Err(corrupt(format!("a format of {size} bytes, 16 is the least")));
    }
    source.read_exact(&mut bytes[..known]).map_err(|_| corrupt("the file ends within its header"))?;
    let mut tag = le16(&bytes[0..]);
    let (channels, rate, block, bits) = (le16(&bytes[2..]), le32(&bytes[4..]), le16(&bytes[12..]), le16(&bytes[14..]));
    if tag == EXTENSIBLE {
        if known < 40 {
            return Err(corrupt("an extensible format that is cut short"));
        }
        tag = le16(&bytes[24..]);
    }
    if channels == 0 {
        return Err(corrupt("a recording of zero channels"));
    }
    if rate == 0 {
        return Err(corrupt("a recording of zero samples a second"));
    }
    let encoding = encoding(tag, bits)?;
    let expected = encoding.bytes() * usize::from(channels);
    if usize::from(block) != expected {
        return Err(corrupt(format!("frames of {block} bytes, but {channels} × {bits} bits make {expected}")));
    }
    Ok(Format { rate, channels, encoding })
}

fn encoding(tag: u16, bits: u16) -> Result<Encoding> {
    match (tag, bits) {
        (1, 1..=8) => Ok(Encoding::Unsigned8),
        (1, 9..=32) => Ok(Encoding::Signed(usize::from(bits).div_ceil(8))),
        (3, 32) => Ok(Encoding::Float32),
        (3, 64) => Ok(Encoding::Float64),
        (1 | 3, _) => Err(unsupported(&format!("samples of {bits} bits"))),
        (6, _) => Err(unsupported("compressed as A-law")),
        (7, _) => Err(unsupported("compressed as mu-law")),
        (2 | 0x11, _) => Err(unsupported("compressed as ADPCM")),
        (0x50 | 0x55, _) => Err(unsupported("compressed as MPEG audio")),
        _ => Err(unsupported(&format!("in the format number {tag}"))),
    }
}

pub(crate) fn corrupt(message: impl Into<String>) -> AppError {
    AppError::new(ErrorCode::ANALYSIS_DATA_ERROR, message)
}

fn unsupported(what: &str) -> AppError {
    AppError::new(UNSUPPORTED_ENCODING_ERROR, format!("{what}: only integers up to 32 bits and floats are read"))
}

pub(crate) fn reading(error: std::io::Error) -> AppError {
    AppError::new(ErrorCode::ANALYSIS_PROCESSING_ERROR, format!("reading failed: {error}")).with_source(error)
}

fn le16(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

fn le32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

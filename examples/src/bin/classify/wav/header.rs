//! The header of a WAV file.

use crate::codes::UNSUPPORTED_ENCODING_ERROR;
use gardefou::{AppError, ErrorCode, Result, bail};
use std::{
    io::{ErrorKind, Read, Seek, SeekFrom},
    ops::RangeInclusive,
};

/// How the samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One unsigned byte, 128 is zero.
    Unsigned8,
    /// A signed integer of 2, 3 or 4 bytes.
    Signed(usize),
    /// A signed integer of so many bits, 17 to 24, in the lower part of 4 bytes. The upper part
    /// has no meaning.
    Low(u32),
    Float32,
    Float64,
}

impl Encoding {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed(bytes) => bytes,
            Self::Low(_) | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The lowest: RIFF.
    Little,
    /// The highest: RIFX.
    Big,
}

impl Order {
    fn u16(self, bytes: &[u8]) -> u16 {
        let bytes = [bytes[0], bytes[1]];
        if self == Self::Big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    fn u32(self, bytes: &[u8]) -> u32 {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self == Self::Big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }
}

/// The format of the samples, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// Samples a second of each channel; never zero.
    pub(crate) rate: u32,
    /// Never zero.
    pub(crate) channels: u16,
    pub(crate) encoding: Encoding,
    pub(crate) order: Order,
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

/// Chunks read before the samples: real files have a handful.
const MOST_CHUNKS: usize = 10_000;
/// Chunks that files are known to have.
const KNOWN_CHUNKS: [&[u8; 4]; 20] = [
    b"fmt ", b"data", b"fact", b"LIST", b"list", b"bext", b"iXML", b"JUNK", b"junk", b"PAD ",
    b"FLLR", b"PEAK", b"cue ", b"smpl", b"inst", b"id3 ", b"ID3 ", b"axml", b"chna", b"ds64",
];
/// By how much the size of the samples may exceed the file: programs count the header in, or a byte
/// of padding.
const MOST_TOO_MANY: u64 = 44;
/// What streaming programs write where they do not know the size of the samples yet.
const UNKNOWN_SIZES: [u32; 4] = [u32::MAX, 0x8000_0000, 0x7FFF_FFFF, 0x7FFF_F000];
/// And where they do not know that of the file: the marks above, with or without the bytes of the
/// header.
const UNKNOWN_RIFF_SIZES: [RangeInclusive<u64>; 2] =
    [0x7FFF_F000..=0x8000_1000, 0xFFFF_F000..=u32::MAX as u64];

/// Returns `true` if a file begins like a WAV file.
pub(crate) fn looks_like_a_recording(start: &[u8]) -> bool {
    matches!(
        start,
        [
            b'R',
            b'I',
            b'F',
            b'F' | b'X',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..
        ]
    ) || matches!(
        start,
        [
            b'R',
            b'F',
            b'6',
            b'4',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..
        ]
    ) || matches!(
        start,
        [
            b'B',
            b'W',
            b'6',
            b'4',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..
        ]
    )
}

/// Reads the header and leaves `source` anywhere.
pub(crate) fn read_header(source: &mut (impl Read + Seek)) -> Result<Header> {
    let file_bytes = source.seek(SeekFrom::End(0)).map_err(reading)?;
    source.seek(SeekFrom::Start(0)).map_err(reading)?;
    if file_bytes == 0 {
        return Err(corrupt("the file is empty"));
    }
    let mut start = [0; 12];
    source
        .read_exact(&mut start)
        .map_err(|_| corrupt("not a WAV file: too short to be one"))?;
    if !looks_like_a_recording(&start) {
        return Err(corrupt(
            "not a WAV file: it does not begin with RIFF and WAVE",
        ));
    }
    let order = if start[3] == b'X' {
        Order::Big
    } else {
        Order::Little
    };
    let wide = start[0] != b'R' || start[1] != b'I';
    let mut sizes = Sizes {
        file: file_bytes,
        riff: u64::from(order.u32(&start[4..])),
        data: None,
    };
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
        let size = order.u32(&chunk[4..]);
        let content = at + 8;
        match &chunk[..4] {
            b"fmt " if format.is_none() => format = Some(read_format(source, size, order)?),
            b"ds64" if wide && sizes.data.is_none() => read_wide_sizes(source, &mut sizes)?,
            b"data" => {
                let format =
                    format.ok_or_else(|| corrupt("the samples come before their format"))?;
                return Ok(Header {
                    format,
                    data_start: content,
                    data_bytes: sizes.data_bytes(size, content)?,
                });
            }
            _ => {}
        }
        at = content + u64::from(size);
        if size % 2 == 1 && is_padded(source, at)? {
            at += 1;
        }
    }
    Err(corrupt("no samples within the first 10,000 chunks"))
}

/// A chunk of odd length is followed by one byte of padding. Some programs leave it out: then a
/// known chunk begins at once.
fn is_padded(source: &mut (impl Read + Seek), end: u64) -> Result<bool> {
    let mut next = Vec::new();
    source.seek(SeekFrom::Start(end)).map_err(reading)?;
    source.take(5).read_to_end(&mut next).map_err(reading)?;
    let begins = |name: Option<&[u8]>| {
        name.is_some_and(|name| KNOWN_CHUNKS.iter().any(|known| *known == name))
    };
    Ok(begins(next.get(1..5)) || !begins(next.get(..4)))
}

/// What is known of sizes before the samples are reached.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// The bytes of the file itself: the only size that is certain.
    file: u64,
    /// The size of the file according to the header, without the first eight bytes.
    riff: u64,
    /// The size of the samples according to a `ds64` chunk, in which RF64 keeps sizes that do not
    /// fit into 32 bits.
    data: Option<u64>,
}

impl Sizes {
    /// Decides how many bytes after the data chunk's header, which ends at `content`, are samples.
    fn data_bytes(&self, claimed: u32, content: u64) -> Result<u64> {
        let present = self.file.saturating_sub(content);
        let claimed = match self.data {
            Some(wide) if claimed == u32::MAX => wide,
            _ => u64::from(claimed),
        };
        // Where the header knows the end of the file, what lies beyond it is no sound.
        let known = self.data.is_some()
            || !UNKNOWN_RIFF_SIZES
                .iter()
                .any(|sizes| sizes.contains(&self.riff));
        let end = Some(self.riff.saturating_add(8))
            .filter(|&end| known && end > content && end <= self.file);
        let streamed = match claimed {
            0 => end.is_none(),
            u64::MAX => true,
            _ => {
                UNKNOWN_SIZES.iter().any(|&size| claimed == u64::from(size)) && self.data.is_none()
            }
        };
        // A recording may happen to be as long as such a mark: then the file ends where its header
        // has its end.
        if streamed && !(claimed > 0 && claimed <= present && end == Some(self.file)) {
            return Ok(end.map_or(present, |end| end - content));
        }
        // The file is whole according to its own size, or its own size stands where that of the
        // samples should.
        let whole = self.riff.saturating_add(8) <= self.file
            || claimed == self.file
            || claimed + 8 == self.file;
        if claimed > present && claimed - present <= MOST_TOO_MANY && whole {
            return Ok(end.map_or(present, |end| end - content));
        }
        if claimed > present {
            bail!(
                ErrorCode::ANALYSIS_DATA_ERROR, "cut short: {claimed} bytes of samples announced, {present} present";
                announced = claimed, present = present
            );
        }
        Ok(claimed)
    }
}

fn read_wide_sizes(source: &mut impl Read, sizes: &mut Sizes) -> Result<()> {
    let mut bytes = [0; 16];
    source
        .read_exact(&mut bytes)
        .map_err(|_| corrupt("the file ends within its header"))?;
    (sizes.riff, sizes.data) = (le64(&bytes), Some(le64(&bytes[8..])));
    Ok(())
}

fn read_format(source: &mut impl Read, size: u32, order: Order) -> Result<Format> {
    const EXTENSIBLE: u16 = 0xFFFE;
    let mut bytes = [0; 40];
    let known = bytes.len().min(size as usize);
    if known < 16 {
        return Err(corrupt(format!(
            "a format of {size} bytes, 16 is the least"
        )));
    }
    source
        .read_exact(&mut bytes[..known])
        .map_err(|_| corrupt("the file ends within its header"))?;
    let mut tag = order.u16(&bytes[0..]);
    let (channels, rate) = (order.u16(&bytes[2..]), order.u32(&bytes[4..]));
    let (block, bits) = (order.u16(&bytes[12..]), order.u16(&bytes[14..]));
    if tag == EXTENSIBLE {
        if known < 40 {
            return Err(corrupt("an extensible format that is cut short"));
        }
        tag = order.u16(&bytes[24..]);
    }
    if channels == 0 {
        return Err(corrupt("a recording of zero channels"));
    }
    if rate == 0 {
        return Err(corrupt("a recording of zero samples a second"));
    }
    let mut encoding = encoding(tag, bits)?;
    if encoding == Encoding::Signed(3) && u32::from(block) == 4 * u32::from(channels) {
        encoding = Encoding::Low(u32::from(bits));
    }
    let expected = encoding.bytes() * usize::from(channels);
    if usize::from(block) != expected {
        return Err(corrupt(format!(
            "frames of {block} bytes, but {channels} × {bits} bits make {expected}"
        )));
    }
    Ok(Format {
        rate,
        channels,
        encoding,
        order,
    })
}

fn encoding(tag: u16, bits: u16) -> Result<Encoding> {
    match (tag, bits) {
        (1, 1..=8) => Ok(Encoding::Unsigned8),
        (1, 9..=32) => Ok(Encoding::Signed(usize::from(bits).div_ceil(8))),
        (3, 32) => Ok(Encoding::Float32),
        (3, 64) => Ok(Encoding::Float64),
        (1, _) => Err(unsupported(format!(
            "integers of {bits} bits: only those of 1 to 32 bits are read"
        ))),
        (3, _) => Err(unsupported(format!(
            "floats of {bits} bits: only those of 32 and 64 bits are read"
        ))),
        (6, _) => Err(unsupported(
            "compressed as A-law: only uncompressed samples are read",
        )),
        (7, _) => Err(unsupported(
            "compressed as mu-law: only uncompressed samples are read",
        )),
        (2 | 0x11, _) => Err(unsupported(
            "compressed as ADPCM: only uncompressed samples are read",
        )),
        (0x50 | 0x55, _) => Err(unsupported(
            "compressed as MPEG audio: only uncompressed samples are read",
        )),
        _ => Err(unsupported(format!(
            "in the format number {tag}: only integers (1) and floats (3) are read"
        ))),
    }
}

pub(crate) fn corrupt(message: impl Into<String>) -> AppError {
    AppError::new(ErrorCode::ANALYSIS_DATA_ERROR, message)
}

fn unsupported(message: impl Into<String>) -> AppError {
    AppError::new(UNSUPPORTED_ENCODING_ERROR, message)
}

pub(crate) fn reading(error: std::io::Error) -> AppError {
    AppError::new(ErrorCode::ANALYSIS_PROCESSING_ERROR, "reading failed").with_source(error)
}

/// RF64 has 64 bits, and the lowest byte first.
fn le64(bytes: &[u8]) -> u64 {
    u64::from(Order::Little.u32(bytes)) | u64::from(Order::Little.u32(&bytes[4..])) << 32
}

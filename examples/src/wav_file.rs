//! A writer of WAV files for the shipped recordings and for tests, broken ones included.

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Unsigned bytes, as 8-bit WAV files have them.
    Unsigned8,
    /// Signed little-endian integers of 2 bytes.
    Signed16,
    /// Signed little-endian integers of 3 bytes.
    Signed24,
    /// Signed little-endian integers of 4 bytes.
    Signed32,
    /// IEEE floats of 4 bytes.
    Float32,
    /// IEEE floats of 8 bytes.
    Float64,
}

impl Encoding {
    /// Every encoding there is.
    pub const ALL: [Self; 6] = [
        Self::Unsigned8,
        Self::Signed16,
        Self::Signed24,
        Self::Signed32,
        Self::Float32,
        Self::Float64,
    ];

    /// Returns the bytes of one sample.
    #[must_use]
    pub fn bytes(self) -> u16 {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// Returns the number that stands for the encoding in a header: 1 for integers, 3 for floats.
    #[must_use]
    pub fn tag(self) -> u16 {
        if matches!(self, Self::Float32 | Self::Float64) {
            3
        } else {
            1
        }
    }

    /// Encodes one sample; 1.0 is full scale, what lies beyond is clipped.
    pub fn write(self, sample: f64, bytes: &mut Vec<u8>) {
        let scaled = |full: f64| (sample * full).round().clamp(-full - 1.0, full) as i64;
        match self {
            Self::Unsigned8 => bytes.push((scaled(127.0) + 128) as u8),
            Self::Signed16 => bytes.extend(&scaled(32_767.0).to_le_bytes()[..2]),
            Self::Signed24 => bytes.extend(&scaled(8_388_607.0).to_le_bytes()[..3]),
            Self::Signed32 => bytes.extend(&scaled(2_147_483_647.0).to_le_bytes()[..4]),
            Self::Float32 => bytes.extend((sample as f32).to_le_bytes()),
            Self::Float64 => bytes.extend(sample.to_le_bytes()),
        }
    }
}

/// The contents of a WAV file: correct unless a field overrides the header.
///
/// # Examples
///
/// ```
/// use gardefou_examples::wav_file::{Encoding, WavFile};
///
/// let bytes = WavFile::new(8000, 1, Encoding::Signed16, &[0.0, 0.5]).to_bytes();
/// assert_eq!(&bytes[..4], b"RIFF");
/// assert_eq!(bytes.len(), 44 + 4);
/// ```
#[derive(Clone, Debug)]
pub struct WavFile {
    /// Samples a second.
    pub rate: u32,
    /// Samples a frame.
    pub channels: u16,
    /// How samples are stored.
    pub encoding: Encoding,
    /// The samples, frame by frame.
    pub samples: Vec<f64>,
    /// The format's number, if it is not the encoding's own.
    pub tag: Option<u16>,
    /// Bits a sample, if they are not those of the encoding.
    pub bits: Option<u16>,
    /// Bytes a frame, if they are not those of the samples.
    pub frame_bytes: Option<u16>,
    /// Whether the highest byte of a number comes first: RIFX instead of RIFF.
    pub big_endian: bool,
    /// Whether a byte of padding follows a chunk of odd length, as it should.
    pub padded: bool,
    /// Whether the header is a WAVE_FORMAT_EXTENSIBLE.
    pub extensible: bool,
    /// Chunks between the header and the samples.
    pub chunks_before: Vec<([u8; 4], Vec<u8>)>,
    /// Chunks after the samples.
    pub chunks_after: Vec<([u8; 4], Vec<u8>)>,
    /// The size of the samples in the header, if it is not the true one.
    pub claimed_data: Option<u32>,
    /// The size of the file in the header, if it is not the true one.
    pub claimed_riff: Option<u32>,
}

impl WavFile {
    /// Makes a plain, correct file of interleaved samples.
    #[must_use]
    pub fn new(rate: u32, channels: u16, encoding: Encoding, samples: &[f64]) -> Self {
        Self {
            rate,
            channels,
            encoding,
            samples: samples.to_vec(),
            tag: None,
            bits: None,
            frame_bytes: None,
            big_endian: false,
            padded: true,
            extensible: false,
            chunks_before: Vec::new(),
            chunks_after: Vec::new(),
            claimed_data: None,
            claimed_riff: None,
        }
    }

    /// Writes the header as a WAVE_FORMAT_EXTENSIBLE.
    #[must_use]
    pub fn extensible(mut self) -> Self {
        self.extensible = true;
        self
    }

    /// Puts a chunk between the header and the samples.
    #[must_use]
    pub fn chunk_before(mut self, name: &[u8; 4], content: &[u8]) -> Self {
        self.chunks_before.push((*name, content.to_vec()));
        self
    }

    /// Puts a chunk after the samples.
    #[must_use]
    pub fn chunk_after(mut self, name: &[u8; 4], content: &[u8]) -> Self {
        self.chunks_after.push((*name, content.to_vec()));
        self
    }

    /// Writes `size` as the size of the samples into the header, whatever the true one is.
    #[must_use]
    pub fn claiming(mut self, size: u32) -> Self {
        self.claimed_data = Some(size);
        self
    }

    /// Writes the header of a program that streams: it does not yet know how long the recording
    /// gets.
    #[must_use]
    pub fn streamed(mut self, size: u32) -> Self {
        self.claimed_data = Some(size);
        self.claimed_riff = Some(size);
        self
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for &sample in &self.samples {
            let start = data.len();
            self.encoding.write(sample, &mut data);
            if self.big_endian {
                data[start..].reverse();
            }
        }
        let mut chunks = Vec::new();
        self.write_chunk(&mut chunks, *b"fmt ", &self.format(), None);
        self.chunks_before
            .iter()
            .for_each(|(name, content)| self.write_chunk(&mut chunks, *name, content, None));
        self.write_chunk(&mut chunks, *b"data", &data, self.claimed_data);
        self.chunks_after
            .iter()
            .for_each(|(name, content)| self.write_chunk(&mut chunks, *name, content, None));
        let size = self.claimed_riff.unwrap_or(chunks.len() as u32 + 4);
        let name = if self.big_endian { b"RIFX" } else { b"RIFF" };
        [name, &self.long(size)[..], b"WAVE", &chunks].concat()
    }

    fn format(&self) -> Vec<u8> {
        let bytes = self.encoding.bytes();
        let block = self
            .frame_bytes
            .unwrap_or(bytes.wrapping_mul(self.channels));
        let tag = self.tag.unwrap_or(self.encoding.tag());
        let bits = self.bits.unwrap_or(bytes * 8);
        let mut format = Vec::new();
        format.extend(self.short(if self.extensible { 0xFFFE } else { tag }));
        format.extend(self.short(self.channels));
        format.extend(self.long(self.rate));
        format.extend(self.long(self.rate.wrapping_mul(u32::from(block))));
        format.extend(self.short(block));
        format.extend(self.short(if self.extensible { bytes * 8 } else { bits }));
        if self.extensible {
            format.extend(self.short(22));
            format.extend(self.short(bits));
            format.extend(self.long(0));
            format.extend(self.short(tag));
            format.extend(b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71");
        }
        format
    }

    fn write_chunk(
        &self,
        bytes: &mut Vec<u8>,
        name: [u8; 4],
        content: &[u8],
        claimed: Option<u32>,
    ) {
        bytes.extend(name);
        bytes.extend(self.long(claimed.unwrap_or(content.len() as u32)));
        bytes.extend(content);
        // A chunk of odd length is followed by a byte that belongs to nothing.
        if content.len() % 2 == 1 && self.padded {
            bytes.push(0);
        }
    }

    fn short(&self, number: u16) -> [u8; 2] {
        if self.big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    fn long(&self, number: u32) -> [u8; 4] {
        if self.big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }
}

use super::*;
use crate::codes::UNSUPPORTED_ENCODING_ERROR;
use gardefou::{AppError, ErrorCode, Result};
use gardefou_examples::{
    signal::{Random, tone},
    wav_file::{Encoding, WavFile},
};
use std::io::Cursor;

fn read(bytes: &[u8]) -> Result<(u32, u16, Vec<f64>)> {
    let recording = Recording::open(Cursor::new(bytes))?;
    let (rate, channels) = (recording.format().rate, recording.format().channels);
    let mut samples = Vec::new();
    recording.for_each_block(|block| samples.extend_from_slice(block), |_| {})?;
    Ok((rate, channels, samples))
}

fn refusal(bytes: &[u8]) -> AppError {
    read(bytes).expect_err("the file must be refused")
}

fn small() -> WavFile {
    WavFile::new(8_000, 1, Encoding::Signed16, &[0.0, 0.25, -0.25, 0.5])
}

#[test]
fn every_width_rate_and_number_of_channels_is_read_as_it_was_written() {
    let sound = tone(8_000, 0.03, 700.0, 0.9);
    for encoding in Encoding::ALL {
        for channels in [1, 2, 3, 6, 8] {
            for rate in [1, 7_777, 44_100, 192_000, u32::MAX] {
                for extensible in [false, true] {
                    let mut file = WavFile::new(rate, channels, encoding, &sound);
                    file.extensible = extensible;
                    let (read_rate, read_channels, samples) = read(&file.to_bytes()).unwrap();
                    assert_eq!((read_rate, read_channels), (rate, channels));
                    assert_eq!(
                        samples.len(),
                        sound.len() / usize::from(channels) * usize::from(channels)
                    );
                    let off = if encoding == Encoding::Unsigned8 {
                        0.01
                    } else {
                        0.0001
                    };
                    assert!(
                        sound.iter().zip(&samples).all(|(a, b)| (a - b).abs() < off),
                        "{encoding:?}"
                    );
                }
            }
        }
    }
}

/// Changes bytes of whole files at random, in the header mostly: whatever stands there, reading
/// ends, and hands out no more than the file has.
#[test]
fn mutated_files_never_make_the_reader_panic_or_read_on() {
    let mut random = Random::seeded(7);
    let mut below = |end: usize| random.below(end);
    let (mut read_on, mut refused) = (0, 0);
    for round in 0..30_000 {
        let encoding = Encoding::ALL[round % 6];
        let mut file = WavFile::new(
            [1, 8_000, 192_000][below(3)],
            1 + below(3) as u16,
            encoding,
            &[0.25; 24],
        );
        file.extensible = below(2) == 0;
        if below(4) == 0 {
            file = file
                .chunk_before(b"LIST", &[7; 5])
                .chunk_after(b"id3 ", &[9; 3]);
        }
        let mut bytes = file.to_bytes();
        for _ in 0..=below(4) {
            let (len, in_header) = (bytes.len(), below(8) != 0);
            let at =
                below(if in_header { len.min(72) } else { len }.max(1)).min(len.saturating_sub(1));
            match below(6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..at, [0xFF; 4])),
                2 => drop(bytes.splice(
                    at..(at + 4).min(len),
                    [[0; 4], [0xFF; 4], [0x80, 0, 0, 0]][below(3)],
                )),
                3 => drop(bytes.splice(at..at, *b"data")),
                _ if len > 0 => bytes[at] = below(256) as u8,
                _ => {}
            }
        }
        match read(&bytes) {
            Ok((rate, channels, samples)) => {
                assert!(
                    rate > 0 && channels > 0 && samples.len() <= bytes.len(),
                    "{round}: {bytes:?}"
                );
                assert!(samples.iter().all(|sample| sample.is_finite()));
                read_on += 1;
            }
            Err(error) => {
                assert!(!error.message().is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        read_on > 3000 && refused > 3000,
        "{read_on} were read, {refused} refused"
    );
}

#[test]
fn full_scale_stays_within_one() {
    for encoding in Encoding::ALL {
        let (_, _, samples) =
            read(&WavFile::new(8_000, 1, encoding, &[-1.0, 1.0]).to_bytes()).unwrap();
        assert!(
            samples
                .iter()
                .all(|sample| (0.99..=1.0).contains(&sample.abs())),
            "{encoding:?}: {samples:?}"
        );
    }
}

#[test]
fn integers_narrower_than_their_bytes_are_read() {
    for (bits, encoding) in [
        (12, Encoding::Signed16),
        (20, Encoding::Signed24),
        (4, Encoding::Unsigned8),
    ] {
        let file = WavFile {
            bits: Some(bits),
            ..WavFile::new(8_000, 1, encoding, &[0.5])
        };
        assert!(
            (read(&file.to_bytes()).unwrap().2[0] - 0.5).abs() < 0.01,
            "{bits} bits"
        );
    }
}

#[test]
fn other_chunks_are_skipped_at_any_position_and_of_any_length() {
    let file = small()
        .chunk_before(b"LIST", b"odd")
        .chunk_before(b"junk", b"")
        .chunk_after(b"id3 ", b"after");
    assert_eq!(read(&file.to_bytes()).unwrap().2.len(), 4);
}

#[test]
fn streaming_header_takes_the_samples_to_the_end_of_the_file() {
    for unknown in [0, u32::MAX, 0x7FFF_FFFF, 0x8000_0000] {
        assert_eq!(
            read(&small().streamed(unknown).to_bytes()).unwrap().2.len(),
            4,
            "size {unknown}"
        );
    }
    for (riff, data) in [
        (0x7FFF_F024, 0x7FFF_F000),
        (u32::MAX, 0),
        (0x7FFF_F024, 0),
        (0, u32::MAX),
    ] {
        let file = WavFile {
            claimed_riff: Some(riff),
            claimed_data: Some(data),
            ..small()
        };
        assert_eq!(
            read(&file.to_bytes()).unwrap().2.len(),
            4,
            "file {riff:x}, samples {data:x}"
        );
    }
    let mut sixty_four = small().streamed(u32::MAX).to_bytes();
    sixty_four[..4].copy_from_slice(b"RF64");
    assert_eq!(read(&sixty_four).unwrap().2.len(), 4);
}

/// Makes an RF64 file of the sizes that a `ds64` chunk holds.
fn rf64(riff: u64, data: u64) -> Vec<u8> {
    let sizes = [
        &riff.to_le_bytes()[..],
        &data.to_le_bytes(),
        &4_u64.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    let file = small()
        .streamed(u32::MAX)
        .chunk_after(b"LIST", &[0x55; 100])
        .to_bytes();
    [
        b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0",
        &sizes[..],
        &file[12..],
    ]
    .concat()
}

#[test]
fn sizes_of_64_bits_are_used_where_the_short_ones_are_unknown() {
    let length = rf64(0, 0).len() as u64 - 8;
    let samples = read(&rf64(length, 8)).unwrap().2;
    assert_eq!(
        samples.len(),
        4,
        "the chunk after the samples is no sound: {samples:?}"
    );
    let mut broadcast = rf64(length, 8);
    broadcast[..4].copy_from_slice(b"BW64");
    assert_eq!(read(&broadcast).unwrap().2.len(), 4);
    for unknown in [(0, 0), (u64::MAX, u64::MAX)] {
        assert!(
            read(&rf64(unknown.0, unknown.1)).unwrap().2.len() > 4,
            "{unknown:?}"
        );
    }
    let error = refusal(&rf64(1 << 40, 1 << 39));
    assert!(
        error.message().contains("cut short: 549755813888 bytes"),
        "{error}"
    );
    assert!(refusal(&rf64(length, 8)[..30]).is(ErrorCode::ANALYSIS_DATA_ERROR));
}

#[test]
fn bytes_beyond_the_end_in_the_header_are_no_samples() {
    let mut file = small().claiming(u32::MAX).to_bytes();
    file.extend([0x55; 64]);
    assert_eq!(read(&file).unwrap().2.len(), 4);
}

#[test]
fn long_recording_is_read_up_to_the_limit() {
    // 700 s at two samples a second.
    let file = WavFile::new(2, 1, Encoding::Unsigned8, &[0.5; 1_400]).to_bytes();
    let recording = Recording::open(Cursor::new(&file)).unwrap();
    assert!((recording.seconds() - 700.0).abs() < 1e-9);
    let (mut read, mut shares) = (0, Vec::new());
    recording
        .for_each_block(|block| read += block.len(), |share| shares.push(share))
        .unwrap();
    assert_eq!((read, shares.last()), (1_200, Some(&1.0)));
}

#[test]
fn chunks_after_an_empty_recording_are_no_samples() {
    let empty = WavFile::new(8_000, 1, Encoding::Signed16, &[]).chunk_after(b"LIST", &[1; 100]);
    let error = refusal(&empty.to_bytes());
    assert!(
        error.is(ErrorCode::ANALYSIS_DATA_ERROR) && error.message().contains("no samples"),
        "{error}"
    );
}

#[test]
fn truncated_file_is_refused_with_both_sizes() {
    let whole = small().to_bytes();
    let error = refusal(&whole[..whole.len() - 3]);
    assert!(error.is(ErrorCode::ANALYSIS_DATA_ERROR));
    assert_eq!(
        (&error.details()["announced"], &error.details()["present"]),
        (&8.into(), &5.into())
    );
}

#[test]
fn file_truncated_anywhere_is_refused() {
    let whole = small().chunk_before(b"LIST", b"odd").to_bytes();
    for length in 0..whole.len() {
        assert!(
            refusal(&whole[..length]).is(ErrorCode::ANALYSIS_DATA_ERROR),
            "{length} bytes"
        );
    }
}

#[test]
fn wrong_sizes_in_headers_are_refused_without_reading_or_allocating_them() {
    let mut lies = vec![small().claiming(u32::MAX - 1).to_bytes()];
    let mut format = small().to_bytes();
    format[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    lies.push(format);
    let mut chunk = small().chunk_before(b"LIST", b"even").to_bytes();
    chunk[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    lies.push(chunk);
    lies.push(
        WavFile {
            channels: u16::MAX,
            ..small()
        }
        .to_bytes(),
    );
    for lie in lies {
        assert!(refusal(&lie).is(ErrorCode::ANALYSIS_DATA_ERROR));
    }
}

#[test]
fn contradictory_headers_are_refused() {
    let zero_rate = WavFile { rate: 0, ..small() };
    let zero_channels = WavFile {
        channels: 0,
        ..small()
    };
    let wrong_width = WavFile {
        bits: Some(24),
        ..small()
    };
    for (file, word) in [
        (zero_rate, "zero samples"),
        (zero_channels, "zero channels"),
        (wrong_width, "frames of 2 bytes"),
    ] {
        let error = refusal(&file.to_bytes());
        assert!(
            error.is(ErrorCode::ANALYSIS_DATA_ERROR) && error.message().contains(word),
            "{error}"
        );
    }
    let mut data_first = small().to_bytes();
    data_first[12..16].copy_from_slice(b"fact");
    assert!(
        refusal(&data_first)
            .message()
            .contains("before their format")
    );
}

#[test]
fn unsupported_encodings_are_refused_by_name_with_a_code_of_their_own() {
    let narrow = refusal(
        &WavFile {
            tag: Some(3),
            bits: Some(16),
            ..small()
        }
        .to_bytes(),
    );
    assert!(
        narrow
            .message()
            .starts_with("floats of 16 bits: only those of 32 and 64"),
        "{narrow}"
    );
    let known = [
        (6, "A-law"),
        (7, "mu-law"),
        (2, "ADPCM"),
        (0x55, "MPEG"),
        (99, "number 99"),
    ];
    for (tag, word) in known {
        let error = refusal(
            &WavFile {
                tag: Some(tag),
                ..small()
            }
            .to_bytes(),
        );
        assert!(
            error.is(UNSUPPORTED_ENCODING_ERROR) && error.message().contains(word),
            "{error}"
        );
        let error = refusal(
            &WavFile {
                tag: Some(tag),
                ..small()
            }
            .extensible()
            .to_bytes(),
        );
        assert!(
            error.is(UNSUPPORTED_ENCODING_ERROR) && error.message().contains(word),
            "{error}"
        );
    }
    assert!(
        refusal(
            &WavFile {
                bits: Some(64),
                ..small()
            }
            .to_bytes()
        )
        .is(UNSUPPORTED_ENCODING_ERROR)
    );
}

#[test]
fn big_endian_files_are_read_as_little_endian_ones() {
    let sound = tone(8_000, 0.03, 700.0, 0.9);
    for encoding in Encoding::ALL {
        for extensible in [false, true] {
            let file = WavFile {
                extensible,
                ..WavFile::new(44_100, 2, encoding, &sound)
            }
            .chunk_before(b"LIST", b"odd");
            let big = WavFile {
                big_endian: true,
                ..file.clone()
            };
            assert_eq!(&big.to_bytes()[..4], b"RIFX");
            assert_eq!(
                read(&big.to_bytes()).unwrap(),
                read(&file.to_bytes()).unwrap(),
                "{encoding:?}"
            );
        }
    }
    let mut mixed = small().to_bytes();
    mixed[3] = b'X';
    assert!(refusal(&mixed).is(ErrorCode::ANALYSIS_DATA_ERROR));
}

/// As `arecord -f S24_LE` writes them: 24 bits in the lower part of 4 bytes.
#[test]
fn integers_in_the_lower_part_of_four_bytes_are_read() {
    for bits in [18_u16, 20, 24] {
        let full = f64::from(1_i32 << (bits - 1));
        for upper in [0_u8, 0xFF] {
            let mut data = Vec::new();
            for sample in [0.5, -0.25, 0.0, -1.0] {
                let mut bytes = ((sample * full) as i32).to_le_bytes();
                bytes[3] = upper;
                data.extend(bytes);
            }
            let mut file = WavFile::new(48_000, 2, Encoding::Signed24, &[]);
            (file.bits, file.frame_bytes, file.claimed_data) = (Some(bits), Some(8), Some(16));
            let file = [file.to_bytes(), data].concat();
            assert_eq!(
                read(&file).unwrap(),
                (48_000, 2, vec![0.5, -0.25, 0.0, -1.0]),
                "{bits} bits"
            );
        }
    }
}

/// WAVE_FORMAT_EXTENSIBLE has them in the upper part.
#[test]
fn extensible_format_with_fewer_valid_bits_is_read() {
    let file = WavFile {
        bits: Some(24),
        ..WavFile::new(8_000, 2, Encoding::Signed32, &[0.5, -0.25])
    }
    .extensible();
    let samples = read(&file.to_bytes()).unwrap().2;
    assert!(
        (samples[0] - 0.5).abs() < 1e-6 && (samples[1] + 0.25).abs() < 1e-6,
        "{samples:?}"
    );
}

#[test]
fn odd_chunk_without_its_padding_is_skipped() {
    for name in [b"LIST", b"junk", b"odd?"] {
        let file = small()
            .chunk_before(name, b"odd")
            .chunk_before(b"fact", &[4, 0, 0, 0]);
        let unpadded = WavFile {
            padded: false,
            ..file.clone()
        };
        assert_ne!(file.to_bytes(), unpadded.to_bytes());
        assert_eq!(
            read(&unpadded.to_bytes()).unwrap(),
            read(&file.to_bytes()).unwrap()
        );
    }
    // Padding of any value, also a letter.
    let mut file = small().chunk_before(b"LIST", b"odd").to_bytes();
    file[12 + 24 + 8 + 3] = b'f';
    assert_eq!(read(&file).unwrap().2.len(), 4);
}

#[test]
fn format_behind_another_chunk_is_found() {
    let file = small().to_bytes();
    let list = [&file[..12], b"LIST\x04\0\0\0INFO", &file[12..]].concat();
    assert_eq!(read(&list).unwrap().2.len(), 4);
}

#[test]
fn size_of_samples_that_is_slightly_too_large_is_corrected() {
    for too_many in 1..=44 {
        assert_eq!(
            read(&small().claiming(8 + too_many).to_bytes())
                .unwrap()
                .2
                .len(),
            4,
            "{too_many} bytes"
        );
    }
    assert!(
        refusal(&small().claiming(8 + 45).to_bytes())
            .message()
            .contains("cut short")
    );
    // The size of the whole file, or that without its first eight bytes, and a header that follows
    // from it.
    for claimed in [52, 44] {
        let file = WavFile {
            claimed_riff: Some(claimed + 36),
            ..small().claiming(claimed)
        };
        assert_eq!(
            read(&file.to_bytes()).unwrap().2.len(),
            4,
            "{claimed} bytes"
        );
    }
}

#[test]
fn samples_that_are_not_finite_are_refused() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for encoding in [Encoding::Float32, Encoding::Float64] {
            let error = refusal(&WavFile::new(8_000, 1, encoding, &[0.0, odd]).to_bytes());
            assert!(error.is(ErrorCode::ANALYSIS_DATA_ERROR));
        }
    }
}

#[test]
fn arbitrary_bytes_never_make_reader_or_classifier_panic() {
    let mut random = Random::seeded(1);
    let models: Vec<Vec<u8>> = Encoding::ALL
        .iter()
        .flat_map(|&encoding| {
            let file = WavFile::new(8_000, 2, encoding, &tone(8_000, 0.01, 500.0, 0.5))
                .chunk_before(b"LIST", b"odd");
            [file.to_bytes(), file.extensible().to_bytes()]
        })
        .collect();
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut bytes = models[round % models.len()].clone();
        for _ in 0..=random.below(4) {
            // Most hits in the header, where they hurt.
            let end = if random.below(4) > 0 { 90 } else { bytes.len() };
            let (at, edge) = (
                random.below(end),
                [0, 1, 0x7F, 0x80, 0xFF, random.below(256) as u8][random.below(6)],
            );
            bytes[at] = edge;
        }
        bytes.truncate(if random.below(3) == 0 {
            random.below(bytes.len() + 1)
        } else {
            bytes.len()
        });
        if let Ok((rate, channels, samples)) = read(&bytes) {
            accepted += 1;
            let mut meter = crate::analysis::Meter::new(rate, channels);
            samples
                .chunks_exact(usize::from(channels))
                .for_each(|frame| meter.push(frame));
            let features = meter.finish();
            assert!(
                features.level_dbfs.is_finite() && features.crossing_jitter.is_finite(),
                "{features:?}"
            );
            let _ = crate::analysis::Class::of(&features);
        }
    }
    assert!(
        (1_000..19_000).contains(&accepted),
        "{accepted} of 20,000: the mutations are too mild or too wild"
    );
}

#[test]
fn random_bytes_are_refused() {
    let mut random = Random::seeded(2);
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..random.below(300))
            .map(|_| random.number() as u8)
            .collect();
        refusal(&bytes);
        refusal(&[b"RIFF\xff\xff\xff\xffWAVE", &bytes[..]].concat());
    }
}

//! The shipped recordings: what each is, and what is wrong with the broken ones.

use gardefou_examples::{
    signal::{chord, interleave, noise, silence, speech, tone},
    wav_file::{Encoding, WavFile},
};

/// Every file with its content, in the order of their names.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut files = sound();
    files.extend(broken());
    files.push(("EXPECTED.txt", EXPECTED.as_bytes().to_vec()));
    files
}

/// The program compares what it isolates with this list.
const EXPECTED: &str = "\
# Recordings that are broken on purpose, each with the error code it must end with.
# A folder with such a list has gone well when exactly these were isolated.
damaged/cut-short.wav        ANALYSIS_DATA_ERROR
damaged/empty-file.wav       ANALYSIS_DATA_ERROR
damaged/not-a-number.wav     ANALYSIS_DATA_ERROR
damaged/scrambled.wav        ANALYSIS_DATA_ERROR
damaged/telephone-alaw.wav   UNSUPPORTED_ENCODING_ERROR
damaged/text.wav             ANALYSIS_DATA_ERROR
damaged/zero-channels.wav    ANALYSIS_DATA_ERROR
";

fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let organ = chord(22_050, 0.8, &[220.0, 277.18, 329.63], 0.6);
    let left = tone(16_000, 0.8, 440.0, 0.5);
    let right = tone(16_000, 0.8, 660.0, 0.4);
    let voice = speech(12_000, 1.2, 0.6);
    let hum = tone(12_000, 1.2, 100.0, 0.004);
    vec![
        (
            "answer.wav",
            WavFile::new(8_000, 1, Encoding::Signed16, &speech(8_000, 1.5, 0.7)).to_bytes(),
        ),
        (
            "chord.wav",
            // Who made it stands in a chunk of odd length before the samples, as many editors write
            // it.
            WavFile::new(22_050, 1, Encoding::Signed24, &organ)
                .chunk_before(b"LIST", b"INFOISFT\x0a\0\0\0gardefou\0\0!")
                .to_bytes(),
        ),
        (
            "dial-tone.wav",
            WavFile::new(8_000, 1, Encoding::Unsigned8, &tone(8_000, 0.8, 425.0, 0.5)).to_bytes(),
        ),
        (
            "duet.wav",
            WavFile::new(16_000, 2, Encoding::Signed16, &interleave(&[&left, &right])).to_bytes(),
        ),
        (
            "interview.wav",
            WavFile::new(
                12_000,
                3,
                Encoding::Signed16,
                &interleave(&[&voice, &hum, &voice]),
            )
            .extensible()
            .to_bytes(),
        ),
        (
            "night.wav",
            WavFile::new(11_025, 1, Encoding::Signed16, &silence(11_025, 0.8)).to_bytes(),
        ),
        (
            "rain.wav",
            WavFile::new(16_000, 1, Encoding::Float32, &noise(16_000, 0.6, 0.4, 7)).to_bytes(),
        ),
        (
            "stream.wav",
            // Written by a program that streamed: it never came back to fill in the sizes.
            WavFile::new(7_777, 1, Encoding::Signed32, &noise(7_777, 0.5, 0.2, 11))
                .streamed(u32::MAX)
                .to_bytes(),
        ),
        (
            "whistle.wav",
            WavFile::new(
                11_025,
                1,
                Encoding::Float64,
                &tone(11_025, 0.4, 1_760.0, 0.3),
            )
            .to_bytes(),
        ),
    ]
}

fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let plain = WavFile::new(8_000, 1, Encoding::Signed16, &tone(8_000, 0.4, 300.0, 0.5));
    let whole = plain.to_bytes();
    let mut scrambled = whole[..600].to_vec();
    scrambled[12..600]
        .iter_mut()
        .enumerate()
        .for_each(|(at, byte)| *byte = (at * 151 + 89) as u8);
    let not_a_number = [0.1, f64::NAN, 0.1, 0.1].repeat(50);
    let alaw = WavFile {
        tag: Some(6),
        ..WavFile::new(8_000, 1, Encoding::Unsigned8, &tone(8_000, 0.1, 300.0, 0.5))
    };
    vec![
        ("damaged/cut-short.wav", whole[..whole.len() / 3].to_vec()),
        ("damaged/empty-file.wav", Vec::new()),
        (
            "damaged/not-a-number.wav",
            WavFile::new(8_000, 1, Encoding::Float32, &not_a_number).to_bytes(),
        ),
        ("damaged/scrambled.wav", scrambled),
        ("damaged/telephone-alaw.wav", alaw.to_bytes()),
        (
            "damaged/text.wav",
            b"This is text in a file with the extension of a recording.\n".to_vec(),
        ),
        (
            "damaged/zero-channels.wav",
            WavFile {
                channels: 0,
                ..plain
            }
            .to_bytes(),
        ),
    ]
}

use super::*;
use gardefou_examples::signal::{chord, interleave, mix, noise, silence, speech, tone};

const RATES: [u32; 8] = [4_000, 7_777, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000];

fn features(rate: u32, channels: u16, samples: &[f64]) -> Features {
    let mut meter = Meter::new(rate, channels);
    samples
        .chunks_exact(usize::from(channels))
        .for_each(|frame| meter.push(frame));
    meter.finish()
}

fn class(rate: u32, samples: &[f64]) -> Class {
    Class::of(&features(rate, 1, samples))
}

#[test]
fn silence_is_silence_even_with_a_hiss_or_an_offset() {
    for rate in RATES {
        assert_eq!(class(rate, &silence(rate, 0.5)), Class::Silence);
        assert_eq!(
            class(rate, &noise(rate, 0.5, 0.001, 1)),
            Class::Silence,
            "hiss at {rate}"
        );
        assert_eq!(
            class(rate, &vec![0.3; rate as usize]),
            Class::Silence,
            "offset at {rate}"
        );
    }
}

#[test]
fn white_noise_is_noise_at_every_rate() {
    for rate in RATES {
        for peak in [0.01, 0.3, 1.0] {
            for seed in 0..5 {
                assert_eq!(
                    class(rate, &noise(rate, 0.6, peak, seed)),
                    Class::Noise,
                    "rate {rate}, peak {peak}"
                );
            }
        }
    }
}

#[test]
fn steady_tones_are_music_whatever_their_pitch() {
    for rate in RATES {
        for hertz in [
            55.0,
            110.0,
            261.63,
            440.0,
            997.0,
            1_760.0,
            0.3 * f64::from(rate),
        ] {
            assert_eq!(
                class(rate, &tone(rate, 0.6, hertz, 0.4)),
                Class::MusicLike,
                "{hertz} Hz at {rate}"
            );
        }
    }
}

#[test]
fn chords_and_melodies_are_music() {
    for rate in RATES {
        assert_eq!(
            class(rate, &chord(rate, 1.0, &[220.0, 277.18, 329.63], 0.6)),
            Class::MusicLike,
            "chord at {rate}"
        );
        let melody: Vec<f64> = [262.0, 330.0, 392.0, 523.0]
            .iter()
            .flat_map(|&hertz| tone(rate, 0.25, hertz, 0.5))
            .collect();
        assert_eq!(class(rate, &melody), Class::MusicLike, "melody at {rate}");
    }
}

#[test]
fn syllables_with_pauses_are_speech() {
    for rate in RATES {
        for peak in [0.05, 0.7] {
            assert_eq!(
                class(rate, &speech(rate, 2.0, peak)),
                Class::SpeechLike,
                "rate {rate}, peak {peak}"
            );
        }
    }
}

#[test]
fn a_voice_rising_and_falling_four_times_a_second_is_speech() {
    for rate in RATES {
        let (voice, beat) = (tone(rate, 2.0, 180.0, 0.6), tone(rate, 2.0, 4.0, 0.5));
        let spoken: Vec<f64> = voice
            .iter()
            .zip(&beat)
            .map(|(voice, beat)| voice * (0.5 + beat))
            .collect();
        assert_eq!(class(rate, &spoken), Class::SpeechLike, "rate {rate}");
    }
}

#[test]
fn a_single_sound_in_a_long_silence_is_no_speech() {
    let rate = 8_000;
    let beep = [
        silence(rate, 2.0),
        tone(rate, 0.3, 800.0, 0.5),
        silence(rate, 2.0),
    ]
    .concat();
    assert_eq!(class(rate, &beep), Class::MusicLike);
}

#[test]
fn an_offset_changes_neither_loudness_nor_class() {
    for signal in [tone(8_000, 0.5, 440.0, 0.3), noise(8_000, 0.5, 0.3, 3)] {
        let lifted: Vec<f64> = signal.iter().map(|sample| sample + 0.4).collect();
        let (plain, lifted) = (features(8_000, 1, &signal), features(8_000, 1, &lifted));
        assert!((plain.level_dbfs - lifted.level_dbfs).abs() < 0.1);
        assert_eq!(Class::of(&plain), Class::of(&lifted));
    }
}

#[test]
fn loudness_is_the_root_mean_square_below_full_scale() {
    let full = features(8_000, 1, &tone(8_000, 1.0, 400.0, 1.0));
    assert!(
        (full.level_dbfs + 3.01).abs() < 0.02,
        "a full-scale sine has -3.01 dBFS, not {}",
        full.level_dbfs
    );
    let tenth = features(8_000, 1, &tone(8_000, 1.0, 400.0, 0.1));
    assert!(
        (tenth.level_dbfs + 23.01).abs() < 0.02,
        "{}",
        tenth.level_dbfs
    );
    assert!(
        (full.crossings_per_second - 800.0).abs() < 20.0,
        "{}",
        full.crossings_per_second
    );
}

#[test]
fn channels_may_oppose_or_double_each_other() {
    let sound = tone(8_000, 0.5, 440.0, 0.3);
    let opposite: Vec<f64> = sound.iter().map(|sample| -sample).collect();
    let hiss: Vec<Vec<f64>> = (0..8).map(|seed| noise(8_000, 0.5, 0.3, seed)).collect();
    let hiss: Vec<&[f64]> = hiss.iter().map(Vec::as_slice).collect();
    let stereo = |a: &[f64], b: &[f64]| Class::of(&features(8_000, 2, &interleave(&[a, b])));
    assert_eq!(stereo(&sound, &opposite), Class::MusicLike);
    assert_eq!(stereo(&sound, &silence(8_000, 0.5)), Class::MusicLike);
    assert_eq!(stereo(&silence(8_000, 0.5), &sound), Class::MusicLike);
    assert_eq!(stereo(hiss[0], hiss[0]), Class::Noise);
    assert_eq!(
        Class::of(&features(8_000, 8, &interleave(&hiss))),
        Class::Noise
    );
}

#[test]
fn a_quiet_hum_under_noise_stays_noise() {
    let both = mix(&noise(16_000, 0.5, 0.5, 5), &tone(16_000, 0.5, 50.0, 0.01));
    assert_eq!(class(16_000, &both), Class::Noise);
}

#[test]
fn one_sample_and_absurd_samples_have_finite_features() {
    for samples in [&[0.5][..], &[1e300, -1e300], &[f64::MIN_POSITIVE; 3]] {
        for rate in [1, 8_000, u32::MAX] {
            let features = features(rate, 1, samples);
            assert!(
                features.level_dbfs.is_finite() && features.onsets_per_second.is_finite(),
                "{features:?}"
            );
        }
    }
}

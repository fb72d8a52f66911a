//! Sounds from a formula: the same samples on every machine and in every run.
//!
//! Only additions, multiplications and square roots are used, which IEEE 754 defines to the last
//! bit; `f64::sin` may differ between platforms.

/// Makes `seconds` of silence at `rate` samples a second.
#[must_use]
pub fn silence(rate: u32, seconds: f64) -> Vec<f64> {
    vec![0.0; length(rate, seconds)]
}

/// Makes a sine of `hertz` with the given peak amplitude.
///
/// # Examples
///
/// ```
/// let tone = gardefou_examples::signal::tone(8000, 0.5, 1000.0, 0.25);
/// assert_eq!(tone.len(), 4000);
/// assert!(tone.iter().all(|sample| sample.abs() <= 0.25001));
/// ```
#[must_use]
pub fn tone(rate: u32, seconds: f64, hertz: f64, peak: f64) -> Vec<f64> {
    // The sine by rotating a vector: each step turns it by one sample's angle.
    let (step_sin, step_cos) = sin_cos(std::f64::consts::TAU * hertz / f64::from(rate));
    let (mut sin, mut cos) = (0.0, 1.0);
    let mut samples = Vec::with_capacity(length(rate, seconds));
    for _ in 0..length(rate, seconds) {
        samples.push(peak * sin);
        (sin, cos) = (
            sin * step_cos + cos * step_sin,
            cos * step_cos - sin * step_sin,
        );
        let norm = (sin * sin + cos * cos).sqrt();
        (sin, cos) = (sin / norm, cos / norm);
    }
    samples
}

/// Makes a chord: the mean of several tones.
#[must_use]
pub fn chord(rate: u32, seconds: f64, hertz: &[f64], peak: f64) -> Vec<f64> {
    let voices = hertz
        .iter()
        .map(|&each| tone(rate, seconds, each, peak / hertz.len() as f64));
    voices
        .reduce(|sum, voice| mix(&sum, &voice))
        .unwrap_or_else(|| silence(rate, seconds))
}

/// Makes white noise, evenly spread between plus and minus `peak`; equal seeds give equal noise.
#[must_use]
pub fn noise(rate: u32, seconds: f64, peak: f64, seed: u64) -> Vec<f64> {
    let mut random = Random::seeded(seed);
    (0..length(rate, seconds))
        .map(|_| peak * (2.0 * random.fraction() - 1.0))
        .collect()
}

/// Makes something like speech: about four syllables a second, each a voiced vowel of gliding pitch
/// that ends in a hiss, with pauses between them.
#[must_use]
pub fn speech(rate: u32, seconds: f64, peak: f64) -> Vec<f64> {
    let pitches = [120.0, 140.0, 110.0, 160.0, 130.0];
    let mut samples = Vec::new();
    for (count, pitch) in pitches.iter().cycle().enumerate() {
        if samples.len() >= length(rate, seconds) {
            break;
        }
        let vowel = chord(rate, 0.12, &[*pitch, pitch * 4.0, pitch * 9.0], peak);
        let hiss = noise(rate, 0.04, peak * 0.3, count as u64);
        samples.extend(faded(&vowel).chain(faded(&hiss)));
        samples.extend(noise(rate, 0.09, peak * 0.002, count as u64));
    }
    samples.truncate(length(rate, seconds));
    samples
}

/// Adds two signals, sample by sample.
#[must_use]
pub fn mix(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Weaves channels of equal length into frames: left, right, left, right.
#[must_use]
pub fn interleave(channels: &[&[f64]]) -> Vec<f64> {
    let frames = channels
        .iter()
        .map(|channel| channel.len())
        .min()
        .unwrap_or(0);
    (0..frames)
        .flat_map(|frame| channels.iter().map(move |channel| channel[frame]))
        .collect()
}

/// A small generator of random numbers (SplitMix64) for signals and for tests that must repeat.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence that belongs to `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws the next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Draws a number below `end`, or zero where `end` is zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % (end.max(1) as u64)) as usize
    }

    /// Draws a fraction in `[0, 1)`.
    pub fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn length(rate: u32, seconds: f64) -> usize {
    (f64::from(rate) * seconds) as usize
}

/// Rises and falls over the first and last fifth, as a syllable does.
fn faded(samples: &[f64]) -> impl Iterator<Item = f64> {
    let edge = (samples.len() as f64 / 5.0).max(1.0);
    let last = samples.len().saturating_sub(1);
    samples
        .iter()
        .enumerate()
        .map(move |(at, sample)| sample * (at.min(last - at) as f64 / edge).min(1.0))
}

/// Sine and cosine by their series: the angle is halved until the series is exact, then doubled
/// back.
fn sin_cos(angle: f64) -> (f64, f64) {
    let small = angle / 1024.0;
    let square = small * small;
    let mut sin = small * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)));
    let mut cos = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0));
    for _ in 0..10 {
        (sin, cos) = (2.0 * sin * cos, cos * cos - sin * sin);
    }
    (sin, cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tone_is_the_exact_sine() {
        let samples = tone(44_100, 1.0, 440.0, 1.0);
        for (at, sample) in samples.iter().enumerate() {
            let exact = (std::f64::consts::TAU * 440.0 * at as f64 / 44_100.0).sin();
            assert!(
                (sample - exact).abs() < 1e-6,
                "sample {at}: {sample} is not {exact}"
            );
        }
    }

    #[test]
    fn channels_are_interleaved_frame_by_frame() {
        assert_eq!(
            interleave(&[&[1.0, 2.0], &[3.0, 4.0]]),
            [1.0, 3.0, 2.0, 4.0]
        );
        assert!(interleave(&[]).is_empty());
    }
}

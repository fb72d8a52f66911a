//! A meter of loudness and zero crossings, window by window.

use super::Features;

/// What one window of about 20 ms measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// The mean square of all channels, without their constant offset.
    pub(crate) energy: f32,
    /// How often the mix of the channels crossed zero.
    pub(crate) crossings: u32,
}

/// Measures frames as they come; a recording of any length takes eight bytes a window.
#[derive(Debug)]
pub(crate) struct Meter {
    rate: u32,
    window_frames: usize,
    windows: Vec<Window>,
    frames: u64,
    /// Sum and sum of squares of each channel in this window.
    sums: Vec<(f64, f64)>,
    /// Frames in this window so far.
    filled: usize,
    crossings: u32,
    /// The mix of the channels one frame ago.
    last_mix: Option<f64>,
    /// The mix without its constant offset.
    height: f64,
    /// How much of `height` is left after one frame.
    decay: f64,
    /// On which side of zero the mix was last.
    positive: bool,
}

/// Louder than any sample that makes sense: floats beyond full scale are kept, absurd ones are
/// capped.
const LOUDEST: f64 = 16.0;
/// What is slower than this is an offset and no sound.
const LOWEST_HERTZ: f64 = 10.0;
/// Nearer to zero than this (-66 dBFS) a sample is on no side of it, so that hiss in pauses does
/// not count.
const NO_SIDE: f64 = 0.0005;

impl Meter {
    pub(crate) fn new(rate: u32, channels: u16) -> Self {
        // 20 ms, but enough samples to count crossings, and at the highest rates still several
        // windows a second.
        let window_frames = (rate as usize / 50).clamp(160, 8_192);
        Self {
            rate,
            window_frames,
            windows: Vec::new(),
            frames: 0,
            sums: vec![(0.0, 0.0); usize::from(channels)],
            filled: 0,
            crossings: 0,
            last_mix: None,
            height: 0.0,
            decay: 1.0 / (1.0 + std::f64::consts::TAU * LOWEST_HERTZ / f64::from(rate.max(1))),
            positive: false,
        }
    }

    /// Takes in whole frames, one after the other.
    pub(crate) fn take(&mut self, frames: &[f64]) {
        for frame in frames.chunks_exact(self.sums.len().max(1)) {
            self.push(frame);
        }
    }

    /// Takes in one sample of each channel.
    pub(crate) fn push(&mut self, frame: &[f64]) {
        let mut mix = 0.0;
        for (channel, (sample, sums)) in frame.iter().zip(&mut self.sums).enumerate() {
            let sample = sample.clamp(-LOUDEST, LOUDEST);
            sums.0 += sample;
            sums.1 += sample * sample;
            // Weights that fall keep two channels of opposite sign from cancelling out.
            mix += sample / (channel + 1) as f64;
        }
        self.height = self.decay * (self.height + mix - self.last_mix.replace(mix).unwrap_or(mix));
        if self.height.abs() > NO_SIDE && (self.height > 0.0) != self.positive {
            self.positive = !self.positive;
            self.crossings += 1;
        }
        self.frames += 1;
        self.filled += 1;
        if self.filled == self.window_frames {
            self.close_window();
        }
    }

    /// Sums up what was measured.
    pub(crate) fn finish(mut self) -> Features {
        // What is left over counts where it is a fair part of a window, or all there is.
        if self.filled * 2 >= self.window_frames || self.windows.is_empty() {
            self.close_window();
        }
        Features::of(
            &self.windows,
            self.window_frames as f64 / f64::from(self.rate),
            self.seconds(),
        )
    }

    fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate)
    }

    fn close_window(&mut self) {
        let frames = self.filled.max(1) as f64;
        let variance =
            |&(sum, squares): &(f64, f64)| (squares / frames - (sum / frames).powi(2)).max(0.0);
        let energy = self.sums.iter().map(variance).sum::<f64>() / self.sums.len().max(1) as f64;
        self.sums.fill((0.0, 0.0));
        self.windows.push(Window {
            energy: energy as f32,
            crossings: std::mem::take(&mut self.crossings),
        });
        self.filled = 0;
    }
}

//! Features: the measurements of a whole recording, summed up.

use super::meter::Window;

/// The numbers by which a recording is classified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Features {
    pub(crate) seconds: f64,
    /// Root mean square of the whole recording, without the constant offset of each window of 20
    /// ms; 0 is full scale, -120 stands for everything quieter. An offset or a rumble adds nothing,
    /// so this may be less than a meter shows.
    pub(crate) level_dbfs: f64,
    /// Share of windows at least 12 dB quieter than the whole.
    pub(crate) pauses: f64,
    /// How often a second sound begins after a pause.
    pub(crate) onsets_per_second: f64,
    /// Zero crossings a second in the middle one of the windows with sound.
    pub(crate) crossings_per_second: f64,
    /// How much the crossings of neighbouring windows with sound differ: the mean difference
    /// without the largest fifth (where notes change), less the half that counting in whole numbers
    /// makes, in units of the square root of the count. Chance has a jitter of about 0.5 whatever
    /// the rate.
    pub(crate) crossing_jitter: f64,
    /// How much the loudness of the windows with sound varies: the standard deviation in dB.
    pub(crate) unsteadiness_db: f64,
}

/// 12 dB as a ratio of energies.
const PAUSE: f64 = 0.063;

impl Features {
    pub(crate) fn of(windows: &[Window], window_seconds: f64, seconds: f64) -> Self {
        let count = windows.len().max(1) as f64;
        let energy = windows
            .iter()
            .map(|window| f64::from(window.energy))
            .sum::<f64>()
            / count;
        let pausing = |window: &Window| f64::from(window.energy) < energy * PAUSE;
        let sounding = |pair: &&[Window]| !pausing(&pair[0]) && !pausing(&pair[1]);

        let pauses = windows.iter().filter(|window| pausing(window)).count() as f64 / count;
        let onsets = windows
            .windows(2)
            .filter(|pair| pausing(&pair[0]) && !pausing(&pair[1]))
            .count() as f64;
        let loud = || windows.iter().filter(|window| !pausing(window));
        let crossings = f64::from(median(loud().map(|window| window.crossings).collect()));
        let steps = windows
            .windows(2)
            .filter(sounding)
            .map(|pair| pair[0].crossings.abs_diff(pair[1].crossings));
        let step = (mean_without_largest_fifth(steps.collect()) - 0.5).max(0.0);
        Self {
            seconds,
            level_dbfs: decibels(energy),
            pauses,
            onsets_per_second: onsets / seconds,
            crossings_per_second: crossings / window_seconds,
            crossing_jitter: step / crossings.max(1.0).sqrt(),
            unsteadiness_db: deviation(loud().map(|window| decibels(f64::from(window.energy)))),
        }
    }
}

fn decibels(energy: f64) -> f64 {
    (10.0 * energy.log10()).max(-120.0)
}

fn median(mut numbers: Vec<u32>) -> u32 {
    let middle = numbers.len() / 2;
    if numbers.is_empty() {
        0
    } else {
        *numbers.select_nth_unstable(middle).1
    }
}

fn mean_without_largest_fifth(mut numbers: Vec<u32>) -> f64 {
    numbers.sort_unstable();
    numbers.truncate(numbers.len() - numbers.len() / 5);
    mean(numbers.into_iter().map(f64::from))
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0_u64), |(sum, count), number| {
        (sum + number, count + 1)
    });
    sum / count.max(1) as f64
}

fn deviation(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let middle = mean(numbers.clone());
    mean(numbers.map(|number| (number - middle).powi(2))).sqrt()
}

//! The four classes and the rules that separate them.

use super::Features;
use std::fmt;

/// What a recording sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Silence,
    SpeechLike,
    MusicLike,
    Noise,
}

/// Quieter on the whole than this is silence; a quiet room recorded at a sensible gain lies at
/// about -60.
const SILENCE_DBFS: f64 = -60.0;
/// Speech pauses in at least this share of the windows; music held together by its reverberation
/// rarely does.
const LEAST_PAUSES: f64 = 0.1;
/// More than this share of pauses is no speech but a few sounds in a silence.
const MOST_PAUSES: f64 = 0.8;
/// How often a second speech starts anew: slow speakers start phrases, quick ones up to eight
/// syllables.
const SYLLABLES: std::ops::RangeInclusive<f64> = 0.8..=16.0;
/// Voices cross zero less often than this; hiss that comes in bursts does so more often.
const MOST_CROSSINGS_OF_SPEECH: f64 = 6_000.0;
/// White noise has a jitter of about 0.5 at every sample rate, steady tones have one close to 0,
/// rich chords one of up to 0.26.
const LEAST_JITTER_OF_NOISE: f64 = 0.3;
/// Rain, wind and fans are steady; music with as much jitter moves in loudness too.
const MOST_UNSTEADINESS_OF_NOISE: f64 = 3.0;

impl Class {
    pub(crate) const ALL: [Self; 4] = [
        Self::Silence,
        Self::SpeechLike,
        Self::MusicLike,
        Self::Noise,
    ];

    /// Applies the rules in this order: silence, speech, noise, and music for the rest.
    pub(crate) fn of(features: &Features) -> Self {
        if features.level_dbfs < SILENCE_DBFS {
            return Self::Silence;
        }
        let pausing = (LEAST_PAUSES..=MOST_PAUSES).contains(&features.pauses);
        let syllabic = SYLLABLES.contains(&features.onsets_per_second);
        if pausing && syllabic && features.crossings_per_second < MOST_CROSSINGS_OF_SPEECH {
            return Self::SpeechLike;
        }
        let random = features.crossing_jitter >= LEAST_JITTER_OF_NOISE;
        if random && features.unsteadiness_db <= MOST_UNSTEADINESS_OF_NOISE {
            Self::Noise
        } else {
            Self::MusicLike
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::SpeechLike => "speech-like",
            Self::MusicLike => "music-like",
            Self::Noise => "noise",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! The program's own error codes, beside the standard ones, and its exit statuses.

gardefou::error_codes! {
    /// A sound file, but in an encoding that is not read.
    pub(crate) UNSUPPORTED_ENCODING_ERROR = 213, http = 415, class = Permanent;
}

/// Every recording was classified, stored and delivered, or exactly the expected ones were
/// isolated.
pub(crate) const ALL_WELL: u8 = 0;
/// The work was done, but not all went well; the report lists what did not.
pub(crate) const NOT_ALL_WELL: u8 = 1;
/// The work could not begin.
pub(crate) const NOT_STARTED: u8 = 2;

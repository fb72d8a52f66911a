//! Texts for terminals, and forms for other programs.

pub(crate) mod chart;
pub(crate) mod csv;
pub(crate) mod details;
pub(crate) mod json;
pub(crate) mod rows;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod text;

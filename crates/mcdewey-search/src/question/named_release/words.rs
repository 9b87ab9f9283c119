//! Words that stand before or between the releases of a question.

/// Words before a version that say what runs it.
pub(super) const PREPOSITIONS: &str = "in on for of with using running at to into within via";
/// Words between two versions that are both asked about.
pub(super) const CONJUNCTIONS: &str = "and or to vs vs. versus with against through & - -> – , /";

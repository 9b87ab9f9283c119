//! [`Precision`]: the number format of a model's matrix products.

use std::fmt;
use std::str::FromStr;

/// The number format in which a model's matrix products are computed. Vectors of different
/// precisions are not mixed: the precision is part of the model's fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32-bit floating point, as the weights are stored.
    Fp32,
    /// 8-bit integers: about twice as fast, with vectors whose cosine with those of fp32 is about
    /// 0.999.
    #[default]
    Int8,
}

impl Precision {
    /// All precisions.
    pub const ALL: [Self; 2] = [Self::Fp32, Self::Int8];

    /// The name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|precision| precision.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a precision; use fp32 or int8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_others_are_listed() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }

        let error = "int4".parse::<Precision>().unwrap_err();
        assert!(error.contains("fp32 or int8"), "{error}");
    }
}

//! How the shard stores embedding vectors: the settings, and what they mean to the engine.
//!
//! Encoded vectors only choose candidates. The candidates are scored with the original vectors, so
//! the score of a hit does not depend on the encoding, and the originals are always kept.

use std::fmt;
use std::str::FromStr;

use qdrant_edge::{
    BinaryQuantizationConfig, Distance, EdgeVectorParams, QuantizationConfig,
    QuantizationSearchParams, ScalarQuantizationConfig, ScalarType, SearchParams,
};

/// How a library in a directory stores vectors. A change needs no vector to be computed again: the
/// next optimisation rewrites the shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VectorStorage {
    /// The form in which a search compares vectors.
    pub encoding: VectorEncoding,
    /// Whether the original vectors stay on disk and are read when they are needed. Encoded ones
    /// are always in memory.
    pub on_disk: bool,
}

/// The form in which a search compares vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VectorEncoding {
    /// As they are, four bytes per number.
    #[default]
    Float,
    /// One byte per number.
    Int8,
    /// One bit per number.
    Binary,
}

impl VectorEncoding {
    /// All encodings.
    pub const ALL: [Self; 3] = [Self::Float, Self::Int8, Self::Binary];

    /// The name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Binary => "binary",
        }
    }

    /// How many times more candidates are taken by their encoded vectors than are kept after they
    /// were scored with the original ones.
    fn oversampling(self) -> f64 {
        match self {
            Self::Float | Self::Int8 => 1.0,
            Self::Binary => 4.0,
        }
    }

    fn quantization(self) -> Option<QuantizationConfig> {
        match self {
            Self::Float => None,
            Self::Int8 => Some(
                ScalarQuantizationConfig {
                    r#type: ScalarType::Int8,
                    quantile: Some(QUANTILE),
                    always_ram: Some(true),
                }
                .into(),
            ),
            Self::Binary => Some(
                BinaryQuantizationConfig {
                    always_ram: Some(true),
                    encoding: None,
                    query_encoding: None,
                }
                .into(),
            ),
        }
    }
}

/// The share of numbers that one byte represents in proportion; larger ones are cut off.
const QUANTILE: f32 = 0.99;

impl VectorStorage {
    /// The parameters of the vectors of a shard.
    pub(super) fn params(self, dimensions: usize) -> EdgeVectorParams {
        EdgeVectorParams {
            on_disk: Some(self.on_disk),
            quantization_config: self.encoding.quantization(),
            ..EdgeVectorParams::builder(dimensions, Distance::Cosine).build()
        }
    }

    /// The parameters of a search by vector.
    pub(super) fn search_params(self, exact: bool) -> SearchParams {
        let quantization = QuantizationSearchParams {
            ignore: false,
            rescore: Some(true),
            oversampling: Some(self.encoding.oversampling()),
        };

        SearchParams {
            exact,
            quantization: (self.encoding != VectorEncoding::Float).then_some(quantization),
            ..SearchParams::default()
        }
    }
}

impl fmt::Display for VectorEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for VectorEncoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == text)
            .ok_or_else(|| format!("unknown vectors {text:?}; known: float, int8, binary"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_found_by_its_name() {
        for encoding in VectorEncoding::ALL {
            assert_eq!(encoding.to_string().parse(), Ok(encoding));
        }

        let error = "int4".parse::<VectorEncoding>().unwrap_err();
        assert!(
            error.contains("int4") && error.contains("binary"),
            "{error}"
        );
    }
}

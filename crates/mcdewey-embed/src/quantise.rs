//! Quantises a weight matrix to 8 bits: each output has its own scale and zero point.
//!
//! The same numbers are written as signed or as unsigned integers, whichever the processor
//! multiplies exactly, so the products are the same on every processor.

/// How quantised weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WeightType {
    /// For processors that add products of 8-bit integers to 32 bits.
    Signed,
    /// For x86 processors without VNNI, where sums of products of unsigned activations and signed
    /// weights would saturate at 16 bits: the cosine with the right vector fell to 0.77 on an
    /// emulated Haswell. The runtime widens unsigned weights first, which is exact.
    Unsigned,
}

impl WeightType {
    /// The type that this processor multiplies exactly.
    pub(crate) fn of_this_processor() -> Self {
        #[cfg(target_arch = "x86_64")]
        if !is_x86_feature_detected!("avx512vnni") && !is_x86_feature_detected!("avxvnni") {
            return Self::Unsigned;
        }

        Self::Signed
    }

    /// Returns the byte that stores a number of 0 to 255.
    fn byte(self, number: u8) -> u8 {
        match self {
            // Subtracts 128: in two's complement, only the highest bit changes.
            Self::Signed => number ^ 0x80,
            Self::Unsigned => number,
        }
    }
}

/// A quantised matrix with a row per input and a column per output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuantisedMatrix {
    /// Row by row.
    pub(crate) values: Vec<u8>,
    /// One per output.
    pub(crate) scales: Vec<f32>,
    /// One per output.
    pub(crate) zero_points: Vec<u8>,
}

/// Quantises `weights`, which has a row per output, after multiplying the weights of each input
/// with its factor. Each output's range includes zero.
pub(crate) fn quantise(
    weights: &[f32],
    factors: Option<&[f32]>,
    [outputs, inputs]: [usize; 2],
    weight_type: WeightType,
) -> QuantisedMatrix {
    let mut matrix = QuantisedMatrix {
        values: vec![0; outputs * inputs],
        scales: Vec::with_capacity(outputs),
        zero_points: Vec::with_capacity(outputs),
    };

    for (output, row) in weights.chunks_exact(inputs).enumerate() {
        let row: Vec<f32> = match factors {
            Some(factors) => row.iter().zip(factors).map(|(w, f)| w * f).collect(),
            None => row.to_vec(),
        };

        let low = row.iter().copied().fold(0.0, f32::min);
        let high = row.iter().copied().fold(0.0, f32::max);
        let scale = match (high - low) / 255.0 {
            0.0 => 1.0,
            scale => scale,
        };
        let zero_point = (-low / scale).round();

        for (input, weight) in row.iter().enumerate() {
            // The cast saturates, so rounding cannot leave the range.
            let number = ((weight / scale).round() + zero_point) as u8;
            matrix.values[input * outputs + output] = weight_type.byte(number);
        }

        matrix.scales.push(scale);
        matrix.zero_points.push(weight_type.byte(zero_point as u8));
    }

    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three outputs of two inputs: a mixed row, a positive one and zeros.
    const WEIGHTS: [f32; 6] = [-1.0, 1.55, 0.5, 2.55, 0.0, 0.0];

    fn dequantise(matrix: &QuantisedMatrix, weight_type: WeightType) -> Vec<f32> {
        let number = |byte: u8| f32::from(weight_type.byte(byte));
        let outputs = matrix.scales.len();
        matrix
            .values
            .iter()
            .enumerate()
            .map(|(position, &value)| {
                let output = position % outputs;
                (number(value) - number(matrix.zero_points[output])) * matrix.scales[output]
            })
            .collect()
    }

    #[test]
    fn weights_are_transposed_and_kept_to_half_a_step() {
        for weight_type in [WeightType::Signed, WeightType::Unsigned] {
            let matrix = quantise(&WEIGHTS, None, [3, 2], weight_type);
            let restored = dequantise(&matrix, weight_type);
            let expected = [-1.0, 0.5, 0.0, 1.55, 2.55, 0.0];
            for (restored, expected) in restored.into_iter().zip(expected) {
                assert!(
                    (restored - expected).abs() <= 0.005,
                    "{restored} {expected}"
                );
            }
        }
    }

    #[test]
    fn both_types_store_the_same_numbers() {
        let signed = quantise(&WEIGHTS, None, [3, 2], WeightType::Signed);
        let unsigned = quantise(&WEIGHTS, None, [3, 2], WeightType::Unsigned);

        let shifted: Vec<u8> = signed.values.iter().map(|&byte| byte ^ 0x80).collect();
        assert_eq!(shifted, unsigned.values);
        assert_eq!(signed.scales, unsigned.scales);
        assert_eq!(unsigned.zero_points, [100, 0, 0]);
        assert_eq!(signed.zero_points, [228, 128, 128]);
    }

    #[test]
    fn factors_multiply_the_weights_of_an_input() {
        let matrix = quantise(&WEIGHTS, Some(&[2.0, 1.0]), [3, 2], WeightType::Unsigned);
        let restored = dequantise(&matrix, WeightType::Unsigned);
        assert!((restored[0] + 2.0).abs() < 0.01 && (restored[1] - 1.0).abs() < 0.01);
    }
}

//! The 8-bit products of a graph.
//!
//! The runtime quantises the activations of a product as a whole, with one scale. Channels are
//! divided beforehand by what the [calibration](crate::calibration) found, and their weights
//! multiplied with it, which leaves the product unchanged.

use super::GraphWriter;
use super::parts::{float_bytes, inline_tensor, int_attribute, int64_bytes};
use crate::calibration::LayerScaling;
use crate::folder::FolderError;
use crate::onnx::{FLOAT, INT8, INT64, UINT8};
use crate::quantise::{WeightType, quantise};

/// The row of the first token, for `Gather`.
const FIRST_ROW: &str = "first_row";
/// Text and row of the first token, for `ScatterND`.
const FIRST_POSITION: &str = "first_position";

/// How all products of a graph are quantised.
#[derive(Debug, Clone)]
pub(crate) struct Int8Products {
    pub(crate) weight_type: WeightType,
    /// One per layer.
    pub(crate) layers: Vec<LayerScaling>,
}

impl Int8Products {
    pub(super) fn attention_divisors(&self, layer: usize) -> &[f32] {
        &self.layers[layer].attention
    }

    pub(super) fn feed_forward_divisors(&self, layer: usize) -> &[f32] {
        &self.layers[layer].feed_forward
    }
}

impl GraphWriter<'_> {
    /// Adds the division of a tensor's channels; returns its name unchanged without divisors.
    pub(super) fn add_scaled(
        &mut self,
        prefix: &str,
        input: &str,
        divisors: Option<&[f32]>,
    ) -> String {
        let Some(divisors) = divisors else {
            return input.to_owned();
        };

        let factors: Vec<f32> = divisors.iter().map(|divisor| 1.0 / divisor).collect();
        let name = format!("{prefix}.factors");
        self.add_floats(&name, &[factors.len()], &factors);

        let output = format!("{prefix}.scaled");
        self.add_standard_node("Mul", &[input, &name], &output, vec![]);
        output
    }

    /// Adds the second product of a feed-forward block. In int8, the first token is scaled down for
    /// it and up again if its activations are much larger than those of others.
    pub(super) fn add_narrow_product(
        &mut self,
        layer: usize,
        active: &str,
        shape: [usize; 2],
    ) -> Result<String, FolderError> {
        let prefix = format!("encoder.layer.{layer}.output.dense");
        let divisor = self.int8.map_or(1.0, |int8| int8.layers[layer].first_token);
        if divisor <= 1.0 {
            return self.add_product(&prefix, active, shape, None);
        }

        let input = self.add_scaled_first_row(active, 1.0 / divisor);
        let product = self.add_product(&prefix, &input, shape, None)?;
        Ok(self.add_scaled_first_row(&product, divisor))
    }

    fn add_scaled_first_row(&mut self, tensor: &str, factor: f32) -> String {
        self.add_first_row_indices();
        let name = |suffix: &str| format!("{tensor}.{suffix}");
        self.add_floats(&name("first_row_factor"), &[], &[factor]);

        let (row, scaled, output) = (
            name("first_row"),
            name("first_row_scaled"),
            name("with_first_row_scaled"),
        );
        self.add_standard_node(
            "Gather",
            &[tensor, FIRST_ROW],
            &row,
            vec![int_attribute("axis", 1)],
        );
        self.add_standard_node("Mul", &[&row, &name("first_row_factor")], &scaled, vec![]);
        self.add_standard_node(
            "ScatterND",
            &[tensor, FIRST_POSITION, &scaled],
            &output,
            vec![],
        );
        output
    }

    fn add_first_row_indices(&mut self) {
        let initializers = &mut self.graph.initializer;
        if initializers.iter().any(|tensor| tensor.name == FIRST_ROW) {
            return;
        }

        initializers.push(inline_tensor(FIRST_ROW, INT64, &[1], int64_bytes(&[0])));
        initializers.push(inline_tensor(
            FIRST_POSITION,
            INT64,
            &[1, 1, 2],
            int64_bytes(&[0, 0]),
        ));
    }

    /// Adds the quantised weights of a product, with inputs multiplied by their factors; returns the
    /// names of the matrix, its scales and its zero points.
    pub(super) fn add_quantised_weights(
        &mut self,
        prefix: &str,
        shape: [usize; 2],
        factors: Option<&[f32]>,
        weight_type: WeightType,
    ) -> Result<[String; 3], FolderError> {
        let weights = self
            .weights
            .read_floats(&format!("{prefix}.weight"), &shape)?;
        let matrix = quantise(&weights, factors, shape, weight_type);
        let [outputs, inputs] = shape;
        let data_type = match weight_type {
            WeightType::Signed => INT8,
            WeightType::Unsigned => UINT8,
        };

        let names = ["quantised", "scales", "zero_points"].map(|part| format!("{prefix}.{part}"));
        let [values, scales, zero_points] = &names;
        let initializers = &mut self.graph.initializer;
        initializers.push(inline_tensor(
            values,
            data_type,
            &[inputs, outputs],
            matrix.values,
        ));
        initializers.push(inline_tensor(
            zero_points,
            data_type,
            &[outputs],
            matrix.zero_points,
        ));
        self.add_floats(scales, &[outputs], &matrix.scales);

        Ok(names)
    }

    fn add_floats(&mut self, name: &str, dims: &[usize], numbers: &[f32]) {
        self.graph
            .initializer
            .push(inline_tensor(name, FLOAT, dims, float_bytes(numbers)));
    }
}

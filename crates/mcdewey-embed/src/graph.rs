//! Writes the ONNX graph of a BERT encoder, built from ONNX Runtime's fused operators.
//!
//! The graph references the weights in the safetensors file, whose matrices are used as they are
//! stored (rows are outputs, hence `transB`); those of 8-bit products are part of it. It encodes one
//! text at a time, so there is no padding to mask. Pooling and normalisation of the sentence vector
//! are not part of it.

use prost::Message;

use crate::folder::{BertConfig, BertFolder, FolderError};
use crate::onnx::{Attribute, FLOAT, Graph, INT32, INT64, IR_VERSION, Model, Node, OperatorSet};
use crate::tensors::WeightsFile;

mod int8;
mod parts;

pub(crate) use int8::Int8Products;
use parts::{
    dynamic_dimension, external_tensor, fixed_dimension, float_attribute, inline_tensor,
    int_attribute, node, value_info,
};

/// Part of the model's fingerprint. Raise it when the graph computes anything differently.
pub(crate) const GRAPH_VERSION: u32 = 1;
/// Part of the fingerprint of int8, with [`GRAPH_VERSION`]. Raise it when only 8-bit products
/// change.
pub(crate) const INT8_VERSION: u32 = 1;

const OPERATOR_SET: i64 = 17;
/// The domain of ONNX Runtime's own operators.
const FUSED: &str = "com.microsoft";

/// Returns the graph of a folder's model as an ONNX file without its fp32 weights. `int8` says how
/// its products are quantised; `None` leaves them in fp32.
pub(crate) fn write(
    folder: &BertFolder,
    weights: &WeightsFile,
    int8: Option<&Int8Products>,
) -> Result<Vec<u8>, FolderError> {
    let mut writer = GraphWriter {
        config: &folder.config,
        weights,
        int8,
        graph: Graph::default(),
    };

    writer.write_encoder()?;

    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "mcdewey".to_owned(),
        graph: Some(writer.graph),
        opset_import: vec![operator_set("", OPERATOR_SET), operator_set(FUSED, 1)],
    };

    Ok(model.encode_to_vec())
}

fn operator_set(domain: &str, version: i64) -> OperatorSet {
    OperatorSet {
        domain: domain.to_owned(),
        version,
    }
}

/// Builds a graph node by node. Methods that add a node return the name of its output.
struct GraphWriter<'a> {
    config: &'a BertConfig,
    weights: &'a WeightsFile,
    /// `None` in fp32.
    int8: Option<&'a Int8Products>,
    graph: Graph,
}

impl GraphWriter<'_> {
    fn write_encoder(&mut self) -> Result<(), FolderError> {
        self.graph.name = "bert".to_owned();
        // The mask is an input because callers pass one, and has no effect: there is no padding.
        for input in ["input_ids", "attention_mask", "token_type_ids"] {
            let shape = vec![fixed_dimension(1), dynamic_dimension("sequence")];
            self.graph.input.push(value_info(input, INT64, shape));
        }
        self.add_cast_to_int32("input_ids");
        self.add_cast_to_int32("token_type_ids");

        let mut hidden = self.add_embeddings()?;
        for layer in 0..self.config.num_hidden_layers {
            let attended = self.add_attention(layer, &hidden)?;
            hidden = self.add_feed_forward(layer, &attended)?;
        }

        self.add_standard_node("Identity", &[&hidden], "last_hidden_state", vec![]);

        let shape = vec![
            fixed_dimension(1),
            dynamic_dimension("sequence"),
            fixed_dimension(self.config.hidden_size),
        ];
        self.graph
            .output
            .push(value_info("last_hidden_state", FLOAT, shape));

        Ok(())
    }

    /// Adds a cast, because the fused operators take 32-bit integers and callers pass 64-bit ones.
    fn add_cast_to_int32(&mut self, input: &str) {
        self.add_standard_node(
            "Cast",
            &[input],
            &format!("{input}_32"),
            vec![int_attribute("to", INT32.into())],
        );
    }

    /// Adds word, position and type embeddings, summed and normalised.
    fn add_embeddings(&mut self) -> Result<String, FolderError> {
        let BertConfig {
            hidden_size,
            vocab_size,
            max_position_embeddings,
            type_vocab_size,
            ..
        } = *self.config;

        let words = self.add_weight(
            "embeddings.word_embeddings.weight",
            &[vocab_size, hidden_size],
        )?;

        let positions = self.add_weight(
            "embeddings.position_embeddings.weight",
            &[max_position_embeddings, hidden_size],
        )?;

        let types = self.add_weight(
            "embeddings.token_type_embeddings.weight",
            &[type_vocab_size, hidden_size],
        )?;

        let gamma = self.add_weight("embeddings.LayerNorm.weight", &[hidden_size])?;
        let beta = self.add_weight("embeddings.LayerNorm.bias", &[hidden_size])?;

        self.add_fused_node(
            "EmbedLayerNormalization",
            &[
                "input_ids_32",
                "token_type_ids_32",
                &words,
                &positions,
                &types,
                &gamma,
                &beta,
            ],
            &["embeddings", "mask_index"],
            vec![float_attribute("epsilon", self.config.layer_norm_eps)],
        );

        Ok("embeddings".to_owned())
    }

    fn add_attention(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let size = self.config.hidden_size;
        let prefix = format!("encoder.layer.{layer}.attention");
        let divisors = self.int8.map(|int8| int8.attention_divisors(layer));
        let input = self.add_scaled(&prefix, hidden, divisors);

        let mut product = |part: &str| {
            let prefix = format!("{prefix}.self.{part}");
            self.add_product(&prefix, &input, [size, size], divisors)
        };
        let (query, key, value) = (product("query")?, product("key")?, product("value")?);
        let bias = self.add_attention_bias(&prefix)?;
        let context = format!("{prefix}.context");

        self.add_fused_node(
            "MultiHeadAttention",
            &[&query, &key, &value, &bias],
            &[&context],
            vec![int_attribute(
                "num_heads",
                self.config.num_attention_heads as i64,
            )],
        );

        let dense = format!("{prefix}.output.dense");
        let output = self.add_product(&dense, &context, [size, size], None)?;
        self.add_residual_and_normalise(&format!("{prefix}.output"), &output, hidden)
    }

    /// Adds the biases of query, key and value as one tensor, as `MultiHeadAttention` requires.
    fn add_attention_bias(&mut self, prefix: &str) -> Result<String, FolderError> {
        let size = self.config.hidden_size;
        let mut bytes = Vec::with_capacity(3 * size * size_of::<f32>());
        for part in ["query", "key", "value"] {
            let location = self
                .weights
                .locate(&format!("{prefix}.self.{part}.bias"), &[size])?;
            bytes.extend(self.weights.read_tensor(&location)?);
        }

        let name = format!("{prefix}.self.bias");
        self.graph
            .initializer
            .push(inline_tensor(&name, FLOAT, &[3 * size], bytes));

        Ok(name)
    }

    fn add_feed_forward(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let BertConfig {
            hidden_size,
            intermediate_size,
            ..
        } = *self.config;

        let prefix = format!("encoder.layer.{layer}");
        let divisors = self.int8.map(|int8| int8.feed_forward_divisors(layer));
        let input = self.add_scaled(&prefix, hidden, divisors);
        let wide = self.add_product(
            &format!("{prefix}.intermediate.dense"),
            &input,
            [intermediate_size, hidden_size],
            divisors,
        )?;

        let bias = self.add_weight(
            &format!("{prefix}.intermediate.dense.bias"),
            &[intermediate_size],
        )?;
        let active = format!("{prefix}.intermediate.active");
        let gelu = match self.int8 {
            // Its approximation is far more exact than 8-bit products, and cheaper.
            Some(_) => "FastGelu",
            None => "BiasGelu",
        };
        self.add_fused_node(gelu, &[&wide, &bias], &[&active], vec![]);

        let shape = [hidden_size, intermediate_size];
        let narrow = self.add_narrow_product(layer, &active, shape)?;

        self.add_residual_and_normalise(&format!("{prefix}.output"), &narrow, hidden)
    }

    /// Adds the dense layer's bias and the residual to `value`, then normalises the sum.
    fn add_residual_and_normalise(
        &mut self,
        prefix: &str,
        value: &str,
        residual: &str,
    ) -> Result<String, FolderError> {
        let size = [self.config.hidden_size];
        let gamma = self.add_weight(&format!("{prefix}.LayerNorm.weight"), &size)?;
        let beta = self.add_weight(&format!("{prefix}.LayerNorm.bias"), &size)?;
        let bias = self.add_weight(&format!("{prefix}.dense.bias"), &size)?;
        let output = format!("{prefix}.normalised");

        self.add_fused_node(
            "SkipLayerNormalization",
            &[value, residual, &gamma, &beta, &bias],
            &[&output],
            vec![float_attribute("epsilon", self.config.layer_norm_eps)],
        );

        Ok(output)
    }

    /// Adds a product with a weight matrix. Its bias is left to the next fused operator. In int8,
    /// `divisors` are those that the channels of `input` were divided by.
    fn add_product(
        &mut self,
        prefix: &str,
        input: &str,
        shape: [usize; 2],
        divisors: Option<&[f32]>,
    ) -> Result<String, FolderError> {
        let output = format!("{prefix}.product");
        if let Some(int8) = self.int8 {
            let [values, scales, zero_points] =
                self.add_quantised_weights(prefix, shape, divisors, int8.weight_type)?;
            self.add_fused_node(
                "DynamicQuantizeMatMul",
                &[input, &values, &scales, &zero_points],
                &[&output],
                vec![],
            );
        } else {
            let weight = self.add_weight(&format!("{prefix}.weight"), &shape)?;
            self.add_fused_node(
                "FusedMatMul",
                &[input, &weight],
                &[&output],
                vec![int_attribute("transB", 1)],
            );
        }

        Ok(output)
    }

    /// Adds a reference to a tensor of the weights file, under its own name.
    fn add_weight(&mut self, name: &str, shape: &[usize]) -> Result<String, FolderError> {
        let location = self.weights.locate(name, shape)?;
        self.graph
            .initializer
            .push(external_tensor(name, &self.weights.file_name(), &location));

        Ok(name.to_owned())
    }

    /// Adds an operator of the ONNX standard.
    fn add_standard_node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<Attribute>,
    ) {
        self.graph
            .node
            .push(node(operator, inputs, &[output], attributes));
    }

    /// Adds one of ONNX Runtime's own operators.
    fn add_fused_node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<Attribute>,
    ) {
        let node = node(operator, inputs, outputs, attributes);
        self.graph.node.push(Node {
            domain: FUSED.to_owned(),
            ..node
        });
    }
}

#[cfg(test)]
mod tests;

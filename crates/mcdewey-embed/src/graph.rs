//! Writes the ONNX graph of a BERT encoder, built from ONNX Runtime's fused operators.
//!
//! The graph holds no weights but references the safetensors file, whose matrices are used as they
//! are stored (rows are outputs, hence `transB`). Pooling and normalisation of the sentence vector
//! are not part of it.

use prost::Message;

use crate::folder::{BertConfig, BertFolder, FolderError};
use crate::onnx::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, Dimension, EXTERNAL, FLOAT, Graph, INT32, INT64,
    IR_VERSION, Model, Node, OperatorSet, Shape, StringEntry, Tensor, TensorType, Type, ValueInfo,
};
use crate::tensors::{TensorLocation, WeightsFile};

/// Part of the model's fingerprint. Raise it when the graph computes anything differently.
pub(crate) const GRAPH_VERSION: u32 = 1;

const OPERATOR_SET: i64 = 17;
/// The domain of ONNX Runtime's own operators.
const FUSED: &str = "com.microsoft";

/// Returns the graph of a folder's model as an ONNX file without its weights.
pub(crate) fn write(folder: &BertFolder, weights: &WeightsFile) -> Result<Vec<u8>, FolderError> {
    let mut writer = GraphWriter {
        config: &folder.config,
        weights,
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
    graph: Graph,
}

impl GraphWriter<'_> {
    fn write_encoder(&mut self) -> Result<(), FolderError> {
        self.graph.name = "bert".to_owned();
        for input in ["input_ids", "attention_mask", "token_type_ids"] {
            let shape = vec![dynamic_dimension("batch"), dynamic_dimension("sequence")];
            self.graph.input.push(value_info(input, INT64, shape));
            self.add_cast_to_int32(input);
        }

        let mut hidden = self.add_embeddings()?;
        for layer in 0..self.config.num_hidden_layers {
            let attended = self.add_attention(layer, &hidden)?;
            hidden = self.add_feed_forward(layer, &attended)?;
        }

        self.add_standard_node("Identity", &hidden, "last_hidden_state", vec![]);

        let shape = vec![
            dynamic_dimension("batch"),
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
            input,
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
                "attention_mask_32",
            ],
            &["embeddings", "mask_index"],
            vec![float_attribute("epsilon", self.config.layer_norm_eps)],
        );

        Ok("embeddings".to_owned())
    }

    fn add_attention(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let size = self.config.hidden_size;
        let prefix = format!("encoder.layer.{layer}.attention");
        let query = self.add_linear(&format!("{prefix}.self.query"), hidden, [size, size])?;
        let key = self.add_linear(&format!("{prefix}.self.key"), hidden, [size, size])?;
        let value = self.add_linear(&format!("{prefix}.self.value"), hidden, [size, size])?;
        let bias = self.add_attention_bias(&prefix)?;
        let context = format!("{prefix}.context");

        self.add_fused_node(
            "MultiHeadAttention",
            &[&query, &key, &value, &bias, "mask_index"],
            &[&context],
            vec![int_attribute(
                "num_heads",
                self.config.num_attention_heads as i64,
            )],
        );

        let output = self.add_linear(&format!("{prefix}.output.dense"), &context, [size, size])?;
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
        self.graph.initializer.push(Tensor {
            dims: vec![3 * size as i64],
            data_type: FLOAT,
            name: name.clone(),
            raw_data: Some(bytes),
            ..Tensor::default()
        });

        Ok(name)
    }

    fn add_feed_forward(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let BertConfig {
            hidden_size,
            intermediate_size,
            ..
        } = *self.config;

        let prefix = format!("encoder.layer.{layer}");
        let wide = self.add_linear(
            &format!("{prefix}.intermediate.dense"),
            hidden,
            [intermediate_size, hidden_size],
        )?;

        let bias = self.add_weight(
            &format!("{prefix}.intermediate.dense.bias"),
            &[intermediate_size],
        )?;
        let active = format!("{prefix}.intermediate.active");
        self.add_fused_node("BiasGelu", &[&wide, &bias], &[&active], vec![]);

        let narrow = self.add_linear(
            &format!("{prefix}.output.dense"),
            &active,
            [hidden_size, intermediate_size],
        )?;

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

    /// Adds a product with a weight matrix. Its bias is left to the next fused operator.
    fn add_linear(
        &mut self,
        prefix: &str,
        input: &str,
        shape: [usize; 2],
    ) -> Result<String, FolderError> {
        let weight = self.add_weight(&format!("{prefix}.weight"), &shape)?;
        let output = format!("{prefix}.product");
        self.add_fused_node(
            "FusedMatMul",
            &[input, &weight],
            &[&output],
            vec![int_attribute("transB", 1)],
        );

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
        input: &str,
        output: &str,
        attributes: Vec<Attribute>,
    ) {
        self.graph
            .node
            .push(node(operator, &[input], &[output], attributes));
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

fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<Attribute>) -> Node {
    Node {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: outputs.iter().map(|&name| name.to_owned()).collect(),
        // Output names are unique, so the first one identifies the node in the runtime's messages.
        name: format!("{operator}:{}", outputs.first().unwrap_or(&"")),
        op_type: operator.to_owned(),
        attribute: attributes,
        domain: String::new(),
    }
}

/// Describes a tensor that is stored in another file.
fn external_tensor(name: &str, file: &str, location: &TensorLocation) -> Tensor {
    Tensor {
        dims: location
            .shape
            .iter()
            .map(|&dimension| dimension as i64)
            .collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: None,
        external_data: vec![
            string_entry("location", file.to_owned()),
            string_entry("offset", location.offset.to_string()),
            string_entry("length", location.length.to_string()),
        ],
        data_location: EXTERNAL,
    }
}

fn string_entry(key: &str, value: String) -> StringEntry {
    StringEntry {
        key: key.to_owned(),
        value,
    }
}

fn int_attribute(name: &str, i: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i,
        r#type: ATTRIBUTE_INT,
        ..Attribute::default()
    }
}

fn float_attribute(name: &str, f: f32) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f,
        r#type: ATTRIBUTE_FLOAT,
        ..Attribute::default()
    }
}

fn value_info(name: &str, elem_type: i32, dim: Vec<Dimension>) -> ValueInfo {
    let tensor_type = Some(TensorType {
        elem_type,
        shape: Some(Shape { dim }),
    });

    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type { tensor_type }),
    }
}

/// A dimension whose size is known only when the graph runs.
fn dynamic_dimension(parameter: &str) -> Dimension {
    Dimension {
        value: None,
        parameter: Some(parameter.to_owned()),
    }
}

fn fixed_dimension(value: usize) -> Dimension {
    Dimension {
        value: Some(value as i64),
        parameter: None,
    }
}

#[cfg(test)]
mod tests;

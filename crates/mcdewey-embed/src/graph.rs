//! Writes the ONNX graph of a BERT encoder out of ONNX Runtime's fused operators.
//!
//! The graph holds no weights but points into the safetensors file, whose matrices are used as they lie there (rows are
//! outputs, hence `transB`). Pooling and normalisation are not part of it.

use prost::Message;

use crate::folder::{BertConfig, BertFolder, FolderError};
use crate::onnx::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, Dimension, EXTERNAL, Entry, FLOAT, Graph, INT32,
    INT64, IR_VERSION, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};
use crate::tensors::{Location, Tensors};

/// Part of the model's fingerprint: raise it when the graph computes anything differently.
pub(crate) const VERSION: u32 = 1;

const OPERATOR_SET: i64 = 17;
/// The domain of ONNX Runtime's own operators.
const FUSED: &str = "com.microsoft";

/// The graph of a folder's model, as an ONNX file without its weights.
pub(crate) fn write(folder: &BertFolder, tensors: &Tensors) -> Result<Vec<u8>, FolderError> {
    let mut writer = Writer {
        config: &folder.config,
        tensors,
        graph: Graph::default(),
    };

    writer.encoder()?;
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

struct Writer<'a> {
    config: &'a BertConfig,
    tensors: &'a Tensors,
    graph: Graph,
}

impl Writer<'_> {
    fn encoder(&mut self) -> Result<(), FolderError> {
        self.graph.name = "bert".to_owned();
        for input in ["input_ids", "attention_mask", "token_type_ids"] {
            self.graph
                .input
                .push(value(input, INT64, vec![named("batch"), named("sequence")]));
            self.cast(input);
        }

        let mut hidden = self.embeddings()?;
        for layer in 0..self.config.num_hidden_layers {
            let attended = self.attention(layer, &hidden)?;
            hidden = self.feed_forward(layer, &attended)?;
        }

        self.standard("Identity", &hidden, "last_hidden_state", vec![]);
        let shape = vec![
            named("batch"),
            named("sequence"),
            fixed(self.config.hidden_size),
        ];

        self.graph
            .output
            .push(value("last_hidden_state", FLOAT, shape));
        Ok(())
    }

    /// The fused operators take 32-bit integers, callers bring 64-bit ones.
    fn cast(&mut self, input: &str) {
        self.standard(
            "Cast",
            input,
            &format!("{input}_32"),
            vec![integer("to", INT32.into())],
        );
    }

    /// Word, position and type embeddings, summed and normalised.
    fn embeddings(&mut self) -> Result<String, FolderError> {
        let BertConfig {
            hidden_size,
            vocab_size,
            max_position_embeddings,
            type_vocab_size,
            ..
        } = *self.config;

        let words = self.weight(
            "embeddings.word_embeddings.weight",
            &[vocab_size, hidden_size],
        )?;

        let positions = self.weight(
            "embeddings.position_embeddings.weight",
            &[max_position_embeddings, hidden_size],
        )?;

        let types = self.weight(
            "embeddings.token_type_embeddings.weight",
            &[type_vocab_size, hidden_size],
        )?;
        let gamma = self.weight("embeddings.LayerNorm.weight", &[hidden_size])?;
        let beta = self.weight("embeddings.LayerNorm.bias", &[hidden_size])?;

        self.fused(
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
            vec![float("epsilon", self.config.layer_norm_eps)],
        );

        Ok("embeddings".to_owned())
    }

    fn attention(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let size = self.config.hidden_size;
        let prefix = format!("encoder.layer.{layer}.attention");
        let query = self.linear(&format!("{prefix}.self.query"), hidden, [size, size])?;
        let key = self.linear(&format!("{prefix}.self.key"), hidden, [size, size])?;
        let value = self.linear(&format!("{prefix}.self.value"), hidden, [size, size])?;
        let bias = self.attention_bias(&prefix)?;
        let context = format!("{prefix}.context");

        self.fused(
            "MultiHeadAttention",
            &[&query, &key, &value, &bias, "mask_index"],
            &[&context],
            vec![integer("num_heads", self.config.num_attention_heads as i64)],
        );

        let output = self.linear(&format!("{prefix}.output.dense"), &context, [size, size])?;
        self.add_and_normalise(&format!("{prefix}.output"), &output, hidden)
    }

    /// The biases of query, key and value in one tensor, as the operator wants them.
    fn attention_bias(&mut self, prefix: &str) -> Result<String, FolderError> {
        let size = self.config.hidden_size;
        let mut bytes = Vec::with_capacity(3 * size * size_of::<f32>());
        for part in ["query", "key", "value"] {
            let location = self
                .tensors
                .locate(&format!("{prefix}.self.{part}.bias"), &[size])?;
            bytes.extend(self.tensors.bytes(&location)?);
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

    fn feed_forward(&mut self, layer: usize, hidden: &str) -> Result<String, FolderError> {
        let BertConfig {
            hidden_size,
            intermediate_size,
            ..
        } = *self.config;

        let prefix = format!("encoder.layer.{layer}");
        let wide = self.linear(
            &format!("{prefix}.intermediate.dense"),
            hidden,
            [intermediate_size, hidden_size],
        )?;

        let bias = self.weight(
            &format!("{prefix}.intermediate.dense.bias"),
            &[intermediate_size],
        )?;
        let active = format!("{prefix}.intermediate.active");
        self.fused("BiasGelu", &[&wide, &bias], &[&active], vec![]);

        let narrow = self.linear(
            &format!("{prefix}.output.dense"),
            &active,
            [hidden_size, intermediate_size],
        )?;

        self.add_and_normalise(&format!("{prefix}.output"), &narrow, hidden)
    }

    /// Adds the dense layer's bias and the residual, then normalises.
    fn add_and_normalise(
        &mut self,
        prefix: &str,
        value: &str,
        residual: &str,
    ) -> Result<String, FolderError> {
        let size = [self.config.hidden_size];
        let gamma = self.weight(&format!("{prefix}.LayerNorm.weight"), &size)?;
        let beta = self.weight(&format!("{prefix}.LayerNorm.bias"), &size)?;
        let bias = self.weight(&format!("{prefix}.dense.bias"), &size)?;
        let output = format!("{prefix}.normalised");

        self.fused(
            "SkipLayerNormalization",
            &[value, residual, &gamma, &beta, &bias],
            &[&output],
            vec![float("epsilon", self.config.layer_norm_eps)],
        );

        Ok(output)
    }

    /// Multiplies by a weight matrix; its bias is left to the next fused operator.
    fn linear(
        &mut self,
        prefix: &str,
        input: &str,
        shape: [usize; 2],
    ) -> Result<String, FolderError> {
        let weight = self.weight(&format!("{prefix}.weight"), &shape)?;
        let output = format!("{prefix}.product");
        self.fused(
            "FusedMatMul",
            &[input, &weight],
            &[&output],
            vec![integer("transB", 1)],
        );

        Ok(output)
    }

    /// A tensor of the weights file, under its own name.
    fn weight(&mut self, name: &str, shape: &[usize]) -> Result<String, FolderError> {
        let location = self.tensors.locate(name, shape)?;
        self.graph
            .initializer
            .push(external(name, &self.tensors.file_name(), &location));
        Ok(name.to_owned())
    }

    /// Adds an operator of the ONNX standard.
    fn standard(&mut self, operator: &str, input: &str, output: &str, attribute: Vec<Attribute>) {
        self.graph
            .node
            .push(node(operator, &[input], &[output], attribute));
    }

    /// Adds one of ONNX Runtime's own operators.
    fn fused(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<Attribute>,
    ) {
        let node = node(operator, inputs, outputs, attribute);
        self.graph.node.push(Node {
            domain: FUSED.to_owned(),
            ..node
        });
    }
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<Attribute>) -> Node {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Node {
        input: own(inputs),
        output: own(outputs),
        // Outputs are unique, so the first of them tells nodes apart in the runtime's messages.
        name: format!("{operator}:{}", outputs.first().unwrap_or(&"")),
        op_type: operator.to_owned(),
        attribute,
        domain: String::new(),
    }
}

fn external(name: &str, file: &str, location: &Location) -> Tensor {
    let entry = |key: &str, value: String| Entry {
        key: key.to_owned(),
        value,
    };

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
            entry("location", file.to_owned()),
            entry("offset", location.offset.to_string()),
            entry("length", location.length.to_string()),
        ],
        data_location: EXTERNAL,
    }
}

fn integer(name: &str, i: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i,
        r#type: ATTRIBUTE_INT,
        ..Attribute::default()
    }
}

fn float(name: &str, f: f32) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f,
        r#type: ATTRIBUTE_FLOAT,
        ..Attribute::default()
    }
}

fn value(name: &str, elem_type: i32, dim: Vec<Dimension>) -> ValueInfo {
    let tensor_type = Some(TensorType {
        elem_type,
        shape: Some(Shape { dim }),
    });

    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type { tensor_type }),
    }
}

fn named(parameter: &str) -> Dimension {
    Dimension {
        value: None,
        parameter: Some(parameter.to_owned()),
    }
}

fn fixed(value: usize) -> Dimension {
    Dimension {
        value: Some(value as i64),
        parameter: None,
    }
}

#[cfg(test)]
mod tests;

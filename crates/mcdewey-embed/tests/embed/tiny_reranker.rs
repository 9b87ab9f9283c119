//! Writes a folder with a cross-encoder whose scores can be computed by hand.
//!
//! Each word of the vocabulary has a weight. The score of a chunk is twice the mean weight of its
//! tokens, its final `[SEP]` included; the question does not count.

use std::fs;
use std::path::Path;

use prost::Message;

#[path = "../../src/onnx.rs"]
#[expect(
    dead_code,
    reason = "the tiny graph needs fewer messages than the crate"
)]
mod onnx;

use onnx::{
    ATTRIBUTE_INT, Attribute, Dimension, FLOAT, Graph, INT64, IR_VERSION, Model, Node, OperatorSet,
    Shape, Tensor, TensorType, Type, ValueInfo,
};

/// The words in the order of their ids, with their weights. The large weight of padding spoils any
/// score that it gets into.
const WORD_WEIGHTS: [(&str, f32); 7] = [
    ("[PAD]", 100.0),
    ("[CLS]", 7.0),
    ("[SEP]", 0.0),
    ("[UNK]", 0.25),
    ("barge", 1.0),
    ("call", 0.5),
    ("trunk", -1.0),
];

/// Writes the folder; the model's output is called `output`.
pub(crate) fn write(dir: &Path, output: &str) {
    fs::write(dir.join("model.onnx"), graph(output)).unwrap();
    fs::write(
        dir.join("config.json"),
        r#"{"id2label": {"0": "LABEL_0"}, "pad_token_id": 0}"#,
    )
    .unwrap();

    fs::write(
        dir.join("tokenizer_config.json"),
        r#"{"model_max_length": 16, "pad_token": "[PAD]"}"#,
    )
    .unwrap();

    fs::write(
        dir.join("special_tokens_map.json"),
        r#"{"cls_token": "[CLS]", "sep_token": "[SEP]"}"#,
    )
    .unwrap();

    let vocabulary: serde_json::Map<String, serde_json::Value> = WORD_WEIGHTS
        .iter()
        .enumerate()
        .map(|(id, (word, _))| ((*word).to_owned(), id.into()))
        .collect();

    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocabulary},
    });

    fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}

fn graph(output: &str) -> Vec<u8> {
    let inputs = ["input_ids", "attention_mask", "token_type_ids"];
    let float = [("to", i64::from(FLOAT))];
    let graph = Graph {
        name: "tiny".to_owned(),
        node: vec![
            node("Gather", &["word_weights", "input_ids"], "weight", &[]),
            // Tokens of the chunk have the second type and are not masked as padding.
            node(
                "Mul",
                &["attention_mask", "token_type_ids"],
                "is_chunk_64",
                &[],
            ),
            node("Cast", &["is_chunk_64"], "is_chunk", &float),
            node("Mul", &["weight", "is_chunk"], "chunk_weights", &[]),
            node("ReduceSum", &["chunk_weights", "axes"], "sum", &[]),
            node("ReduceSum", &["is_chunk", "axes"], "tokens", &[]),
            node("Div", &["sum", "tokens"], "mean", &[]),
            node("MatMul", &["mean", "head"], output, &[]),
        ],
        initializer: vec![
            tensor(
                "word_weights",
                FLOAT,
                &[7],
                WORD_WEIGHTS
                    .iter()
                    .flat_map(|(_, weight)| weight.to_le_bytes())
                    .collect(),
            ),
            tensor("axes", INT64, &[1], 1_i64.to_le_bytes().to_vec()),
            tensor("head", FLOAT, &[1, 1], 2_f32.to_le_bytes().to_vec()),
        ],
        input: inputs
            .iter()
            .map(|name| {
                value_info(
                    name,
                    INT64,
                    vec![dynamic_dimension("batch"), dynamic_dimension("sequence")],
                )
            })
            .collect(),
        output: vec![value_info(
            output,
            FLOAT,
            vec![
                dynamic_dimension("batch"),
                Dimension {
                    value: Some(1),
                    parameter: None,
                },
            ],
        )],
    };

    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "mcdewey".to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: 17,
        }],
    };

    model.encode_to_vec()
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) -> Node {
    Node {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: operator.to_owned(),
        attribute: attributes
            .iter()
            .map(|&(name, value)| int_attribute(name, value))
            .collect(),
        ..Node::default()
    }
}

fn int_attribute(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i: value,
        r#type: ATTRIBUTE_INT,
        ..Attribute::default()
    }
}

fn tensor(name: &str, data_type: i32, dims: &[i64], bytes: Vec<u8>) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data_type,
        name: name.to_owned(),
        raw_data: Some(bytes),
        ..Tensor::default()
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

fn dynamic_dimension(parameter: &str) -> Dimension {
    Dimension {
        value: None,
        parameter: Some(parameter.to_owned()),
    }
}

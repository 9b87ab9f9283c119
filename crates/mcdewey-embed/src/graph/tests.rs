//! The graph of a tiny model: its operators, and its references into the weights file.

use std::fs;
use std::path::Path;

use mcdewey_provision::model_folder::WEIGHTS;

use super::*;
use crate::calibration::LayerScaling;
use crate::onnx::{EXTERNAL, INT8, Tensor, UINT8};
use crate::quantise::WeightType;
use crate::testing::write_tiny_model;

/// Names and shapes of the tiny model's tensors.
fn tiny_tensors() -> Vec<(String, Vec<usize>)> {
    let mut tensors = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![3, 4]),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![6, 4],
        ),
        (
            "embeddings.token_type_embeddings.weight".to_owned(),
            vec![2, 4],
        ),
        ("embeddings.LayerNorm.weight".to_owned(), vec![4]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![4]),
    ];

    for layer in 0..2 {
        let dense = [
            ("attention.self.query", [4, 4]),
            ("attention.self.key", [4, 4]),
            ("attention.self.value", [4, 4]),
            ("attention.output.dense", [4, 4]),
            ("intermediate.dense", [8, 4]),
            ("output.dense", [4, 8]),
        ];

        for (name, shape) in dense {
            tensors.push((
                format!("encoder.layer.{layer}.{name}.weight"),
                shape.to_vec(),
            ));
            tensors.push((format!("encoder.layer.{layer}.{name}.bias"), vec![shape[0]]));
        }

        for name in ["attention.output", "output"] {
            tensors.push((
                format!("encoder.layer.{layer}.{name}.LayerNorm.weight"),
                vec![4],
            ));
            tensors.push((
                format!("encoder.layer.{layer}.{name}.LayerNorm.bias"),
                vec![4],
            ));
        }
    }

    tensors
}

/// Writes the tiny model's weights: all elements of the n-th tensor are n.
fn write_weights(dir: &Path, tensors: &[(String, Vec<usize>)]) {
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (n, (name, shape)) in tensors.iter().enumerate() {
        let start = data.len();
        data.extend(
            std::iter::repeat_n((n as f32).to_le_bytes(), shape.iter().product()).flatten(),
        );
        entries.push(format!(
            r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{}]}}"#,
            data.len()
        ));
    }

    let header = format!("{{{}}}", entries.join(","));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(data);
    fs::write(dir.join(WEIGHTS), file).unwrap();
}

/// 8-bit products whose first layer scales its first token.
fn int8_products(weight_type: WeightType) -> Int8Products {
    let layer = |first_token| LayerScaling {
        attention: vec![2.0; 4],
        feed_forward: vec![4.0; 4],
        first_token,
    };

    Int8Products {
        weight_type,
        layers: vec![layer(6.0), layer(1.0)],
    }
}

fn operators(graph: &Graph) -> Vec<&str> {
    graph
        .node
        .iter()
        .map(|node| node.op_type.as_str())
        .collect()
}

fn read_and_write_graph(dir: &Path, int8: Option<&Int8Products>) -> Result<Graph, FolderError> {
    let folder = BertFolder::read(dir)?;
    let weights = WeightsFile::open(&dir.join(WEIGHTS))?;
    let bytes = write(&folder, &weights, int8)?;
    Ok(Model::decode(bytes.as_slice()).unwrap().graph.unwrap())
}

#[test]
fn every_layer_uses_fused_operators() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());
    let graph = read_and_write_graph(dir.path(), None).unwrap();

    let layer = [
        [
            "FusedMatMul",
            "FusedMatMul",
            "FusedMatMul",
            "MultiHeadAttention",
            "FusedMatMul",
            "SkipLayerNormalization",
        ]
        .as_slice(),
        &[
            "FusedMatMul",
            "BiasGelu",
            "FusedMatMul",
            "SkipLayerNormalization",
        ],
    ]
    .concat();

    let mut expected = vec!["Cast", "Cast", "EmbedLayerNormalization"];
    expected.extend(layer.iter().chain(&layer));
    expected.push("Identity");
    assert_eq!(operators(&graph), expected);
}

#[test]
fn products_in_int8_are_scaled_and_the_first_token_only_where_needed() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());
    let int8 = int8_products(WeightType::Signed);
    let graph = read_and_write_graph(dir.path(), Some(&int8)).unwrap();

    let product = "DynamicQuantizeMatMul";
    let beginning = [
        "Mul",
        product,
        product,
        product,
        "MultiHeadAttention",
        product,
        "SkipLayerNormalization",
        "Mul",
        product,
        "FastGelu",
    ];
    let scaled_row = ["Gather", "Mul", "ScatterND"];
    let end = [product, "SkipLayerNormalization"];

    let mut expected = vec!["Cast", "Cast", "EmbedLayerNormalization"];
    expected.extend(beginning);
    expected.extend(scaled_row);
    expected.push(product);
    expected.extend(scaled_row);
    expected.push("SkipLayerNormalization");
    expected.extend(beginning.iter().chain(&end));
    expected.push("Identity");
    assert_eq!(operators(&graph), expected);
}

#[test]
fn weights_in_int8_are_part_of_the_graph_in_the_type_of_the_processor() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());

    for (weight_type, data_type) in [(WeightType::Signed, INT8), (WeightType::Unsigned, UINT8)] {
        let int8 = int8_products(weight_type);
        let graph = read_and_write_graph(dir.path(), Some(&int8)).unwrap();
        let weights: Vec<&Tensor> = graph
            .initializer
            .iter()
            .filter(|tensor| tensor.name.ends_with(".quantised"))
            .collect();
        assert_eq!(weights.len(), 12);
        assert!(weights.iter().all(|tensor| tensor.data_type == data_type));

        let wide = weights
            .iter()
            .find(|tensor| tensor.name == "encoder.layer.0.intermediate.dense.quantised")
            .unwrap();
        assert_eq!(wide.dims, [4, 8], "a row per input");
        assert_eq!(wide.raw_data.as_ref().unwrap().len(), 32);
    }
}

#[test]
fn every_node_input_is_defined_before_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());

    for int8 in [None, Some(int8_products(WeightType::Signed))] {
        let graph = read_and_write_graph(dir.path(), int8.as_ref()).unwrap();
        let mut defined: Vec<String> = graph.input.into_iter().map(|input| input.name).collect();
        defined.extend(graph.initializer.into_iter().map(|tensor| tensor.name));

        for node in graph.node {
            for input in node.input {
                assert!(defined.contains(&input), "{input} of {}", node.name);
            }
            for output in node.output {
                assert!(!defined.contains(&output), "{output} is defined twice");
                defined.push(output);
            }
        }

        assert!(defined.contains(&graph.output[0].name));
    }
}

fn external_entry<'a>(tensor: &'a Tensor, key: &str) -> &'a str {
    let entry = tensor.external_data.iter().find(|entry| entry.key == key);
    &entry.unwrap().value
}

#[test]
fn weights_are_referenced_and_not_copied() {
    let dir = tempfile::tempdir().unwrap();
    let tensors = tiny_tensors();
    write_weights(&write_tiny_model(dir.path()), &tensors);
    let file = fs::read(dir.path().join(WEIGHTS)).unwrap();
    let initializers = read_and_write_graph(dir.path(), None).unwrap().initializer;

    let (external, inline): (Vec<_>, Vec<_>) = initializers
        .into_iter()
        .partition(|tensor| tensor.data_location == EXTERNAL);

    for tensor in external {
        assert_eq!(external_entry(&tensor, "location"), WEIGHTS);
        let offset: usize = external_entry(&tensor, "offset").parse().unwrap();
        let length: usize = external_entry(&tensor, "length").parse().unwrap();

        let n = tensors
            .iter()
            .position(|(name, _)| *name == tensor.name)
            .unwrap();

        let expected: Vec<u8> = (0..length / 4)
            .flat_map(|_| (n as f32).to_le_bytes())
            .collect();
        assert_eq!(file[offset..offset + length], expected, "{}", tensor.name);
        assert_eq!(tensor.dims.iter().product::<i64>() as usize * 4, length);
    }

    let biases: Vec<&str> = inline.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(
        biases,
        [
            "encoder.layer.0.attention.self.bias",
            "encoder.layer.1.attention.self.bias"
        ]
    );

    let query = tensors
        .iter()
        .position(|(name, _)| name == "encoder.layer.0.attention.self.query.bias")
        .unwrap();

    let parts = [query, query + 2, query + 4]
        .map(|n| [n as f32; 4])
        .concat();

    let expected: Vec<u8> = parts
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();

    assert_eq!(
        inline[0].raw_data.as_ref(),
        Some(&expected),
        "query, key, value"
    );
}

#[test]
fn a_missing_layer_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let tensors: Vec<_> = tiny_tensors()
        .into_iter()
        .filter(|(name, _)| !name.contains("layer.1.output.dense"))
        .collect();
    write_weights(&write_tiny_model(dir.path()), &tensors);
    let error = read_and_write_graph(dir.path(), None)
        .unwrap_err()
        .to_string();

    assert!(
        error.contains("encoder.layer.1.output.dense.weight is missing"),
        "{error}"
    );
}

//! The graph of a tiny model: its operators, and its references into the weights file.

use std::fs;
use std::path::Path;

use mcdewey_provision::model_folder::WEIGHTS;

use super::*;
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

fn read_and_write_graph(dir: &Path) -> Result<Graph, FolderError> {
    let folder = BertFolder::read(dir)?;
    let weights = WeightsFile::open(&dir.join(WEIGHTS))?;
    let bytes = write(&folder, &weights)?;
    Ok(Model::decode(bytes.as_slice()).unwrap().graph.unwrap())
}

#[test]
fn every_layer_uses_fused_operators() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());
    let graph = read_and_write_graph(dir.path()).unwrap();

    let operators: Vec<&str> = graph
        .node
        .iter()
        .map(|node| node.op_type.as_str())
        .collect();

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

    let mut expected = vec!["Cast", "Cast", "Cast", "EmbedLayerNormalization"];
    expected.extend(layer.iter().chain(&layer));
    expected.push("Identity");
    assert_eq!(operators, expected);
}

#[test]
fn every_node_input_is_defined_before_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    write_weights(&write_tiny_model(dir.path()), &tiny_tensors());
    let graph = read_and_write_graph(dir.path()).unwrap();
    let mut defined: Vec<String> = graph.input.into_iter().map(|input| input.name).collect();
    defined.extend(graph.initializer.into_iter().map(|tensor| tensor.name));

    for node in graph.node {
        for input in node.input {
            assert!(defined.contains(&input), "{input} of {}", node.name);
        }
        defined.extend(node.output);
    }

    assert!(defined.contains(&graph.output[0].name));
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
    let initializers = read_and_write_graph(dir.path()).unwrap().initializer;

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
    let error = read_and_write_graph(dir.path()).unwrap_err().to_string();

    assert!(
        error.contains("encoder.layer.1.output.dense.weight is missing"),
        "{error}"
    );
}

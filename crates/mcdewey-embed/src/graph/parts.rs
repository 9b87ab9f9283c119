//! Constructors for the parts of an ONNX graph.

use crate::onnx::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, Attribute, Dimension, EXTERNAL, FLOAT, Node, Shape,
    StringEntry, Tensor, TensorType, Type, ValueInfo,
};
use crate::tensors::TensorLocation;

pub(super) fn node(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: Vec<Attribute>,
) -> Node {
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
pub(super) fn external_tensor(name: &str, file: &str, location: &TensorLocation) -> Tensor {
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

pub(super) fn string_entry(key: &str, value: String) -> StringEntry {
    StringEntry {
        key: key.to_owned(),
        value,
    }
}

pub(super) fn int_attribute(name: &str, i: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i,
        r#type: ATTRIBUTE_INT,
        ..Attribute::default()
    }
}

pub(super) fn float_attribute(name: &str, f: f32) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f,
        r#type: ATTRIBUTE_FLOAT,
        ..Attribute::default()
    }
}

pub(super) fn value_info(name: &str, elem_type: i32, dim: Vec<Dimension>) -> ValueInfo {
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
pub(super) fn dynamic_dimension(parameter: &str) -> Dimension {
    Dimension {
        value: None,
        parameter: Some(parameter.to_owned()),
    }
}

pub(super) fn fixed_dimension(value: usize) -> Dimension {
    Dimension {
        value: Some(value as i64),
        parameter: None,
    }
}

/// A tensor whose bytes, little-endian, are part of the graph.
pub(super) fn inline_tensor(name: &str, data_type: i32, dims: &[usize], bytes: Vec<u8>) -> Tensor {
    Tensor {
        dims: dims.iter().map(|&dimension| dimension as i64).collect(),
        data_type,
        name: name.to_owned(),
        raw_data: Some(bytes),
        ..Tensor::default()
    }
}

/// The bytes of fp32 numbers, little-endian.
pub(super) fn float_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// The bytes of 64-bit integers, little-endian.
pub(super) fn int64_bytes(numbers: &[i64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

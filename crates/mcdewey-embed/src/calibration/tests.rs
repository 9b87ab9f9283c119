//! The parts of the encoder with numbers that a reader can check by hand.

use super::*;

fn linear(weights: &[f32], bias: &[f32]) -> Linear {
    Linear {
        weights: weights.to_vec(),
        bias: bias.to_vec(),
    }
}

fn norm(gamma: &[f32], beta: &[f32]) -> LayerNorm {
    LayerNorm {
        gamma: gamma.to_vec(),
        beta: beta.to_vec(),
        epsilon: 0.0,
    }
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn a_channel_is_divided_by_its_range_and_not_by_that_of_its_weights() {
    let ones = linear(&[1.0, 1.0, -1.0, 0.5], &[0.0, 0.0]);
    assert_close(&channel_divisors(&[16.0, 1.0], &[&ones]), &[8.0, 1.0]);

    let small = linear(&[1.0, 0.0625, -1.0, 0.0], &[0.0, 0.0]);
    assert_close(&channel_divisors(&[16.0, 1.0], &[&small]), &[8.0, 2.0]);
    assert_close(
        &channel_divisors(&[16.0, 1.0], &[&small, &ones]),
        &[8.0, 1.0],
    );
}

#[test]
fn divisors_of_silent_channels_are_finite() {
    let zeros = linear(&[0.0, 0.0], &[0.0]);
    let divisors = channel_divisors(&[0.0, 1.0], &[&zeros]);
    assert!(divisors.iter().all(|divisor| divisor.is_normal()));
}

#[test]
fn the_range_of_a_channel_is_that_of_the_first_token_or_of_all_others() {
    let norm = norm(&[1.0, 0.5], &[0.0, -1.0]);
    assert_close(&norm.ranges(&[vec![1.0, -28.0]]), &[4.0, 28.0]);
    assert_close(&norm.ranges(&[]), &[4.0, 3.0]);
}

#[test]
fn states_are_normalised() {
    let norm = norm(&[1.0, 2.0], &[0.0, 1.0]);
    assert_close(&norm.apply(&[1.0, 3.0]), &[-1.0, 3.0]);
}

#[test]
fn attention_weights_the_values_of_each_head() {
    let keys = [vec![0.0, 100.0], vec![0.0, 0.0]];
    let values = [vec![1.0, 1.0], vec![3.0, 3.0]];
    let context = attend(&[1.0, 1.0], &keys, &values, 2);
    assert_close(&context, &[2.0, 1.0]);
}

#[test]
fn a_linear_layer_has_a_row_per_output() {
    let layer = linear(&[1.0, 2.0, 0.0, -1.0, 3.0, 3.0], &[0.0, 1.0, 0.5]);
    assert_close(&layer.apply(&[1.0, 2.0]), &[5.0, -1.0, 9.5]);
}

#[test]
fn gelu_passes_large_numbers_and_blocks_negative_ones() {
    let found: Vec<f32> = [-10.0, -1.0, 0.0, 1.0, 10.0].map(gelu).to_vec();
    assert_close(&found, &[0.0, -0.1588, 0.0, 0.8412, 10.0]);
}

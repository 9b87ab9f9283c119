//! Encodes the raw samples of an image as PNG: grey, RGB, CMYK or a palette of these, with 1 to 16
//! bits per sample.

use png::{BitDepth, ColorType, Compression, Encoder};
use unpdf::parser::backend::{ImageColorSpace, RawXObject};

/// No picture in a manual has more pixels, and decoding one would take hundreds of megabytes.
const MAX_PIXELS: u64 = 64 * 1024 * 1024;

/// Encodes an image; `None` if its colour space is not supported or samples are missing.
pub(super) fn encode(image: &RawXObject) -> Option<Vec<u8>> {
    let (width, height) = (image.width?, image.height?);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }

    let color = image.color.as_ref()?;
    let samples = Samples::new(image, color, width as usize)?;
    let (color_type, channels) = match color {
        ImageColorSpace::Gray => (ColorType::Grayscale, 1),
        _ => (ColorType::Rgb, 3),
    };

    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    for row in 0..height as usize {
        for column in 0..width as usize {
            let rgb = to_rgb(color, &samples.pixel(row, column)?)?;
            pixels.extend_from_slice(&rgb[..channels]);
        }
    }

    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(color_type);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder
        .write_header()
        .ok()?
        .write_image_data(&pixels)
        .ok()?;

    Some(bytes)
}

/// Up to four samples of a pixel.
type Pixel = [u16; 4];

struct Samples<'a> {
    data: &'a [u8],
    bits: usize,
    components: usize,
    row_bytes: usize,
    /// Whether 0 is the brightest value instead of the darkest.
    inverted: bool,
    indexed: bool,
}

impl<'a> Samples<'a> {
    fn new(image: &'a RawXObject, color: &ImageColorSpace, width: usize) -> Option<Self> {
        let bits = usize::from(image.bits_per_component.unwrap_or(8));
        let components = match color {
            ImageColorSpace::Gray | ImageColorSpace::Indexed { .. } => 1,
            ImageColorSpace::Rgb => 3,
            ImageColorSpace::Cmyk => 4,
            ImageColorSpace::Tint(_) => return None,
        };

        if !matches!(bits, 1 | 2 | 4 | 8 | 16) {
            return None;
        }

        let inverted = image
            .decode
            .as_deref()
            .is_some_and(|decode| decode.len() >= 2 && decode[0] > decode[1]);
        let row_bytes = (width * components * bits).div_ceil(8);
        let indexed = matches!(color, ImageColorSpace::Indexed { .. });

        Some(Self {
            data: &image.data,
            bits,
            components,
            row_bytes,
            inverted,
            indexed,
        })
    }

    /// Returns the samples of a pixel, scaled to 0..=255 unless they are indexes into a palette.
    /// `None` if the data ends before them.
    fn pixel(&self, row: usize, column: usize) -> Option<Pixel> {
        let mut pixel = Pixel::default();
        for (component, sample) in pixel.iter_mut().enumerate().take(self.components) {
            let bit = (column * self.components + component) * self.bits;
            let byte = u16::from(*self.data.get(row * self.row_bytes + bit / 8)?);
            let max_value = (1_u32 << self.bits.min(8)) - 1;

            let value = match self.bits {
                // Screens do not show the lower byte of 16-bit samples.
                8 | 16 => byte,
                bits => (byte >> (8 - bits - bit % 8)) & max_value as u16,
            };

            *sample = if self.indexed {
                value
            } else {
                let scaled = (u32::from(value) * 255 / max_value) as u16;
                if self.inverted { 255 - scaled } else { scaled }
            };
        }

        Some(pixel)
    }
}

fn to_rgb(color: &ImageColorSpace, pixel: &Pixel) -> Option<[u8; 3]> {
    let [a, b, c, d] = pixel.map(|sample| sample.min(255) as u8);
    match color {
        ImageColorSpace::Gray => Some([a; 3]),
        ImageColorSpace::Rgb => Some([a, b, c]),
        ImageColorSpace::Cmyk => Some([a, b, c].map(|ink| without_inks(ink, d))),
        ImageColorSpace::Indexed { base, lookup, .. } => {
            let components = match **base {
                ImageColorSpace::Gray => 1,
                ImageColorSpace::Rgb => 3,
                ImageColorSpace::Cmyk => 4,
                _ => return None,
            };

            let start = usize::from(pixel[0]) * components;
            let entry = lookup.get(start..start + components)?;

            let mut base_pixel = Pixel::default();
            for (sample, value) in base_pixel.iter_mut().zip(entry) {
                *sample = u16::from(*value);
            }

            to_rgb(base, &base_pixel)
        }
        ImageColorSpace::Tint(_) => None,
    }
}

/// Returns the light that a coloured ink and the black ink leave of white.
fn without_inks(ink: u8, black: u8) -> u8 {
    (u32::from(255 - ink) * u32::from(255 - black) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(width: u32, bits: u8, color: ImageColorSpace, data: &[u8]) -> RawXObject {
        RawXObject {
            name: "x".to_owned(),
            subtype: "Image".to_owned(),
            data: data.to_vec(),
            filter: None,
            width: Some(width),
            height: Some(1),
            bits_per_component: Some(bits),
            color_space: None,
            color: Some(color),
            decode: None,
            image_mask: false,
            smask: None,
            color_key: None,
            codec_parms: None,
        }
    }

    fn pixels(image: &RawXObject) -> Option<Vec<u8>> {
        let png = encode(image)?;
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut out = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut out).unwrap();

        Some(out)
    }

    #[test]
    fn samples_are_converted_to_pixels() {
        assert_eq!(
            pixels(&raw(2, 8, ImageColorSpace::Gray, &[0, 200])),
            Some(vec![0, 200])
        );
        assert_eq!(
            pixels(&raw(3, 1, ImageColorSpace::Gray, &[0b1010_0000])),
            Some(vec![255, 0, 255])
        );
        assert_eq!(
            pixels(&raw(1, 16, ImageColorSpace::Gray, &[100, 7])),
            Some(vec![100])
        );
        assert_eq!(
            pixels(&raw(1, 8, ImageColorSpace::Rgb, &[1, 2, 3])),
            Some(vec![1, 2, 3])
        );
        assert_eq!(
            pixels(&raw(1, 8, ImageColorSpace::Cmyk, &[255, 0, 0, 0])),
            Some(vec![0, 255, 255])
        );

        let palette = ImageColorSpace::Indexed {
            base: Box::new(ImageColorSpace::Rgb),
            hival: 1,
            lookup: vec![9, 9, 9, 4, 5, 6],
        };

        assert_eq!(
            pixels(&raw(2, 4, palette, &[0x10])),
            Some(vec![4, 5, 6, 9, 9, 9])
        );
    }

    #[test]
    fn an_image_with_missing_samples_is_not_encoded() {
        assert_eq!(encode(&raw(2, 8, ImageColorSpace::Rgb, &[1, 2, 3])), None);
        assert_eq!(encode(&raw(100_000, 8, ImageColorSpace::Gray, &[])), None);
    }

    #[test]
    fn an_inverted_range_is_honoured() {
        let inverted = RawXObject {
            decode: Some(vec![1.0, 0.0]),
            ..raw(1, 8, ImageColorSpace::Gray, &[0])
        };

        assert_eq!(pixels(&inverted), Some(vec![255]));
    }
}

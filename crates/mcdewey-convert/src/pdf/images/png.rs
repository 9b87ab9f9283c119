//! Samples of an image as PNG: grey, red-green-blue, four inks, or a palette of these, with 1 to 16 bits a sample.

use png::{BitDepth, ColorType, Compression, Encoder};
use unpdf::parser::backend::{ImageColorSpace, RawXObject};

/// More pixels are no picture of a manual, and would take hundreds of megabytes.
const MAX_PIXELS: u64 = 64 * 1024 * 1024;

/// The image as PNG; nothing where its colours are not among those that are known, or samples are missing.
pub(super) fn encode(image: &RawXObject) -> Option<Vec<u8>> {
    let (width, height) = (image.width?, image.height?);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }

    let color = image.color.as_ref()?;
    let samples = Samples::of(image, color, width as usize)?;
    let grey = matches!(color, ImageColorSpace::Gray);
    let mut pixels =
        Vec::with_capacity(width as usize * height as usize * if grey { 1 } else { 3 });

    for row in 0..height as usize {
        for column in 0..width as usize {
            let pixel = samples.pixel(row, column)?;
            match (grey, to_rgb(color, &pixel)?) {
                (true, [level, ..]) => pixels.push(level),
                (false, rgb) => pixels.extend(rgb),
            }
        }
    }

    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(if grey {
        ColorType::Grayscale
    } else {
        ColorType::Rgb
    });

    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder
        .write_header()
        .ok()?
        .write_image_data(&pixels)
        .ok()?;

    Some(bytes)
}

/// Up to four samples of a pixel, as they are stored.
type Pixel = [u16; 4];

struct Samples<'a> {
    data: &'a [u8],
    bits: usize,
    components: usize,
    row_bytes: usize,
    /// Whether 0 is the brightest value.
    inverted: bool,
    indexed: bool,
}

impl<'a> Samples<'a> {
    fn of(image: &'a RawXObject, color: &ImageColorSpace, width: usize) -> Option<Self> {
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

    /// The samples of a pixel, between 0 and 255 unless they are places in a palette.
    fn pixel(&self, row: usize, column: usize) -> Option<Pixel> {
        let mut pixel = Pixel::default();
        for (place, sample) in pixel.iter_mut().enumerate().take(self.components) {
            let at = (column * self.components + place) * self.bits;
            let byte = row * self.row_bytes + at / 8;
            let stored = u16::from(*self.data.get(byte)?);
            let most = (1_u32 << self.bits.min(8)) - 1;

            let value = match self.bits {
                // The lower half of 16 bits is beyond what a screen shows.
                8 | 16 => stored,
                bits => (stored >> (8 - bits - at % 8)) & most as u16,
            };

            *sample = match self.indexed {
                true => value,
                false => {
                    let scaled = (u32::from(value) * 255 / most) as u16;
                    if self.inverted { 255 - scaled } else { scaled }
                }
            };
        }

        Some(pixel)
    }
}

fn to_rgb(color: &ImageColorSpace, pixel: &Pixel) -> Option<[u8; 3]> {
    let byte = |place: usize| pixel[place].min(255) as u8;
    match color {
        ImageColorSpace::Gray => Some([byte(0); 3]),
        ImageColorSpace::Rgb => Some([byte(0), byte(1), byte(2)]),
        ImageColorSpace::Cmyk => {
            let light = |ink: u8| (u32::from(255 - ink) * u32::from(255 - byte(3)) / 255) as u8;
            Some([light(byte(0)), light(byte(1)), light(byte(2))])
        }
        ImageColorSpace::Indexed { base, lookup, .. } => {
            let components = match **base {
                ImageColorSpace::Gray => 1,
                ImageColorSpace::Rgb => 3,
                ImageColorSpace::Cmyk => 4,
                _ => return None,
            };

            let start = usize::from(pixel[0]) * components;
            let entry = lookup.get(start..start + components)?;

            let mut inner = Pixel::default();
            for (sample, value) in inner.iter_mut().zip(entry) {
                *sample = u16::from(*value);
            }

            to_rgb(base, &inner)
        }
        ImageColorSpace::Tint(_) => None,
    }
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
    fn samples_become_pixels() {
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
    fn samples_that_are_missing_make_no_image() {
        assert_eq!(encode(&raw(2, 8, ImageColorSpace::Rgb, &[1, 2, 3])), None);
        assert_eq!(encode(&raw(100_000, 8, ImageColorSpace::Gray, &[])), None);
        let inverted = RawXObject {
            decode: Some(vec![1.0, 0.0]),
            ..raw(1, 8, ImageColorSpace::Gray, &[0])
        };

        assert_eq!(pixels(&inverted), Some(vec![255]));
    }
}

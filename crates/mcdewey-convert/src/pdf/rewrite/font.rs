//! Fonts that declare the widths and texts of the characters set in them.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::page_text::{Glyph, Style};
use super::super::right_to_left;
use super::writer::FileWriter;

/// The number of combinations of the flags of [`Style`].
pub(super) const STYLES: usize = 8;

/// A font has its dictionary, that of its characters, a descriptor and a map to Unicode.
pub(super) const OBJECTS_PER_FONT: usize = 4;

/// The width of every character of a fixed-pitch font, in thousandths of the font size.
pub(super) const MONOSPACE_WIDTH: i32 = 600;

/// Most characters of one font, as its codes have two bytes.
const MAX_CODES: usize = u16::MAX as usize;

/// Most entries of one section of a character map.
const MAP_SECTION: usize = 100;

/// The flags of a font descriptor.
const FIXED_PITCH: u32 = 1;
const NON_SYMBOLIC: u32 = 1 << 5;
const ITALIC: u32 = 1 << 6;
const FORCE_BOLD: u32 = 1 << 18;

/// Returns which of the fonts has a style.
pub(super) fn style_index(style: Style) -> usize {
    usize::from(style.bold) | usize::from(style.italic) << 1 | usize::from(style.monospace) << 2
}

fn style_at(index: usize) -> Style {
    Style {
        bold: index & 1 != 0,
        italic: index & 2 != 0,
        monospace: index & 4 != 0,
    }
}

/// A font that has a code for each text of each width.
#[derive(Debug, Clone, Default)]
pub(super) struct Font {
    codes: HashMap<(String, i32), u16>,
    /// Text and width of each code, from 1.
    characters: Vec<(String, i32)>,
}

impl Font {
    /// Returns the width of a glyph in thousandths of the font size.
    pub(super) fn width(&self, glyph: &Glyph) -> i32 {
        if glyph.style.monospace {
            MONOSPACE_WIDTH
        } else {
            (glyph.advance / glyph.size * 1000.0)
                .round()
                .clamp(0.0, 9999.0) as i32
        }
    }

    /// Returns the code of a text. `None` if all are in use.
    pub(super) fn code(&mut self, text: &str, width: i32) -> Option<u16> {
        let key = (text.to_owned(), width);
        if let Some(code) = self.codes.get(&key) {
            return Some(*code);
        }
        if self.characters.len() == MAX_CODES {
            return None;
        }

        self.characters.push(key.clone());
        let code = u16::try_from(self.characters.len()).ok()?;
        self.codes.insert(key, code);
        Some(code)
    }

    /// Writes the objects of the font of a style, the first of which has this number.
    pub(super) fn write(&self, file: &mut FileWriter, style_index: usize, number: usize) {
        let style = style_at(style_index);
        let name = base_font(style);
        let (cid_font, descriptor, map) = (number + 1, number + 2, number + 3);
        file.object(&format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H \
             /DescendantFonts [{cid_font} 0 R] /ToUnicode {map} 0 R >>"
        ));

        let widths: String = self
            .characters
            .iter()
            .map(|(_, width)| format!("{width} "))
            .collect();
        file.object(&format!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
             /DW {MONOSPACE_WIDTH} /W [1 [{widths}]] /FontDescriptor {descriptor} 0 R >>"
        ));
        file.object(&format!(
            "<< /Type /FontDescriptor /FontName /{name} /Flags {} /FontBBox [0 -250 1000 1000] \
             /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
            flags(style)
        ));
        file.stream(&self.character_map());
    }

    fn character_map(&self) -> String {
        let mut map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap \
                       /CMapName /Codes def /CMapType 2 def \
                       1 begincodespacerange <0000> <ffff> endcodespacerange\n"
            .to_owned();
        for (section, characters) in self.characters.chunks(MAP_SECTION).enumerate() {
            let _ = writeln!(map, "{} beginbfchar", characters.len());
            for (index, (text, _)) in characters.iter().enumerate() {
                let code = section * MAP_SECTION + index + 1;
                let _ = write!(map, "<{code:04x}> <");
                for unit in right_to_left::visual_order(text).encode_utf16() {
                    let _ = write!(map, "{unit:04x}");
                }
                map.push_str(">\n");
            }
            map.push_str("endbfchar\n");
        }

        map.push_str("endcmap end end");
        map
    }
}

fn base_font(style: Style) -> String {
    let family = if style.monospace {
        "McDeweyMono"
    } else {
        "McDeweySans"
    };
    let variant = match (style.bold, style.italic) {
        (true, true) => "-BoldItalic",
        (true, false) => "-Bold",
        (false, true) => "-Italic",
        (false, false) => "",
    };
    format!("{family}{variant}")
}

fn flags(style: Style) -> u32 {
    let mut flags = NON_SYMBOLIC;
    if style.monospace {
        flags |= FIXED_PITCH;
    }
    if style.italic {
        flags |= ITALIC;
    }
    if style.bold {
        flags |= FORCE_BOLD;
    }
    flags
}

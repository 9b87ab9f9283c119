//! The protocol between parent and child: a header line of JSON, followed by the bytes whose
//! lengths it announces.

use std::io::{self, BufRead, Read, Write};

use mcdewey_core::{ConvertError, ConvertedDocument, Format, ImageFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest header, in bytes. It holds the names of all images and the warnings.
const MAX_HEADER_BYTES: u64 = 4 * 1024 * 1024;

/// The header of a file to convert.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    format: Format,
    length: usize,
}

/// The header of a conversion's outcome.
#[derive(Debug, Serialize, Deserialize)]
enum Response {
    Converted {
        /// Length of the Markdown in bytes.
        markdown: usize,
        images: Vec<ImageHeader>,
        warnings: Vec<String>,
        /// Length of the words of the pages in bytes of JSON; 0 if there are none.
        #[serde(default)]
        page_words: usize,
    },
    Failed(ConvertError),
}

#[derive(Debug, Serialize, Deserialize)]
struct ImageHeader {
    name: String,
    media_type: String,
    length: usize,
}

impl ImageHeader {
    fn new(image: &ImageFile) -> Self {
        Self {
            name: image.name.clone(),
            media_type: image.media_type.clone(),
            length: image.bytes.len(),
        }
    }
}

/// Sends a file to convert.
pub(super) fn write_request(
    output: &mut impl Write,
    format: Format,
    bytes: &[u8],
) -> io::Result<()> {
    let request = Request {
        format,
        length: bytes.len(),
    };
    write_header(output, &request)?;
    output.write_all(bytes)?;
    output.flush()
}

/// Receives a file to convert; `None` once the input has ended.
pub(super) fn read_request(input: &mut impl BufRead) -> io::Result<Option<(Format, Vec<u8>)>> {
    let Some(Request { format, length }) = read_header(input)? else {
        return Ok(None);
    };
    Ok(Some((format, read_exactly(input, length)?)))
}

/// Sends the outcome of a conversion.
pub(super) fn write_response(
    output: &mut impl Write,
    outcome: &Result<ConvertedDocument, ConvertError>,
) -> io::Result<()> {
    match outcome {
        Ok(converted) => {
            let page_words = match converted.page_words.as_slice() {
                [] => Vec::new(),
                pages => serde_json::to_vec(pages)?,
            };
            let response = Response::Converted {
                markdown: converted.markdown.len(),
                images: converted.images.iter().map(ImageHeader::new).collect(),
                warnings: converted.warnings.clone(),
                page_words: page_words.len(),
            };
            write_header(output, &response)?;

            output.write_all(converted.markdown.as_bytes())?;
            for image in &converted.images {
                output.write_all(&image.bytes)?;
            }
            output.write_all(&page_words)?;
        }
        Err(error) => write_header(output, &Response::Failed(error.clone()))?,
    }

    output.flush()
}

/// Receives the outcome of a conversion.
///
/// Fails with [`io::ErrorKind::FileTooLarge`] if Markdown, images and words together have more than
/// `max_bytes`.
pub(super) fn read_response(
    input: &mut impl BufRead,
    max_bytes: usize,
) -> io::Result<Result<ConvertedDocument, ConvertError>> {
    let header = read_header(input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (markdown_length, image_headers, warnings, words_length) = match header {
        Response::Converted {
            markdown,
            images,
            warnings,
            page_words,
        } => (markdown, images, warnings, page_words),
        Response::Failed(error) => return Ok(Err(error)),
    };

    let total = image_headers.iter().map(|image| image.length).fold(
        markdown_length.saturating_add(words_length),
        usize::saturating_add,
    );
    if total > max_bytes {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the response is too large",
        ));
    }

    let markdown = String::from_utf8(read_exactly(input, markdown_length)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;

    let mut images = Vec::with_capacity(image_headers.len());
    for header in image_headers {
        images.push(ImageFile {
            name: header.name,
            media_type: header.media_type,
            bytes: read_exactly(input, header.length)?,
        });
    }

    let page_words = match words_length {
        0 => Vec::new(),
        length => serde_json::from_slice(&read_exactly(input, length)?)?,
    };
    Ok(Ok(ConvertedDocument {
        markdown,
        images,
        warnings,
        page_words,
    }))
}

fn write_header(output: &mut impl Write, header: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(header)?;
    line.push(b'\n');
    output.write_all(&line)
}

/// Reads a header line; `None` at the end of the input.
fn read_header<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    input.take(MAX_HEADER_BYTES).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }

    Ok(Some(serde_json::from_slice(&line)?))
}

/// Reads `length` bytes. The buffer grows as they arrive, so a huge announced length allocates
/// nothing by itself.
fn read_exactly(input: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }

    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use mcdewey_core::{PageNumber, PageWords};

    use super::*;

    fn sample() -> ConvertedDocument {
        let image = |name: &str| ImageFile {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: vec![7; 9],
        };

        ConvertedDocument {
            markdown: "# Bärge\n".to_owned(),
            images: vec![image("a.png"), image("b\n.png")],
            warnings: vec!["w".to_owned()],
            page_words: vec![PageWords {
                page: PageNumber(2),
                width: 595.0,
                height: 842.0,
                words: Vec::new(),
            }],
        }
    }

    #[test]
    fn requests_and_responses_arrive_as_they_were_sent() {
        let mut sent = Vec::new();
        write_request(&mut sent, Format::Pdf, b"%PDF\n\n").unwrap();
        write_request(&mut sent, Format::Html, b"").unwrap();

        let mut input = sent.as_slice();
        assert_eq!(
            read_request(&mut input).unwrap(),
            Some((Format::Pdf, b"%PDF\n\n".to_vec()))
        );
        assert_eq!(
            read_request(&mut input).unwrap(),
            Some((Format::Html, Vec::new()))
        );
        assert_eq!(read_request(&mut input).unwrap(), None);

        let mut sent = Vec::new();
        write_response(&mut sent, &Ok(sample())).unwrap();
        write_response(
            &mut sent,
            &Err(ConvertError("the file is encrypted".to_owned())),
        )
        .unwrap();

        let mut input = sent.as_slice();
        assert_eq!(read_response(&mut input, 1000).unwrap(), Ok(sample()));
        assert_eq!(
            read_response(&mut input, 1000).unwrap(),
            Err(ConvertError("the file is encrypted".to_owned()))
        );
        assert!(read_response(&mut input, 1000).is_err());
    }

    #[test]
    fn oversized_and_truncated_responses_are_refused() {
        let mut sent = Vec::new();
        write_response(&mut sent, &Ok(sample())).unwrap();
        assert!(read_response(&mut sent.as_slice(), 20).is_err());
        assert!(read_response(&mut &sent[..sent.len() - 1], 1000).is_err());
        assert!(
            read_response(
                &mut b"{\"Converted\":{\"markdown\":99999999999,\"images\":[],\"warnings\":[]}}\n"
                    .as_slice(),
                usize::MAX
            )
            .is_err()
        );
    }
}

//! What parent and child say to each other: a line of JSON, then the bytes it announces.

use std::io::{self, BufRead, Read, Write};

use mcdewey_core::{ConvertError, Converted, Format, ImageFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest head of a frame: names of images and warnings.
const MAX_HEAD: u64 = 4 * 1024 * 1024;

/// A file to convert.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    format: Format,
    length: usize,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
enum Response {
    Converted {
        markdown: usize,
        images: Vec<ImageHead>,
        warnings: Vec<String>,
    },
    Failed(ConvertError),
}

#[derive(Debug, Serialize, Deserialize)]
struct ImageHead {
    name: String,
    media_type: String,
    length: usize,
}

/// Sends a file.
pub(super) fn write_request(to: &mut impl Write, format: Format, bytes: &[u8]) -> io::Result<()> {
    write_head(
        to,
        &Request {
            format,
            length: bytes.len(),
        },
    )?;

    to.write_all(bytes)?;
    to.flush()
}

/// Receives a file; nothing when no more will come.
pub(super) fn read_request(from: &mut impl BufRead) -> io::Result<Option<(Format, Vec<u8>)>> {
    let Some(Request { format, length }) = read_head(from)? else {
        return Ok(None);
    };
    Ok(Some((format, read_exactly(from, length)?)))
}

/// Sends what became of a file.
pub(super) fn write_response(
    to: &mut impl Write,
    outcome: &Result<Converted, ConvertError>,
) -> io::Result<()> {
    match outcome {
        Ok(converted) => {
            let image = |image: &ImageFile| ImageHead {
                name: image.name.clone(),
                media_type: image.media_type.clone(),
                length: image.bytes.len(),
            };

            let images = converted.images.iter().map(image).collect();
            let warnings = converted.warnings.clone();
            write_head(
                to,
                &Response::Converted {
                    markdown: converted.markdown.len(),
                    images,
                    warnings,
                },
            )?;

            to.write_all(converted.markdown.as_bytes())?;
            for image in &converted.images {
                to.write_all(&image.bytes)?;
            }
        }
        Err(error) => write_head(to, &Response::Failed(error.clone()))?,
    }

    to.flush()
}

/// Receives what became of a file, of at most `most` bytes.
pub(super) fn read_response(
    from: &mut impl BufRead,
    most: usize,
) -> io::Result<Result<Converted, ConvertError>> {
    let head = read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (markdown, images, warnings) = match head {
        Response::Converted {
            markdown,
            images,
            warnings,
        } => (markdown, images, warnings),
        Response::Failed(error) => return Ok(Err(error)),
    };

    let total = images
        .iter()
        .fold(markdown, |sum, image| sum.saturating_add(image.length));

    if total > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the answer is too large",
        ));
    }

    let text = read_exactly(from, markdown)?;
    let markdown = String::from_utf8(text)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;

    let mut files = Vec::with_capacity(images.len());
    for ImageHead {
        name,
        media_type,
        length,
    } in images
    {
        files.push(ImageFile {
            name,
            media_type,
            bytes: read_exactly(from, length)?,
        });
    }

    Ok(Ok(Converted {
        markdown,
        images: files,
        warnings,
    }))
}

fn write_head(to: &mut impl Write, head: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    to.write_all(&line)
}

fn read_head<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    from.take(MAX_HEAD).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }

    Ok(Some(serde_json::from_slice(&line)?))
}

/// Grows as the bytes come: a length that is announced costs nothing yet.
fn read_exactly(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }

    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Converted {
        let image = |name: &str| ImageFile {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: vec![7; 9],
        };

        Converted {
            markdown: "# Bärge\n".to_owned(),
            images: vec![image("a.png"), image("b\n.png")],
            warnings: vec!["w".to_owned()],
        }
    }

    #[test]
    fn files_and_answers_arrive_as_they_were_sent() {
        let mut wire = Vec::new();
        write_request(&mut wire, Format::Pdf, b"%PDF\n\n").unwrap();
        write_request(&mut wire, Format::Html, b"").unwrap();
        let mut from = wire.as_slice();

        assert_eq!(
            read_request(&mut from).unwrap(),
            Some((Format::Pdf, b"%PDF\n\n".to_vec()))
        );
        assert_eq!(
            read_request(&mut from).unwrap(),
            Some((Format::Html, Vec::new()))
        );
        assert_eq!(read_request(&mut from).unwrap(), None);

        let mut wire = Vec::new();
        write_response(&mut wire, &Ok(sample())).unwrap();
        write_response(&mut wire, &Err(ConvertError("it is encrypted".to_owned()))).unwrap();
        let mut from = wire.as_slice();
        assert_eq!(read_response(&mut from, 1000).unwrap(), Ok(sample()));
        assert_eq!(
            read_response(&mut from, 1000).unwrap(),
            Err(ConvertError("it is encrypted".to_owned()))
        );
        assert!(read_response(&mut from, 1000).is_err());
    }

    #[test]
    fn an_answer_that_is_too_large_or_cut_is_refused() {
        let mut wire = Vec::new();
        write_response(&mut wire, &Ok(sample())).unwrap();
        assert!(read_response(&mut wire.as_slice(), 20).is_err());
        assert!(read_response(&mut &wire[..wire.len() - 1], 1000).is_err());
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

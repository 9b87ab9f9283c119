//! Files that are kept with documents, in points without vectors: each holds a part of one, short enough for a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_core::{
    AttachedFile, Attachment, AttachmentRole, ContentHash, IndexError, Scope, SourcePath,
};
use qdrant_client::qdrant::PointStruct;
use serde_json::json;
use uuid::Uuid;

use super::library::Library;
use super::point::{self, DOCUMENT, KIND, kind};
use super::server_error::ServerError;
use crate::facets;
use crate::prepare::Prepared;

/// Bytes of a file in one point.
const PART: usize = 1024 * 1024;
/// The field with those bytes, as base64.
const CONTENT: &str = "content";

/// The id of a part; the parts of all files of a document are counted together, from 0.
pub(super) fn part_id(source: &SourcePath, part: u32, hash: &ContentHash) -> Uuid {
    point::named(kind::FILE, &format!("{source}\0{part}\0{hash}"))
}

/// How many parts these files have.
pub(super) fn count<'a>(files: impl Iterator<Item = &'a Attachment>) -> u32 {
    files.map(parts_of).sum()
}

fn parts_of(file: &Attachment) -> u32 {
    u32::try_from(file.bytes.div_ceil(PART as u64)).unwrap_or(u32::MAX)
}

/// The points of a document's files.
pub(super) fn parts(document: &Prepared) -> Vec<PointStruct> {
    let source = &document.meta.source;
    let contents = document
        .attachments
        .iter()
        .flat_map(|file| file.content.chunks(PART));

    let point = |(part, content): (usize, &[u8])| {
        let payload = json!({
            KIND: kind::FILE,
            facets::SOURCE: source,
            DOCUMENT: document.hash,
            CONTENT: BASE64.encode(content),
        });

        point::bare(
            part_id(source, part as u32, &document.hash),
            point::map(payload),
        )
    };

    contents.enumerate().map(point).collect()
}

/// The ids of a file's parts, if the document has it.
fn ids(
    source: &SourcePath,
    hash: &ContentHash,
    files: &[Attachment],
    role: AttachmentRole,
    name: &str,
) -> Option<(Attachment, Vec<Uuid>)> {
    let place = files
        .iter()
        .position(|file| file.role == role && file.name == name)?;
    let first = count(files[..place].iter());
    let ids = (first..first + parts_of(&files[place]))
        .map(|part| part_id(source, part, hash))
        .collect();
    Some((files[place].clone(), ids))
}

impl Library {
    /// A file that is kept with a document.
    pub(super) async fn attachment(
        &self,
        source: &SourcePath,
        role: AttachmentRole,
        name: &str,
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, ServerError> {
        self.steady(|_view| async move {
            let Some(document) = self.document(source, scope).await? else {
                return Ok(None);
            };

            let Some((attachment, ids)) =
                ids(source, &document.hash, &document.attachments, role, name)
            else {
                return Ok(None);
            };

            let mut content = Vec::new();

            // One by one: several large answers at once would be too much for one message.
            for id in &ids {
                let found = self.points.get(&[*id], &[CONTENT], false).await?;
                let part = found
                    .first()
                    .and_then(|found| point::text(&found.payload, CONTENT));
                let part = part.and_then(|part| BASE64.decode(part).ok());

                content.extend(part.ok_or_else(|| {
                    ServerError::from(IndexError::Store(format!(
                        "a part of the file `{name}` of {source} is missing"
                    )))
                })?);
            }

            Ok(Some(AttachedFile {
                attachment,
                content,
            }))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(role: AttachmentRole, name: &str, bytes: usize) -> Attachment {
        AttachedFile::new(name, role, "image/png", vec![0; bytes]).attachment
    }

    #[test]
    fn parts_of_all_files_are_counted_together() {
        let files = [
            file(AttachmentRole::Image, "a.png", PART + 1),
            file(AttachmentRole::Image, "empty.png", 0),
            file(AttachmentRole::Original, "a.png", PART),
        ];

        assert_eq!(count(files.iter()), 3);
        let (source, hash) = ("a.md".parse().unwrap(), ContentHash::of("x"));
        let found = |role, name| ids(&source, &hash, &files, role, name).map(|(_, ids)| ids);
        let part = |part| part_id(&source, part, &hash);

        assert_eq!(
            found(AttachmentRole::Image, "a.png"),
            Some(vec![part(0), part(1)])
        );
        assert_eq!(found(AttachmentRole::Image, "empty.png"), Some(Vec::new()));
        assert_eq!(
            found(AttachmentRole::Original, "a.png"),
            Some(vec![part(2)])
        );
        assert_eq!(found(AttachmentRole::Image, "b.png"), None);
    }
}

//! Files attached to documents, stored in points without vectors. Each point holds a part of a file
//! that is small enough for one request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mcdewey_core::{
    AttachedFile, Attachment, AttachmentRole, ContentHash, IndexError, Scope, SourcePath,
};
use qdrant_client::qdrant::PointStruct;
use serde_json::json;
use uuid::Uuid;

use super::point::{self, DOCUMENT, KIND, kind};
use super::server_error::ServerError;
use super::shared::{Pin, Shared};
use crate::facets;
use crate::prepare::Prepared;

/// The most bytes of a file in one point.
const PART_BYTES: usize = 1024 * 1024;

/// The payload field with these bytes, as base64.
const CONTENT: &str = "content";

/// The id of a part. The parts of all files of a document are numbered together, from 0.
pub(super) fn part_id(source: &SourcePath, part: u32, hash: &ContentHash) -> Uuid {
    point::named_id(kind::FILE, &format!("{source}\0{part}\0{hash}"))
}

/// How many parts these files have together.
pub(super) fn count_parts<'a>(files: impl Iterator<Item = &'a Attachment>) -> u32 {
    files.map(parts_of).sum()
}

fn parts_of(file: &Attachment) -> u32 {
    u32::try_from(file.bytes.div_ceil(PART_BYTES as u64)).unwrap_or(u32::MAX)
}

/// The points of a document's files.
pub(super) fn part_points(document: &Prepared) -> Vec<PointStruct> {
    let source = &document.meta.source;
    document
        .attachments
        .iter()
        .flat_map(|file| file.content.chunks(PART_BYTES))
        .enumerate()
        .map(|(part, content)| {
            let payload = json!({
                KIND: kind::FILE,
                facets::SOURCE: source,
                DOCUMENT: document.hash,
                CONTENT: BASE64.encode(content),
            });

            point::point_without_vectors(
                part_id(source, part as u32, &document.hash),
                point::into_object(payload),
            )
        })
        .collect()
}

/// Finds a file among a document's files, and the ids of its parts.
fn find_file(
    source: &SourcePath,
    hash: &ContentHash,
    files: &[Attachment],
    role: AttachmentRole,
    name: &str,
) -> Option<(Attachment, Vec<Uuid>)> {
    let position = files
        .iter()
        .position(|file| file.role == role && file.name == name)?;
    let first = count_parts(files[..position].iter());
    let ids = (first..first + parts_of(&files[position]))
        .map(|part| part_id(source, part, hash))
        .collect();
    Some((files[position].clone(), ids))
}

impl Shared {
    /// Returns a file attached to a document.
    pub(super) async fn attachment(
        &self,
        pin: &Pin,
        source: &SourcePath,
        (role, name): (AttachmentRole, &str),
        scope: &Scope,
    ) -> Result<Option<AttachedFile>, ServerError> {
        self.read_pinned(pin, |replica| async move {
            let found = self.document_of(replica, source, scope).await?;
            let Some(document) = found.value() else {
                return Ok(found.map(|_| None));
            };

            let Some((attachment, ids)) =
                find_file(source, &document.hash, &document.attachments, role, name)
            else {
                return Ok(found.map(|_| None));
            };

            let mut content = Vec::new();

            // One request per part: a response with several parts could exceed the message limit.
            for id in &ids {
                let found = self.points.get(&[*id], &[CONTENT], false).await?;
                let part = found
                    .first()
                    .and_then(|found| point::text_field(&found.payload, CONTENT))
                    .and_then(|part| BASE64.decode(part).ok());

                content.extend(part.ok_or_else(|| {
                    ServerError::from(IndexError::Store(format!(
                        "a part of the file `{name}` of {source} is missing"
                    )))
                })?);
            }

            Ok(found.map(|_| {
                Some(AttachedFile {
                    attachment,
                    content,
                })
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
    fn parts_of_all_files_are_numbered_together() {
        let files = [
            file(AttachmentRole::Image, "a.png", PART_BYTES + 1),
            file(AttachmentRole::Image, "empty.png", 0),
            file(AttachmentRole::Original, "a.png", PART_BYTES),
        ];

        assert_eq!(count_parts(files.iter()), 3);
        let (source, hash) = ("a.md".parse().unwrap(), ContentHash::of("x"));
        let found = |role, name| find_file(&source, &hash, &files, role, name).map(|(_, ids)| ids);
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

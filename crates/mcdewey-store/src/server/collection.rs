//! One collection of a Qdrant server, and the requests that the index sends to it.

use std::collections::HashMap;

use qdrant_client::qdrant::with_payload_selector::SelectorOptions;
use qdrant_client::qdrant::{
    Condition, DeletePointsBuilder, FacetCountsBuilder, Filter, GetPointsBuilder,
    PayloadIncludeSelector, PointId, PointStruct, PointsIdsList, QueryBatchPointsBuilder,
    QueryPoints, ReadConsistencyType, RetrievedPoint, ScoredPoint, ScrollPointsBuilder,
    UpsertPointsBuilder, WriteOrdering, WriteOrderingType, facet_value, read_consistency,
};
use uuid::Uuid;

use super::connection::Server;
use super::schema::ReadConsistency;
use super::server_error::ServerError;
use crate::facets::Clause;

/// How many points one request of a scroll returns.
const SCROLL_PAGE: u32 = 512;

/// The most ids in one request.
const MAX_IDS: usize = 512;

/// The most points in one write request, and the most encoded bytes: the server logs a request as
/// one record.
const MAX_BATCH_POINTS: usize = 256;
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The most distinct values of a field that are counted.
const MAX_COUNTED_VALUES: u64 = 1_000_000;

#[derive(Debug, Clone)]
pub(super) struct Collection {
    pub(super) server: Server,
    pub(super) name: String,
    pub(super) read_consistency: ReadConsistency,
}

impl Collection {
    /// Returns points by id, in no particular order and without those that do not exist. Each has
    /// the given fields of its payload, or all if `fields` is empty.
    pub(super) async fn get(
        &self,
        ids: &[Uuid],
        fields: &[&str],
        vectors: bool,
    ) -> Result<Vec<RetrievedPoint>, ServerError> {
        let mut points = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_IDS) {
            let ids: Vec<PointId> = ids.iter().map(|id| id.to_string().into()).collect();
            let mut request = GetPointsBuilder::new(&self.name, ids)
                .with_payload(payload_selector(fields))
                .with_vectors(vectors);

            if let Some(consistency) = self.consistency() {
                request = request.read_consistency(consistency);
            }

            let request = request.build();
            let response = self.server.read(|client| {
                let request = request.clone();
                async move { client.get_points(request).await }
            });
            points.extend(response.await?.result);
        }

        Ok(points)
    }

    /// Returns all points that match the filter, each with the given fields of its payload, or all
    /// if `fields` is empty.
    pub(super) async fn scroll(
        &self,
        filter: &Filter,
        fields: &[&str],
    ) -> Result<Vec<RetrievedPoint>, ServerError> {
        let mut points = Vec::new();
        let mut offset: Option<PointId> = None;
        loop {
            let mut request = ScrollPointsBuilder::new(&self.name)
                .filter(filter.clone())
                .limit(SCROLL_PAGE)
                .with_payload(payload_selector(fields))
                .with_vectors(false);

            if let Some(offset) = offset {
                request = request.offset(offset);
            }

            if let Some(consistency) = self.consistency() {
                request = request.read_consistency(consistency);
            }

            let request = request.build();
            let response = self.server.read(|client| {
                let request = request.clone();
                async move { client.scroll(request).await }
            });
            let response = response.await?;
            points.extend(response.result);
            offset = response.next_page_offset;

            if offset.is_none() {
                return Ok(points);
            }
        }
    }

    /// Runs several queries in one request and returns the points found by each.
    pub(super) async fn query(
        &self,
        queries: Vec<QueryPoints>,
    ) -> Result<Vec<Vec<ScoredPoint>>, ServerError> {
        let mut request = QueryBatchPointsBuilder::new(&self.name, queries);
        if let Some(consistency) = self.consistency() {
            request = request.read_consistency(consistency);
        }

        let request = request.build();
        let response = self.server.read(|client| {
            let request = request.clone();
            async move { client.query_batch(request).await }
        });

        Ok(response
            .await?
            .result
            .into_iter()
            .map(|batch| batch.result)
            .collect())
    }

    /// Counts the points with each value of a field, exactly.
    pub(super) async fn count_by(&self, field: &str) -> Result<HashMap<String, u64>, ServerError> {
        let mut request = FacetCountsBuilder::new(&self.name, field)
            .limit(MAX_COUNTED_VALUES)
            .exact(true);

        if let Some(consistency) = self.consistency() {
            request = request.read_consistency(consistency);
        }

        let request = request.build();

        // Takes time in proportion to the size of the library, so it has the deadline of writes.
        let response = self
            .server
            .write(|client| async move { client.facet(request).await });

        // The server also lists values that no point has any more.
        let hits = response.await?.hits.into_iter().filter(|hit| hit.count > 0);
        Ok(hits
            .filter_map(|hit| match hit.value?.variant? {
                facet_value::Variant::StringValue(value) => Some((value, hit.count)),
                _ => None,
            })
            .collect())
    }

    /// Writes points and waits until they can be found.
    pub(super) async fn upsert(&self, points: Vec<PointStruct>) -> Result<(), ServerError> {
        for batch in batches(points) {
            let request = UpsertPointsBuilder::new(&self.name, batch)
                .wait(true)
                .build();
            self.server
                .write(|client| async move { client.upsert_points(request).await })
                .await?;
        }

        Ok(())
    }

    /// Writes points that decide what is visible. An existing point is replaced only if it matches
    /// `condition`.
    pub(super) async fn upsert_if(
        &self,
        points: Vec<PointStruct>,
        condition: &Filter,
    ) -> Result<(), ServerError> {
        for batch in batches(points) {
            let request = UpsertPointsBuilder::new(&self.name, batch)
                .wait(true)
                .ordering(ordering(WriteOrderingType::Strong))
                .update_filter(condition.clone())
                .build();
            self.server
                .write(|client| async move { client.upsert_points(request).await })
                .await?;
        }

        Ok(())
    }

    /// Deletes points by id.
    pub(super) async fn delete(&self, ids: &[Uuid]) -> Result<(), ServerError> {
        for ids in ids.chunks(MAX_IDS) {
            let ids = PointsIdsList {
                ids: ids.iter().map(|id| id.to_string().into()).collect(),
            };

            let request = DeletePointsBuilder::new(&self.name)
                .points(ids)
                .wait(true)
                .ordering(ordering(WriteOrderingType::Weak))
                .build();

            self.server
                .write(|client| async move { client.delete_points(request).await })
                .await?;
        }

        Ok(())
    }

    /// Deletes all points that match the filter.
    pub(super) async fn delete_where(&self, filter: Filter) -> Result<(), ServerError> {
        let request = DeletePointsBuilder::new(&self.name)
            .points(filter)
            .wait(true)
            .ordering(ordering(WriteOrderingType::Strong))
            .build();

        self.server
            .write(|client| async move { client.delete_points(request).await })
            .await?;
        Ok(())
    }

    /// How many replicas a read queries, if one is not enough.
    fn consistency(&self) -> Option<read_consistency::Value> {
        let kind = match self.read_consistency {
            ReadConsistency::One => return None,
            ReadConsistency::Majority => ReadConsistencyType::Majority,
            ReadConsistency::All => ReadConsistencyType::All,
        };
        Some(read_consistency::Value::Type(kind.into()))
    }
}

/// Converts the conditions of a scope to a filter; `None` matches every point.
pub(super) fn filter_from_clauses(clauses: &[Clause]) -> Option<Filter> {
    (!clauses.is_empty()).then(|| all_of(clauses))
}

fn all_of(clauses: &[Clause]) -> Filter {
    Filter::must(clauses.iter().map(condition))
}

fn condition(clause: &Clause) -> Condition {
    match clause {
        Clause::OneOf(field, values) => Condition::matches(*field, values.clone()),
        Clause::Any(groups) => {
            Filter::should(groups.iter().map(|group| Condition::from(all_of(group)))).into()
        }
    }
}

fn payload_selector(fields: &[&str]) -> SelectorOptions {
    if fields.is_empty() {
        return SelectorOptions::Enable(true);
    }
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    SelectorOptions::Include(PayloadIncludeSelector { fields })
}

/// Strong ordering makes all nodes apply writes in the same order, which the points that decide
/// what is visible need.
fn ordering(ordering: WriteOrderingType) -> WriteOrdering {
    WriteOrdering {
        r#type: ordering.into(),
    }
}

/// Splits points into batches of bounded number and size.
fn batches(points: Vec<PointStruct>) -> Vec<Vec<PointStruct>> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for point in points {
        let size = prost::Message::encoded_len(&point);
        if !batch.is_empty() && (batch.len() == MAX_BATCH_POINTS || bytes + size > MAX_BATCH_BYTES)
        {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(point);
    }

    if !batch.is_empty() {
        batches.push(batch);
    }

    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::point;
    use serde_json::json;

    #[test]
    fn batches_are_bounded_by_number_and_size() {
        let payload = |text: &str| {
            json!({"text": text})
                .as_object()
                .cloned()
                .unwrap_or_default()
        };

        let small = |id: u128| point::point_without_vectors(Uuid::from_u128(id), payload("x"));
        let sizes = |points| batches(points).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes((0..300).map(small).collect()), [256, 44]);
        let large = |id: u128| {
            point::point_without_vectors(
                Uuid::from_u128(id),
                payload(&"x".repeat(MAX_BATCH_BYTES / 2)),
            )
        };
        assert_eq!(sizes(vec![large(1), large(2), small(3)]), [1, 2]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }
}

//! One collection of a Qdrant server: the requests the index makes of it.

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
use super::schema::Reads;
use super::server_error::ServerError;
use crate::facets::Clause;

/// Points read at once when all are read.
const PAGE: u32 = 512;
/// Points asked for by id at once.
const IDS: usize = 512;
/// Points written at once at most, and bytes of text and vectors in them: the server logs such a batch in one record.
const BATCH_POINTS: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Values of one field that are counted at most.
const COUNTED: u64 = 1_000_000;

/// A collection by name.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    pub(super) server: Server,
    pub(super) name: String,
    /// How many replicas a read asks.
    pub(super) reads: Reads,
}

/// Whether other requests see a write in the order of the writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// One after the other, whatever node takes them: for the points that say what is visible.
    Strict,
    /// As they come.
    Any,
}

impl Collection {
    /// These points with these fields of their payload (all without any), in any order; unknown ones are left out.
    pub(super) async fn get(
        &self,
        ids: &[Uuid],
        fields: &[&str],
        vectors: bool,
    ) -> Result<Vec<RetrievedPoint>, ServerError> {
        let mut points = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let ids: Vec<PointId> = ids.iter().map(|id| id.to_string().into()).collect();
            let mut request = GetPointsBuilder::new(&self.name, ids)
                .with_payload(included(fields))
                .with_vectors(vectors);

            if let Some(consistency) = self.consistency() {
                request = request.read_consistency(consistency);
            }

            let request = request.build();
            let answer = self.server.read(|client| {
                let request = request.clone();
                async move { client.get_points(request).await }
            });
            points.extend(answer.await?.result);
        }

        Ok(points)
    }

    /// All points that pass, with these fields of their payload (all without any).
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
                .limit(PAGE)
                .with_payload(included(fields))
                .with_vectors(false);

            if let Some(offset) = offset {
                request = request.offset(offset);
            }

            if let Some(consistency) = self.consistency() {
                request = request.read_consistency(consistency);
            }

            let request = request.build();
            let answer = self.server.read(|client| {
                let request = request.clone();
                async move { client.scroll(request).await }
            });
            let answer = answer.await?;
            points.extend(answer.result);
            offset = answer.next_page_offset;

            if offset.is_none() {
                return Ok(points);
            }
        }
    }

    /// The answers of several queries, put in one request.
    pub(super) async fn query(
        &self,
        queries: Vec<QueryPoints>,
    ) -> Result<Vec<Vec<ScoredPoint>>, ServerError> {
        let mut request = QueryBatchPointsBuilder::new(&self.name, queries);
        if let Some(consistency) = self.consistency() {
            request = request.read_consistency(consistency);
        }

        let request = request.build();
        let answer = self.server.read(|client| {
            let request = request.clone();
            async move { client.query_batch(request).await }
        });

        Ok(answer
            .await?
            .result
            .into_iter()
            .map(|batch| batch.result)
            .collect())
    }

    /// How many points have each value of a field, exactly.
    pub(super) async fn count_by(&self, field: &str) -> Result<HashMap<String, u64>, ServerError> {
        let mut request = FacetCountsBuilder::new(&self.name, field)
            .limit(COUNTED)
            .exact(true);

        if let Some(consistency) = self.consistency() {
            request = request.read_consistency(consistency);
        }

        let request = request.build();

        // It takes as long as the library is large: the deadline of writes holds.
        let answer = self
            .server
            .write(|client| async move { client.facet(request).await });

        // The server lists values, too, that no point has any more.
        let hits = answer.await?.hits.into_iter().filter(|hit| hit.count > 0);
        let hits = hits.filter_map(|hit| match hit.value?.variant? {
            facet_value::Variant::StringValue(value) => Some((value, hit.count)),
            _ => None,
        });

        Ok(hits.collect())
    }

    /// Writes points and waits until they can be found.
    pub(super) async fn put(&self, points: Vec<PointStruct>) -> Result<(), ServerError> {
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

    /// Writes points that say what is visible, where there is none of their id or where it passes `only_over`.
    pub(super) async fn put_over(
        &self,
        points: Vec<PointStruct>,
        only_over: &Filter,
    ) -> Result<(), ServerError> {
        for batch in batches(points) {
            let request = UpsertPointsBuilder::new(&self.name, batch)
                .wait(true)
                .ordering(ordering(Order::Strict))
                .update_filter(only_over.clone())
                .build();
            self.server
                .write(|client| async move { client.upsert_points(request).await })
                .await?;
        }

        Ok(())
    }

    /// Takes points out.
    pub(super) async fn remove(&self, ids: &[Uuid]) -> Result<(), ServerError> {
        for ids in ids.chunks(IDS) {
            let ids = PointsIdsList {
                ids: ids.iter().map(|id| id.to_string().into()).collect(),
            };

            let request = DeletePointsBuilder::new(&self.name)
                .points(ids)
                .wait(true)
                .ordering(ordering(Order::Any))
                .build();

            self.server
                .write(|client| async move { client.delete_points(request).await })
                .await?;
        }

        Ok(())
    }

    /// Takes out all points that pass.
    pub(super) async fn remove_where(&self, filter: Filter) -> Result<(), ServerError> {
        let request = DeletePointsBuilder::new(&self.name)
            .points(filter)
            .wait(true)
            .ordering(ordering(Order::Strict))
            .build();

        self.server
            .write(|client| async move { client.delete_points(request).await })
            .await?;
        Ok(())
    }

    /// How many replicas a read asks, where one is not enough.
    fn consistency(&self) -> Option<read_consistency::Value> {
        let kind = match self.reads {
            Reads::One => return None,
            Reads::Majority => ReadConsistencyType::Majority,
            Reads::All => ReadConsistencyType::All,
        };
        Some(read_consistency::Value::Type(kind.into()))
    }
}

/// The conditions of a scope as this server takes them; `None` lets every point pass.
pub(super) fn filter(clauses: &[Clause]) -> Option<Filter> {
    (!clauses.is_empty()).then(|| all(clauses))
}

fn all(clauses: &[Clause]) -> Filter {
    Filter::must(clauses.iter().map(condition))
}

fn condition(clause: &Clause) -> Condition {
    match clause {
        Clause::OneOf(field, values) => Condition::matches(*field, values.clone()),
        Clause::Any(groups) => {
            Filter::should(groups.iter().map(|group| Condition::from(all(group)))).into()
        }
    }
}

fn included(fields: &[&str]) -> SelectorOptions {
    if fields.is_empty() {
        return SelectorOptions::Enable(true);
    }
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    SelectorOptions::Include(PayloadIncludeSelector { fields })
}

fn ordering(order: Order) -> WriteOrdering {
    let kind = match order {
        Order::Strict => WriteOrderingType::Strong,
        Order::Any => WriteOrderingType::Weak,
    };

    WriteOrdering {
        r#type: kind.into(),
    }
}

/// Points in batches of bounded number and size.
fn batches(points: Vec<PointStruct>) -> Vec<Vec<PointStruct>> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for point in points {
        let size = prost::Message::encoded_len(&point);
        if !batch.is_empty() && (batch.len() == BATCH_POINTS || bytes + size > BATCH_BYTES) {
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

        let small = |id: u128| point::bare(Uuid::from_u128(id), payload("x"));
        let sizes = |points| batches(points).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes((0..300).map(small).collect()), [256, 44]);
        let large =
            |id: u128| point::bare(Uuid::from_u128(id), payload(&"x".repeat(BATCH_BYTES / 2)));
        assert_eq!(sizes(vec![large(1), large(2), small(3)]), [1, 2]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }
}

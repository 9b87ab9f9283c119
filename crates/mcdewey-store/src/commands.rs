//! What the one writer of an index is asked for, and which commits are written together.

use std::collections::HashSet;

use mcdewey_core::{IndexError, LibraryDescription, Revision, RootName, SourcePath};
use tokio::sync::oneshot;

use crate::prepare::Prepared;

/// Passages in one group of commits at most, unless one document alone has more: bounds what is written at once.
const GROUP_PASSAGES: usize = 2_000;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, IndexError>>;

/// What the writer is asked for.
#[derive(Debug)]
pub(crate) enum Command {
    Commit(Box<Prepared>, Reply<Revision>),
    Remove(Vec<SourcePath>, Reply<Revision>),
    /// Only the index in a directory has it; a server's engine cleans up by itself.
    Erase(Vec<SourcePath>, Reply<Revision>),
    Describe(RootName, LibraryDescription, Reply<Revision>),
    Optimize(Reply<()>),
}

/// A document that waits to be written, and who waits for it.
pub(crate) type Waiting = (Box<Prepared>, Reply<Revision>);

/// The commits that wait already, as far as they can be written together: of documents whose chunk ids begin alike only
/// one. `next` gives the commands that wait; returns the one that comes after the group too.
pub(crate) fn collect(
    first: Waiting,
    mut next: impl FnMut() -> Option<Command>,
) -> (Vec<Waiting>, Option<Command>) {
    let mut passages = first.0.passages.len();
    let mut prefixes = HashSet::from([first.0.prefix.clone()]);

    let mut group = vec![first];
    while let Some(command) = next() {
        let Command::Commit(document, reply) = command else {
            return (group, Some(command));
        };
        passages += document.passages.len();
        if passages > GROUP_PASSAGES || !prefixes.insert(document.prefix.clone()) {
            return (group, Some(Command::Commit(document, reply)));
        }
        group.push((document, reply));
    }

    (group, None)
}

/// Answers a command; who no longer waits need not be told.
pub(crate) fn answer<T>(reply: Reply<T>, result: Result<T, impl Into<IndexError>>) {
    let _ = reply.send(result.map_err(Into::into));
}

/// Answers all commits of a group that failed.
pub(crate) fn answer_all(group: Vec<Waiting>, error: &IndexError) {
    for (_, reply) in group {
        answer(reply, Err::<Revision, _>(repeat(error)));
    }
}

/// The same error for each document of a group.
fn repeat(error: &IndexError) -> IndexError {
    match error {
        IndexError::Invalid(value) => IndexError::Invalid(value.clone()),
        IndexError::Unavailable(text) => IndexError::Unavailable(text.clone()),
        IndexError::NoSpace(text) => IndexError::NoSpace(text.clone()),
        IndexError::Store(text) => IndexError::Store(text.clone()),
    }
}

/// The answer of a writer that is gone.
pub(crate) fn stopped() -> IndexError {
    IndexError::Unavailable(
        "the store has stopped writing; restart the program, nothing committed is lost".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bm25::Bm25;
    use mcdewey_core::Embed;
    use mcdewey_core::testing::{SampleDocument, index_suite::embedder};

    fn waiting(source: &str, passages: usize) -> Waiting {
        let document = SampleDocument::new(source)
            .page(1, &vec!["canine"; passages])
            .build(&embedder());
        let prepared =
            Prepared::new(document, embedder().model().dimensions, &Bm25::default()).unwrap();
        (Box::new(prepared), oneshot::channel().0)
    }

    fn sources(group: &[Waiting]) -> Vec<&str> {
        group
            .iter()
            .map(|(document, _)| document.meta.source.as_str())
            .collect()
    }

    fn queue(commands: Vec<Command>) -> impl FnMut() -> Option<Command> {
        let mut commands = commands.into_iter();
        move || commands.next()
    }

    fn commit((document, reply): Waiting) -> Command {
        Command::Commit(document, reply)
    }

    #[test]
    fn waiting_commits_are_written_together() {
        let queue = queue(vec![commit(waiting("b.md", 1)), commit(waiting("c.md", 1))]);
        let (group, next) = collect(waiting("a.md", 1), queue);
        assert_eq!(sources(&group), ["a.md", "b.md", "c.md"]);
        assert!(next.is_none());
    }

    #[test]
    fn the_order_of_commands_is_kept() {
        let optimize = Command::Optimize(oneshot::channel().0);
        let queue = queue(vec![
            commit(waiting("b.md", 1)),
            optimize,
            commit(waiting("c.md", 1)),
        ]);

        let (group, next) = collect(waiting("a.md", 1), queue);
        assert_eq!(sources(&group), ["a.md", "b.md"]);
        assert!(matches!(next, Some(Command::Optimize(_))));
    }

    #[test]
    fn a_group_holds_a_document_once_and_is_bounded() {
        let again = queue(vec![commit(waiting("a.txt", 1))]);
        let (group, next) = collect(waiting("a.md", 1), again);
        assert_eq!((group.len(), next.is_some()), (1, true));
        let large = queue(vec![commit(waiting("b.md", GROUP_PASSAGES))]);
        let (group, next) = collect(waiting("a.md", 1), large);

        assert_eq!((group.len(), next.is_some()), (1, true));
    }
}

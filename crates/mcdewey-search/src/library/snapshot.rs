//! The library as one request sees it.

use std::sync::Arc;

use mcdewey_core::{IndexReader, IndexState, Scope, Visibility};
use tokio::sync::OnceCell;

use crate::library::integrity;
use crate::library::view::LibraryView;
use crate::{Library, QueryError};

/// The library at one state, as one caller sees it. A request makes one and reads everything it
/// needs from it.
pub struct LibrarySnapshot<'a> {
    pub(crate) library: &'a Library,
    reader: Arc<dyn IndexReader>,
    visibility: Visibility,
    view: OnceCell<Arc<LibraryView>>,
}

impl Library {
    /// Returns the library as it is now, for a caller who may see what `visibility` allows.
    pub async fn at(&self, visibility: &Visibility) -> Result<LibrarySnapshot<'_>, QueryError> {
        Ok(LibrarySnapshot {
            library: self,
            reader: self.index.reader().await?,
            visibility: visibility.clone(),
            view: OnceCell::new(),
        })
    }
}

impl LibrarySnapshot<'_> {
    /// The generation, revision and size of the library. Entity tags and cursors are valid for one
    /// state.
    pub fn state(&self) -> &IndexState {
        self.reader.state()
    }

    /// The error for something that is not in the library, as far as it is whole.
    pub(crate) fn not_found(&self, message: String) -> QueryError {
        let hint = integrity::not_found_hint(self.state().integrity);
        QueryError::NotFound(message + hint)
    }

    /// What the caller may see.
    pub(crate) fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    pub(crate) fn reader(&self) -> &dyn IndexReader {
        self.reader.as_ref()
    }

    /// The scope of everything the caller may see.
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            visibility: self.visibility.clone(),
            ..Scope::default()
        }
    }

    /// The metadata of the documents that the caller may see.
    pub(crate) async fn view(&self) -> Result<&LibraryView, QueryError> {
        let view = self
            .view
            .get_or_try_init(|| self.library.views.view(self.reader(), &self.visibility))
            .await?;
        Ok(view)
    }
}

//! What is recorded together with a change of an upload: the events that tell of it, and what its photo is
//! found by.

use std::collections::BTreeSet;

use crate::domain::news::News;
use crate::domain::search::{Term, terms_of};
use crate::domain::upload::Upload;

/// What goes with one stored change.
#[derive(Debug)]
pub(super) struct Changes {
    pub tenant: String,
    pub project: String,
    /// The upload's id.
    pub id: String,
    pub news: Vec<News>,
    /// `None` where they cannot have changed.
    pub terms: Option<BTreeSet<Term>>,
}

impl Changes {
    fn of(upload: &Upload) -> Self {
        let facts = upload.facts();
        let is_visible = upload.object().is_some() && upload.progress().deleted_at.is_none();
        Self {
            tenant: facts.tenant.to_string(),
            project: facts.project.to_string(),
            id: facts.id.to_string(),
            news: upload.news().to_vec(),
            // Without news nobody sees another photo than before.
            terms: (is_visible && !upload.news().is_empty()).then(|| terms_of(upload)),
        }
    }

    /// Of one that is about to be stored; `None` where there is nothing to record beside it.
    pub(super) fn if_any(upload: &Upload) -> Option<Self> {
        // Without news there are no new terms either.
        (!upload.news().is_empty()).then(|| Self::of(upload))
    }
}

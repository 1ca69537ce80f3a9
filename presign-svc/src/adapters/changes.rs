//! What is recorded together with a change of an upload: the events that tell of it, and what its photo is
//! found by.

use std::collections::BTreeSet;

use crate::domain::filter::taken_ms;
use crate::domain::news::News;
use crate::domain::photo_facts::PhotoFacts;
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
    pub terms: Option<Terms>,
}

/// What a photo is found by.
#[derive(Debug)]
pub(super) struct Terms {
    pub terms: BTreeSet<Term>,
    /// When it was taken by the camera's clock: each term has a list in that order, too.
    pub taken_ms: Option<i64>,
}

impl Terms {
    /// All of a verified upload.
    pub(super) fn of(upload: &Upload) -> Self {
        let metadata = upload.object().and_then(|object| object.metadata.as_ref());
        let taken_at = metadata.and_then(|metadata| PhotoFacts::of(metadata).taken_at);
        let taken_ms = taken_at.as_deref().and_then(taken_ms).map(|(local, _)| local);
        Self { terms: terms_of(upload), taken_ms }
    }
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
            terms: (is_visible && !upload.news().is_empty()).then(|| Terms::of(upload)),
        }
    }

    /// Of one that is about to be stored; `None` where there is nothing to record beside it.
    pub(super) fn if_any(upload: &Upload) -> Option<Self> {
        // Without news there are no new terms either.
        (!upload.news().is_empty()).then(|| Self::of(upload))
    }
}

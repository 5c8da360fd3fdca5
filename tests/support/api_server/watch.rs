//! Open watches: they deliver the history and then wait, so that a paused clock can advance meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::resources::Kind;
use super::selection::Selection;
use super::store::Change;
use super::view::View;
use super::{Shared, State};

/// A real server sends a bookmark about once a minute.
const BOOKMARK_PERIOD: Duration = Duration::from_mins(1);

/// What tests do to all watches.
#[derive(Debug)]
pub struct Control {
    /// Watches of an older epoch end.
    epoch: u64,
    ending: Ending,
    pub frozen: Frozen,
    pub bookmarks: bool,
    pub open: BTreeMap<Kind, usize>,
}

/// Which watches are held back.
#[derive(Debug, Clone, Copy)]
pub enum Frozen {
    Nothing,
    Only(Kind),
    All,
}

impl Frozen {
    fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(frozen) => frozen == kind,
            Self::All => true,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Orderly,
    Gone,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            epoch: 0,
            ending: Ending::Orderly,
            frozen: Frozen::Nothing,
            bookmarks: true,
            open: BTreeMap::new(),
        }
    }
}

impl Control {
    pub fn close(&mut self) {
        self.epoch += 1;
        self.ending = Ending::Orderly;
    }

    pub fn expire(&mut self) {
        self.epoch += 1;
        self.ending = Ending::Gone;
    }
}

/// What a watch request asks for.
#[derive(Debug)]
pub struct Start {
    pub selection: Selection,
    pub view: View,
    /// None: begin with all present objects.
    pub revision: Option<u64>,
    /// Begin with all present objects and mark where they end.
    pub initial_events: bool,
    pub bookmarks: bool,
    pub timeout: Duration,
}

struct Watch {
    shared: Arc<Shared>,
    changed: Receiver<u64>,
    selection: Selection,
    view: View,
    position: u64,
    epoch: u64,
    /// To be delivered before anything of the history.
    pending: VecDeque<Value>,
    next_bookmark: Option<Instant>,
    ends: Instant,
    over: bool,
}

enum Step {
    Deliver(Value),
    DeliverLast(Value),
    Wait,
    End,
}

pub fn open(
    shared: &Arc<Shared>,
    start: Start,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
    let Start {
        selection,
        view,
        revision,
        initial_events,
        bookmarks,
        timeout,
    } = start;
    let mut state = shared.lock();
    let mut pending = VecDeque::new();
    if initial_events || revision.is_none() {
        let objects = state.store.list(selection.resource, &selection.namespace);
        let added = objects.into_iter().filter(|object| selection.takes(object));
        pending.extend(added.map(|object| view.event("ADDED", &object)));
    }
    if initial_events {
        pending.push_back(bookmark(&selection, view, state.store.revision(), true));
    }
    let position = match revision {
        Some(revision) if !initial_events => revision,
        Some(_) | None => state.store.revision(),
    };
    *state
        .watches
        .open
        .entry(selection.resource.kind)
        .or_default() += 1;
    let epoch = state.watches.epoch;
    drop(state);
    let now = Instant::now();
    let watch = Watch {
        changed: shared.changed.subscribe(),
        shared: Arc::clone(shared),
        selection,
        view,
        position,
        epoch,
        pending,
        next_bookmark: bookmarks.then(|| now + BOOKMARK_PERIOD),
        ends: now + timeout,
        over: false,
    };
    stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        let line = format!("{event}\n");
        Some((Ok(Bytes::from(line)), watch))
    })
}

impl Watch {
    async fn next(&mut self) -> Option<Value> {
        loop {
            self.changed.mark_unchanged();
            match self.step() {
                Step::Deliver(event) => return Some(event),
                Step::DeliverLast(event) => {
                    self.over = true;
                    return Some(event);
                }
                Step::End => return None,
                Step::Wait => {}
            }
            let wake = self
                .next_bookmark
                .map_or(self.ends, |bookmark| bookmark.min(self.ends));
            tokio::select! {
                _ = self.changed.changed() => {}
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn step(&mut self) -> Step {
        let shared = Arc::clone(&self.shared);
        let state = shared.lock();
        let State { store, watches, .. } = &*state;
        if self.over || Instant::now() >= self.ends {
            return Step::End;
        }
        if watches.epoch != self.epoch {
            return match watches.ending {
                Ending::Orderly => Step::End,
                Ending::Gone => Step::DeliverLast(gone()),
            };
        }
        if watches.frozen.holds(self.selection.resource.kind) {
            self.next_bookmark = self.next_bookmark.map(|_| Instant::now() + BOOKMARK_PERIOD);
            return Step::Wait;
        }
        if let Some(event) = self.pending.pop_front() {
            return Step::Deliver(event);
        }
        if !store.remembers(self.position) {
            return Step::DeliverLast(gone());
        }
        if let Some(change) =
            store.change_after(self.position, |change| self.selection.takes_change(change))
        {
            let Change {
                revision,
                kind,
                object,
                ..
            } = change;
            self.position = *revision;
            return Step::Deliver(self.view.event(kind, object));
        }
        if self.next_bookmark.is_some_and(|due| Instant::now() >= due) {
            self.next_bookmark = Some(Instant::now() + BOOKMARK_PERIOD);
            if watches.bookmarks {
                self.position = store.revision();
                let bookmark = bookmark(&self.selection, self.view, self.position, false);
                return Step::Deliver(bookmark);
            }
        }
        Step::Wait
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock()
            && let Some(open) = state.watches.open.get_mut(&self.selection.resource.kind)
        {
            *open -= 1;
        }
    }
}

fn bookmark(selection: &Selection, view: View, revision: u64, initial_events_end: bool) -> Value {
    let resource = selection.resource;
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if initial_events_end {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object =
        json!({"apiVersion": resource.api_version, "kind": resource.name, "metadata": metadata});
    view.event("BOOKMARK", &object)
}

fn gone() -> Value {
    let message = "too old resource version";
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {},
        "status": "Failure", "reason": "Expired", "code": 410, "message": message,
    });
    json!({"type": "ERROR", "object": status})
}

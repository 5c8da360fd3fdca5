//! Who is worked on next, fairly: namespaces take turns, and none can take every place.
//!
//! A namespace with thousands of objects, or with clusters that do not answer, must not keep the others waiting.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Places to work at.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    places: usize,
    /// Most places of one namespace.
    share: usize,
    taken: usize,
    /// By namespace; none of them is zero.
    taken_by: HashMap<String, usize>,
    /// By namespace; none of them is empty.
    waiting: HashMap<String, VecDeque<oneshot::Sender<Place>>>,
    /// The namespaces that wait, the next one first.
    round: VecDeque<String>,
    closed: bool,
}

/// A place that is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    /// Whose; `None` when it was given back already.
    namespace: Option<String>,
    turns: Turns,
}

impl Turns {
    /// So many places in all, of which one namespace may take three quarters.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = places.max(1);
        Self(Arc::new(Mutex::new(State {
            places,
            share: (places - places / 4).max(1),
            taken: 0,
            taken_by: HashMap::new(),
            waiting: HashMap::new(),
            round: VecDeque::new(),
            closed: false,
        })))
    }

    /// Waits for a place for an object of `namespace`; `None` once they are closed.
    pub async fn take(&self, namespace: &str) -> Option<Place> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.closed {
                return None;
            }
            state.line_up(namespace, sender);
        }
        self.call_next();
        receiver.await.ok()
    }

    /// Nobody gets a place any more; those who wait are sent away.
    pub fn close(&self) {
        let sent_away = {
            let mut state = self.lock();
            state.closed = true;
            state.round.clear();
            std::mem::take(&mut state.waiting)
        };
        drop(sent_away);
    }

    /// Hands out places as long as somebody may have one.
    fn call_next(&self) {
        loop {
            let Some((namespace, sender)) = self.lock().next() else {
                return;
            };
            let place = Place {
                namespace: Some(namespace),
                turns: self.clone(),
            };
            // Who waits no more gets none. The next one is called here, not from the place's end: thousands may have
            // gone, and each would call the next from within its own.
            if let Err(unwanted) = sender.send(place) {
                unwanted.give_back();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn give_back(mut self) {
        if let Some(namespace) = self.namespace.take() {
            self.turns.lock().free(&namespace);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(namespace) = self.namespace.take() {
            self.turns.lock().free(&namespace);
            self.turns.call_next();
        }
    }
}

impl State {
    fn line_up(&mut self, namespace: &str, sender: oneshot::Sender<Place>) {
        let line = self.waiting.entry(namespace.to_owned()).or_default();
        if line.is_empty() {
            self.round.push_back(namespace.to_owned());
        }
        line.push_back(sender);
    }

    /// Takes a place for whoever is next, if there is a place for one who waits.
    fn next(&mut self) -> Option<(String, oneshot::Sender<Place>)> {
        if self.taken >= self.places {
            return None;
        }
        let index = self.round.iter().position(|namespace| {
            self.taken_by.get(namespace).copied().unwrap_or(0) < self.share
        })?;
        let namespace = self.round.remove(index)?;
        let line = self.waiting.get_mut(&namespace)?;
        let sender = line.pop_front()?;
        if line.is_empty() {
            self.waiting.remove(&namespace);
        } else {
            self.round.push_back(namespace.clone());
        }
        self.taken += 1;
        *self.taken_by.entry(namespace.clone()).or_default() += 1;
        Some((namespace, sender))
    }

    fn free(&mut self, namespace: &str) {
        self.taken = self.taken.saturating_sub(1);
        if let Some(taken) = self.taken_by.get_mut(namespace) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.taken_by.remove(namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests;

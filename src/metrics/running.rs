//! Owns the account of the reconciles under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::Metrics;
use super::labels::{ReconcileResult, THIS_CONTROLLER};

/// A reconcile under way. Dropped unfinished (the process is stopping), it leaves no result behind.
#[derive(Debug)]
pub struct ReconcileGuard {
    metrics: Arc<Metrics>,
    ticket: u64,
    started: Instant,
}

impl ReconcileGuard {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        let started = Instant::now();
        let ticket = metrics.running.enter(started);
        metrics.active.get_or_create(&THIS_CONTROLLER).inc();
        Self {
            metrics,
            ticket,
            started,
        }
    }

    /// The reconcile ended like this.
    pub fn finish(self, result: ReconcileResult) {
        self.metrics
            .reconcile_finished(result, self.started.elapsed());
    }
}

impl Drop for ReconcileGuard {
    fn drop(&mut self) {
        self.metrics.running.leave(self.ticket);
        self.metrics.active.get_or_create(&THIS_CONTROLLER).dec();
    }
}

/// When each reconcile under way began.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<Tickets>);

#[derive(Debug, Default)]
struct Tickets {
    next: u64,
    started: HashMap<u64, Instant>,
}

impl Running {
    fn enter(&self, started: Instant) -> u64 {
        let mut tickets = self.tickets();
        let ticket = tickets.next;
        tickets.next = ticket.wrapping_add(1);
        tickets.started.insert(ticket, started);
        ticket
    }

    fn leave(&self, ticket: u64) {
        self.tickets().started.remove(&ticket);
    }

    /// Seconds so far: of all together, and of the longest.
    pub(super) fn seconds(&self) -> (f64, f64) {
        self.tickets()
            .started
            .values()
            .map(|started| started.elapsed().as_secs_f64())
            .fold((0.0, 0.0), |(sum, longest), age| {
                (sum + age, age.max(longest))
            })
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

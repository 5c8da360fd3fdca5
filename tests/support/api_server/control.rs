//! What a test does to the requests and watches of the clients.

use super::faults::{Fault, Faults, Verb};
use super::resources::Kind;
use super::{FakeApi, watch};

impl FakeApi {
    /// The next request with this verb suffers `fault`. Several faults are used up in order.
    pub fn fault_next(&self, verb: Verb, fault: Fault) {
        self.fault_next_on(verb.own_kind(), verb, fault);
    }

    /// The next request with this verb about this kind suffers `fault`.
    pub fn fault_next_on(&self, kind: Kind, verb: Verb, fault: Fault) {
        self.lock().faults.next(kind, verb, fault);
    }

    /// The next request with this verb is refused with this HTTP status; nothing is applied.
    pub fn fail_next(&self, verb: Verb, code: u16) {
        self.fault_next(verb, Fault::Refuse(code));
    }

    /// The next request with this verb gets no answer; nothing is applied.
    pub fn hang_next(&self, verb: Verb) {
        self.fault_next(verb, Fault::Hang);
    }

    /// The next request with this verb is applied and its answer is lost.
    pub fn lose_answer_next(&self, verb: Verb) {
        self.fault_next(verb, Fault::LoseAnswer);
    }

    /// Every request with this verb suffers `fault` until [`FakeApi::heal`].
    pub fn fault_always(&self, verb: Verb, fault: Fault) {
        self.fault_always_on(verb.own_kind(), verb, fault);
    }

    /// Every request with this verb about this kind suffers `fault` until [`FakeApi::heal`].
    pub fn fault_always_on(&self, kind: Kind, verb: Verb, fault: Fault) {
        self.lock().faults.always(kind, verb, fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.lock().faults = Faults::default();
    }

    /// Ends every open watch in an orderly way, as a restarting server does.
    pub fn close_watches(&self) {
        self.steer(watch::Control::close);
    }

    /// Ends every open watch with 410 Gone and forgets the history, so that a new list is needed.
    pub fn expire_watches(&self) {
        let mut state = self.lock();
        state.store.compact();
        state.watches.expire();
        drop(state);
        self.shared.tick();
    }

    /// Holds back all events and bookmarks, while requests are still answered: a cache that lags behind.
    pub fn freeze_watches(&self) {
        self.steer(|control| control.frozen = watch::Frozen::All);
    }

    /// The same for the watches of one kind; those of the others go on.
    pub fn freeze_watches_on(&self, kind: Kind) {
        self.steer(|control| control.frozen = watch::Frozen::Only(kind));
    }

    /// Delivers what was held back, and what comes.
    pub fn thaw_watches(&self) {
        self.steer(|control| control.frozen = watch::Frozen::Nothing);
    }

    /// Whether clients that ask for bookmarks get one a minute (the default) or none.
    pub fn send_bookmarks(&self, send: bool) {
        self.steer(|control| control.bookmarks = send);
    }

    /// How many watches are open on `AttachedDatabase`.
    pub fn open_watches(&self) -> usize {
        self.open_watches_on(Kind::AttachedDatabase)
    }

    /// How many watches are open on this kind.
    pub fn open_watches_on(&self, kind: Kind) -> usize {
        let state = self.lock();
        state.watches.open.get(&kind).copied().unwrap_or_default()
    }

    fn steer(&self, steer: impl FnOnce(&mut watch::Control)) {
        steer(&mut self.lock().watches);
        self.shared.tick();
    }
}

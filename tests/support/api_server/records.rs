//! What the server remembers of its clients, for tests to judge.

use serde_json::Value;

use super::FakeApi;
use super::faults::Verb;
use super::resources::{ATTACHED_DATABASES, EVENTS, Kind};
use super::serve::Request;

impl FakeApi {
    /// Every version of every `AttachedDatabase`, oldest first, back to the last [`FakeApi::expire_watches`]; one that
    /// went is there as it was last.
    pub fn versions(&self) -> Vec<Value> {
        self.lock().store.versions(ATTACHED_DATABASES)
    }

    /// Every request of the clients, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// How many requests with this verb arrived, those that failed included.
    pub fn count(&self, verb: Verb) -> usize {
        self.count_on(verb.own_kind(), verb)
    }

    /// How many requests with this verb about this kind arrived, those that failed included.
    pub fn count_on(&self, kind: Kind, verb: Verb) -> usize {
        self.lock()
            .requests
            .iter()
            .filter(|request| (request.kind, request.verb) == (kind, verb))
            .count()
    }

    /// How many requests of the clients would change an `AttachedDatabase` or its status.
    pub fn writes(&self) -> usize {
        self.lock()
            .requests
            .iter()
            .filter(|request| request.kind == Kind::AttachedDatabase && request.verb.is_write())
            .count()
    }

    /// Empties the log of requests.
    pub fn forget_requests(&self) {
        self.lock().requests.clear();
    }

    /// The events that were published, oldest first.
    pub fn events(&self) -> Vec<Value> {
        let mut events = self.lock().store.list(EVENTS, "");
        events.sort_by_key(|event| {
            event["metadata"]["resourceVersion"]
                .as_str()
                .and_then(|text| text.parse::<u64>().ok())
        });
        events
    }

    /// Every token of a service account that was issued, oldest first, those whose answer was lost included.
    pub fn issued_assertions(&self) -> Vec<String> {
        self.lock().assertions.clone()
    }

    /// All that can be read of what the clients wrote, as one text: every version of every `AttachedDatabase`, with its
    /// status, and of every event, and every request of theirs that was no read, applied or not, served or not. Neither
    /// [`FakeApi::forget_requests`] nor [`FakeApi::expire_watches`] takes anything from it.
    ///
    /// What this server answers is not in it, tokens least of all.
    pub fn output(&self) -> String {
        let state = self.lock();
        let versions = [ATTACHED_DATABASES, EVENTS]
            .into_iter()
            .flat_map(|resource| state.store.all_versions(resource))
            .map(Value::to_string);
        let lines: Vec<String> = versions.chain(state.written.iter().cloned()).collect();
        lines.join("\n")
    }
}

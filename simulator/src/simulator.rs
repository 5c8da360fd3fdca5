//! The simulator as one value: the shared state behind a lock, and what tests and routes do with it.

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::arm;
use crate::auth::{self, Grant, Principal, Tokens};
use crate::clock::later;
use crate::document::DocumentError;
use crate::faults::{Act, ErrorForm, Faults, InjectedOperation};
use crate::inbound::Inbound;
use crate::journal::{Journal, JournalEntry, Show};
use crate::options::Options;
use crate::reply::Reply;
use crate::secrets::Secrets;
use crate::service::SimulatorService;
use crate::state::State;
use crate::throttle::Throttle;
use crate::world::{World, WorldError};

/// A simulated Azure. Clones share one state.
#[derive(Debug, Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    live: Mutex<Live>,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) state: State,
    pub(crate) tokens: Tokens,
    pub(crate) throttle: Throttle,
    faults: Faults,
    journal: Journal,
}

/// A call that has been entered in the journal.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) sequence: u64,
    pub(crate) act: Option<Act>,
}

impl Simulator {
    /// A simulator of `world`.
    #[must_use]
    pub fn new(world: World, options: Options) -> Self {
        let live = Live {
            state: State::new(world, options.clock.now()),
            tokens: Tokens::default(),
            throttle: Throttle::default(),
            faults: Faults::default(),
            journal: Journal::new(options.journal_capacity),
        };
        Self {
            shared: Arc::new(Shared {
                options,
                live: Mutex::new(live),
            }),
        }
    }

    /// The simulator as a tower service, for calls without a socket.
    #[must_use]
    pub fn service(&self) -> SimulatorService {
        SimulatorService::new(self.clone())
    }

    /// The world as it is now, in the shape of a world file. Finished operations are applied first.
    #[must_use]
    pub fn world(&self) -> Value {
        let mut live = self.live();
        live.state.settle(self.now());
        serde_json::to_value(live.state.world()).unwrap_or_default()
    }

    /// Merges `patch` into the world: elements by id, null removes a field, `{"id": …, "$delete": true}` an element.
    ///
    /// # Errors
    /// [`WorldError`] when the patch or the world it would make is wrong; nothing is changed then.
    pub fn patch_world(&self, patch: Value) -> Result<(), WorldError> {
        let now = self.now();
        let mut live = self.live();
        live.state.settle(now);
        let current = serde_json::to_value(live.state.world())
            .map_err(|error| WorldError::Yaml(Box::new(error)))?;
        let world = World::patched(current, patch)?;
        live.state.replace(world, now);
        Ok(())
    }

    /// Arms a fault and gives its name; the shape is that of `POST /_sim/faults`.
    ///
    /// # Errors
    /// [`DocumentError`] names the field that is wrong.
    pub fn arm_fault(&self, fault: Value) -> Result<String, DocumentError> {
        self.live().faults.arm(fault)
    }

    /// Disarms the fault called `name`, or all; gives how many were disarmed.
    #[allow(
        clippy::must_use_candidate,
        reason = "called for its effect; the count is a courtesy"
    )]
    pub fn disarm_faults(&self, name: Option<&str>) -> usize {
        self.live().faults.disarm(name)
    }

    /// The armed faults with the counts of calls seen and hit.
    #[must_use]
    pub fn faults(&self) -> Value {
        self.live().faults.shown()
    }

    /// Every ARM call so far, in the order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.live().journal.entries(Show::Arm)
    }

    /// Every ARM and token call so far, in the order of arrival.
    #[must_use]
    pub fn journal_with_tokens(&self) -> Vec<JournalEntry> {
        self.live().journal.entries(Show::ArmAndTokens)
    }

    /// Forgets the calls so far.
    pub fn clear_journal(&self) {
        self.live().journal.clear();
    }

    /// Writes every ARM call from now on to `file`, one JSON object a line.
    pub fn write_journal_to(&self, file: File) {
        self.live().journal.write_to(file);
    }

    /// Every token, assertion and client secret that was issued by or shown to the simulator so far.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        self.live().tokens.secrets().clone()
    }

    /// Issues a token for `client_id` and `audience` (without `/.default`), as the token route would.
    #[must_use]
    pub fn mint_token(&self, client_id: &str, audience: &str) -> String {
        let options = &self.shared.options;
        let mut live = self.live();
        let now = self.now();
        let principal = Principal::of(&live.state, client_id, &options.tenant_id);
        let grant = Grant {
            principal,
            audience: audience.trim_end_matches('/').to_owned(),
            claims: None,
            expires: later(now, options.token_lifetime),
        };
        live.tokens.mint(now, grant)
    }

    /// Enters a call in the journal and finds the fault that hits it.
    pub(crate) fn admit(&self, call: &Inbound) -> Admitted {
        let now = self.now();
        let mut live = self.live();
        let token_call = auth::is_route(call);
        live.tokens.shown(call, token_call);
        let caller = if token_call {
            auth::asking_client(&self.shared.options, call)
        } else {
            call.bearer()
                .and_then(|token| live.tokens.grant(token))
                .map(|grant| grant.principal.client_id.clone())
        };
        let (fault, act) = live.faults.hit(call, caller.as_deref()).unzip();
        let sequence = live.journal.open(call, token_call, caller, fault, now);
        Admitted { sequence, act }
    }

    /// Lets the call with the journal's number `sequence` take effect and gives its own answer.
    pub(crate) fn process(
        &self,
        sequence: u64,
        call: &Inbound,
        injected: Option<&InjectedOperation>,
    ) -> Reply {
        let now = self.now();
        let options = &self.shared.options;
        let mut live = self.live();
        let Live { state, tokens, .. } = &mut *live;
        if let Some(reply) = auth::answer(tokens, state, options, call, now) {
            return reply;
        }
        let (reply, checks) = arm::answer(&mut live, options, call, now, injected);
        live.journal.checked(sequence, checks);
        reply
    }

    /// The form of errors on the route that was called.
    pub(crate) fn error_form(call: &Inbound) -> ErrorForm {
        if auth::is_route(call) {
            ErrorForm::OAuth
        } else {
            ErrorForm::Arm
        }
    }

    /// Adds ARM's tracing headers to an answer that a fault gives in ARM's place.
    pub(crate) fn traced(&self, call: &Inbound, reply: Reply) -> Reply {
        if auth::is_route(call) {
            return reply;
        }
        arm::traced(reply, call, self.now())
    }

    pub(crate) fn close(&self, sequence: u64, applied: bool, reply: Option<&Reply>) {
        self.live().journal.close(sequence, applied, reply);
    }

    fn now(&self) -> Timestamp {
        self.shared.options.clock.now()
    }

    /// A panic while the lock was held leaves at worst one call half applied: a test still wants to look.
    fn live(&self) -> MutexGuard<'_, Live> {
        self.shared
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

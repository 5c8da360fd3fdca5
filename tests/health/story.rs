//! Stories of objects on virtual time, told for the statuses that are written on the way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use crate::harness::{Harness, attached_database, world};

type Telling = Pin<Box<dyn Future<Output = Harness>>>;

/// One run of the operator.
pub(crate) struct Story {
    name: String,
    tell: Box<dyn FnOnce() -> Telling + Send>,
}

impl Story {
    /// The story that `tell` tells; it ends by giving its harness back.
    pub(crate) fn new<Tale>(
        name: impl Into<String>,
        tell: impl FnOnce() -> Tale + Send + 'static,
    ) -> Self
    where
        Tale: Future<Output = Harness> + 'static,
    {
        Self {
            name: name.into(),
            tell: Box::new(move || Box::pin(tell())),
        }
    }

    /// Something goes wrong at every stage of an object's life, lasts until somebody has to act where anybody has to, and
    /// ends.
    pub(crate) fn ordeal(name: impl Into<String>, trouble: Trouble) -> Self {
        Self::new(name, move || endure(trouble))
    }

    /// Every version of every object of the story.
    fn run(self) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let harness = (self.tell)().await;
            harness.api.versions()
        })
    }
}

/// Tells all stories, as many at once as there are processors, and gives every version of every object.
pub(crate) fn tell(stories: Vec<Story>) -> Vec<Value> {
    let queue = Mutex::new(stories.into_iter());
    let (versions, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let next = queue.lock().unwrap().next();
            let Some(story) = next else { break };
            let name = story.name.clone();
            match catch_unwind(AssertUnwindSafe(|| story.run())) {
                Ok(told) => versions.lock().unwrap().extend(told),
                Err(_) => failed.lock().unwrap().push(name),
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "these stories failed, see above: {failed:#?}"
    );
    versions.into_inner().unwrap()
}

type Step = Box<dyn Fn(&Harness) + Send>;

/// What goes wrong in an ordeal.
pub(crate) struct Trouble {
    start: Box<dyn FnOnce() -> Harness + Send>,
    object: Value,
    begin: Step,
    end: Step,
}

impl Trouble {
    /// Trouble of the object `sales`, which begins and ends so.
    pub(crate) fn new(
        begin: impl Fn(&Harness) + Send + 'static,
        end: impl Fn(&Harness) + Send + 'static,
    ) -> Self {
        Self {
            start: Box::new(Harness::start),
            object: attached_database("sales"),
            begin: Box::new(begin),
            end: Box::new(end),
        }
    }

    /// The same in an Azure with other options.
    pub(crate) fn with(self, options: Options) -> Self {
        self.starting(move || Harness::start_with(&world(), options))
    }

    /// The same in another world.
    pub(crate) fn starting(self, start: impl FnOnce() -> Harness + Send + 'static) -> Self {
        Self {
            start: Box::new(start),
            ..self
        }
    }

    /// The same of another object of that name.
    pub(crate) fn of(self, object: Value) -> Self {
        Self { object, ..self }
    }
}

/// Longer than the operator is patient with anything (half an hour).
const LONG: Duration = Duration::from_mins(35);

/// Longer than it is patient with most things (five minutes). The rest is the same at every stage.
const SHORT: Duration = Duration::from_mins(7);

/// From here on nothing is logged, as long as this is held: the log is of no use to a long story, and to write it is half
/// of the work.
pub(crate) fn quiet() -> DefaultGuard {
    tracing::subscriber::set_default(NoSubscriber::default())
}

async fn endure(trouble: Trouble) -> Harness {
    let harness = (trouble.start)();
    let _quiet = quiet();
    let last = async |time| {
        harness.pass(time).await;
        (trouble.end)(&harness);
    };
    (trouble.begin)(&harness);
    harness.api.create(trouble.object);
    last(LONG).await;
    harness.until_ready("sales").await;

    let drift = json!({"defaultPrincipalsModificationKind": "Replace"});
    harness.edit_in_portal("sales", &drift);
    (trouble.begin)(&harness);
    last(SHORT).await;
    harness.until_ready("sales").await;

    (trouble.begin)(&harness);
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    });
    last(SHORT).await;
    harness.until_ready("sales").await;

    (trouble.begin)(&harness);
    harness.api.delete("analytics", "sales");
    last(SHORT).await;
    harness.until_gone("sales").await;
    harness
}

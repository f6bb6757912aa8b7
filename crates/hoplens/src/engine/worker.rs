//! The thread that owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::engine::account::Account;
use crate::engine::error::EngineError;
use crate::engine::fault;
use crate::engine::queue::Priority;
use crate::engine::queue::{Job, Load, Queue};
use crate::engine::status::ModelStatus;
use hoplens_runtime::{Cancel, Model};

/// The answer to a job, when it comes.
pub type Answer<T> = oneshot::Receiver<Result<T, EngineError>>;

/// Called with every change of the model's state, on the engine's thread.
type OnStatus = Box<dyn Fn(&ModelStatus) + Send>;

/// The only door to the model.
pub struct Engine {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    status: Mutex<ModelStatus>,
}

impl Engine {
    /// Starts the thread, without a model.
    ///
    /// # Errors
    /// The system refused a thread.
    pub fn start(on_status: impl Fn(&ModelStatus) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            status: Mutex::new(ModelStatus::Absent("no model was asked for".into())),
        });
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("model".into())
            .spawn(move || run(&worker, &(Box::new(on_status) as OnStatus)))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The state of the model.
    pub fn status(&self) -> ModelStatus {
        lock(&self.shared.status).clone()
    }

    /// Says that there is no model and why, until one is loaded.
    pub fn set_absent(&self, reason: impl Into<String>) {
        *lock(&self.shared.status) = ModelStatus::Absent(reason.into());
    }

    /// Says that there is no model and will be none, and why; what waits for one is told so.
    pub fn set_failed(&self, reason: impl Into<String>) {
        *lock(&self.shared.status) = ModelStatus::Failed(reason.into());
        // With the lock, so that the thread does not go to sleep between its look at the status
        // and this call.
        let queue = lock(&self.shared.queue);
        self.shared.wake.notify_one();
        drop(queue);
    }

    /// Replaces the model by what `load` returns; `what` is shown meanwhile. Jobs wait for it.
    pub fn load(
        &self,
        what: impl Into<String>,
        load: impl FnOnce() -> Result<Model, String> + Send + 'static,
    ) {
        lock(&self.shared.queue).load = Some((what.into(), Box::new(load) as Load));
        self.shared.wake.notify_one();
    }

    /// Queues `work`. Its result is dropped if nobody waits for it any more.
    pub fn submit<T: Send + 'static>(
        &self,
        priority: Priority,
        cancel: &Cancel,
        work: impl FnOnce(&Model, &Cancel) -> T + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let token = cancel.clone();
        let account = Account::open(priority, cancel);
        let mut queue = lock(&self.shared.queue);
        if queue.closed {
            let _ = reply.send(Err(EngineError::Closed));
            return answer;
        }
        let number = queue.next;
        queue.next += 1;
        let work = Box::new(move |model: Result<&Model, String>| {
            let result = match model {
                Err(reason) => Err(EngineError::NoModel(reason)),
                Ok(_) if token.is_cancelled() => Err(EngineError::Cancelled),
                Ok(model) => account.run(|| {
                    let work = AssertUnwindSafe(|| {
                        fault::strike(number);
                        work(model, &token)
                    });
                    catch_unwind(work)
                        .map_err(|panic| EngineError::Panicked(panic_message(&*panic)))
                }),
            };
            // The asker may have left.
            let _ = reply.send(result);
        });
        queue.jobs.push(Job {
            priority,
            number,
            cancel: cancel.clone(),
            work,
        });
        drop(queue);
        self.shared.wake.notify_one();
        answer
    }

    /// [`Engine::submit`] for long work that nobody waits for.
    ///
    /// The work calls the function that it is given now and then; jobs of a higher priority run
    /// there.
    pub fn submit_long<T: Send + 'static>(
        &self,
        priority: Priority,
        cancel: &Cancel,
        work: impl FnOnce(&Model, &Cancel, &mut dyn FnMut()) -> T + Send + 'static,
    ) -> Answer<T> {
        let shared = Arc::clone(&self.shared);
        self.submit(priority, cancel, move |model, cancel| {
            work(model, cancel, &mut || run_urgent(&shared, model, priority))
        })
    }

    /// Cancels the running jobs and all that wait, ends the thread and waits for it.
    pub fn shutdown(&self) {
        {
            let mut queue = lock(&self.shared.queue);
            queue.closed = true;
            queue.load = None;
            for job in queue.jobs.drain() {
                job.cancel.cancel();
                (job.work)(Err("the engine is shutting down".into()));
            }
            for running in &queue.running {
                running.cancel();
            }
        }
        self.shared.wake.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            // A panic outside a job was logged by the panic hook; there is nothing left to end.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown();
    }
}

enum Next {
    Load(String, Load),
    Run(Job),
    End,
}

fn run(shared: &Shared, on_status: &OnStatus) {
    let mut model: Option<Model> = None;
    loop {
        match next(shared, model.is_some()) {
            Next::End => return,
            Next::Load(what, load) => {
                // Two models at once could be more than the machine holds.
                model = None;
                let begun = Instant::now();
                set_status(shared, &ModelStatus::Loading(what), on_status);
                let loaded = catch_unwind(AssertUnwindSafe(load))
                    .unwrap_or_else(|panic| Err(panic_message(&*panic)));
                match loaded {
                    Ok(loaded) => {
                        let (name, took) = (&loaded.info.name, begun.elapsed());
                        tracing::info!(name, ?took, "the model is ready");
                        set_status(shared, &ModelStatus::Ready(loaded.info.clone()), on_status);
                        model = Some(loaded);
                    }
                    Err(reason) => set_status(shared, &ModelStatus::Failed(reason), on_status),
                }
            }
            Next::Run(job) => {
                let reason = || lock(&shared.status).obstacle().unwrap_or("none").to_owned();
                (job.work)(model.as_ref().ok_or_else(reason));
                lock(&shared.queue).running.pop();
            }
        }
    }
}

/// Runs the waiting jobs that are more urgent than the one that runs now.
fn run_urgent(shared: &Shared, model: &Model, than: Priority) {
    loop {
        let job = {
            let mut queue = lock(&shared.queue);
            if queue.jobs.peek().is_none_or(|job| job.priority <= than) {
                return;
            }
            let Some(job) = queue.jobs.pop() else { return };
            queue.running.push(job.cancel.clone());
            job
        };
        (job.work)(Ok(model));
        lock(&shared.queue).running.pop();
    }
}

fn next(shared: &Shared, has_model: bool) -> Next {
    let mut queue = lock(&shared.queue);
    loop {
        if queue.closed {
            return Next::End;
        }
        if let Some((what, load)) = queue.load.take() {
            return Next::Load(what, load);
        }
        // Without a model jobs wait, unless it is known that none will come.
        let answers = has_model || matches!(*lock(&shared.status), ModelStatus::Failed(_));
        if answers && let Some(job) = queue.jobs.pop() {
            queue.running.push(job.cancel.clone());
            return Next::Run(job);
        }
        queue = shared
            .wake
            .wait(queue)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

fn set_status(shared: &Shared, status: &ModelStatus, on_status: &OnStatus) {
    *lock(&shared.status) = status.clone();
    on_status(status);
}

/// A panic while a lock is held leaves whole values behind: every update is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hoplens_runtime::LoadOptions;
    use hoplens_store::ModelFiles;
    use std::path::Path;

    fn tiny() -> Result<Model, String> {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("tests/fixtures/tiny-gpt2");
        Model::load(&ModelFiles::Folder(folder), &LoadOptions::default())
            .map_err(|error| error.to_string())
    }

    fn ready() -> Engine {
        let engine = Engine::start(|_| {}).unwrap();
        engine.load("tiny-gpt2", tiny);
        engine
    }

    #[test]
    fn jobs_wait_for_the_model_and_run_by_priority() {
        let engine = Engine::start(|_| {}).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let ask = |priority, name: &'static str| {
            let order = Arc::clone(&order);
            engine.submit(priority, &Cancel::new(), move |_, _| {
                lock(&order).push(name);
            })
        };
        let answers = [
            ask(Priority::Diagnostics, "diagnostics"),
            ask(Priority::Hints, "hints 1"),
            ask(Priority::Hover, "hover"),
            ask(Priority::Hints, "hints 2"),
        ];
        engine.load("tiny-gpt2", tiny);
        for answer in answers {
            answer.blocking_recv().unwrap().unwrap();
        }
        assert_eq!(
            *lock(&order),
            ["hover", "hints 1", "hints 2", "diagnostics"]
        );
    }

    #[test]
    fn long_work_lets_urgent_jobs_pass_and_no_others() {
        let engine = Arc::new(ready());
        let order = Arc::new(Mutex::new(Vec::new()));
        let (inside, seen) = (Arc::clone(&engine), Arc::clone(&order));
        let long = engine.submit_long(
            Priority::Diagnostics,
            &Cancel::new(),
            move |_, _, pause: &mut dyn FnMut()| {
                let ask = |priority, name: &'static str| {
                    let seen = Arc::clone(&seen);
                    inside.submit(priority, &Cancel::new(), move |_, _| lock(&seen).push(name))
                };
                let answers = [
                    ask(Priority::Diagnostics, "as unimportant"),
                    ask(Priority::Hover, "urgent"),
                ];
                pause();
                lock(&seen).push("long");
                answers
            },
        );
        for answer in long.blocking_recv().unwrap().unwrap() {
            answer.blocking_recv().unwrap().unwrap();
        }
        assert_eq!(*lock(&order), ["urgent", "long", "as unimportant"]);
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_engine() {
        let engine = ready();
        let bad = engine.submit(Priority::Hover, &Cancel::new(), |_, _| panic!("on purpose"));
        let good = engine.submit(Priority::Hints, &Cancel::new(), |model, _| {
            model.info.layers
        });
        assert_eq!(
            bad.blocking_recv().unwrap(),
            Err(EngineError::Panicked("on purpose".into()))
        );
        assert_eq!(good.blocking_recv().unwrap(), Ok(3));
    }

    #[test]
    fn a_cancelled_job_does_not_begin() {
        let engine = Engine::start(|_| {}).unwrap();
        let cancel = Cancel::new();
        let answer = engine.submit(Priority::Hints, &cancel, |_, _| ());
        cancel.cancel();
        engine.load("tiny-gpt2", tiny);
        assert_eq!(answer.blocking_recv().unwrap(), Err(EngineError::Cancelled));
    }

    #[test]
    fn without_a_model_jobs_say_why() {
        let engine = Engine::start(|_| {}).unwrap();
        engine.load("missing", || Err("it is not there".into()));
        let answer = engine.submit(Priority::Hints, &Cancel::new(), |_, _| ());
        assert_eq!(
            answer.blocking_recv().unwrap(),
            Err(EngineError::NoModel("it is not there".into()))
        );
        assert_eq!(
            engine.status(),
            ModelStatus::Failed("it is not there".into())
        );
    }

    #[test]
    fn shutdown_answers_what_waits() {
        let engine = Engine::start(|_| {}).unwrap();
        let answer = engine.submit(Priority::Hints, &Cancel::new(), |_, _| ());
        engine.shutdown();
        assert!(answer.blocking_recv().unwrap().is_err());
        let late = engine.submit(Priority::Hints, &Cancel::new(), |_, _| ());
        assert_eq!(late.blocking_recv().unwrap(), Err(EngineError::Closed));
    }
}

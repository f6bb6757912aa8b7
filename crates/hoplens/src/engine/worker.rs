//! The thread that owns the model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::engine::error::EngineError;
use crate::engine::job_log::JobLog;
use crate::engine::job_result::JobResult;
use crate::engine::queue::{EngineJob, JobQueue, LoadModel, Priority};
use crate::engine::status::ModelStatus;
#[cfg(feature = "test-faults")]
use crate::engine::test_faults::{hold_test_job, inject_test_panic};
use hoplens_runtime::{CancelToken, Model};

/// Receives every change of the model's state, on the engine's thread.
type OnStatus = Box<dyn Fn(&ModelStatus) + Send>;

/// Owns the thread that owns the model; the only way to run work on the model.
pub struct Engine {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<JobQueue>,
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

    /// Returns the state of the model.
    pub fn status(&self) -> ModelStatus {
        lock(&self.shared.status).clone()
    }

    /// Records that there is no model, and why, until one is loaded.
    pub fn set_absent(&self, reason: impl Into<String>) {
        *lock(&self.shared.status) = ModelStatus::Absent(reason.into());
    }

    /// Records that there is no model and will be none, and why; waiting jobs fail with the reason.
    pub fn set_failed(&self, reason: impl Into<String>) {
        *lock(&self.shared.status) = ModelStatus::Failed(reason.into());
        // Under the lock, so that the thread cannot fall asleep between its check of the status
        // and this call.
        let queue = lock(&self.shared.queue);
        self.shared.wake.notify_one();
        drop(queue);
    }

    /// Replaces the model by what `load` returns; `what` is the status until then. Jobs wait for it.
    pub fn load(
        &self,
        what: impl Into<String>,
        load: impl FnOnce() -> Result<Model, String> + Send + 'static,
    ) {
        lock(&self.shared.queue).load = Some((what.into(), Box::new(load) as LoadModel));
        self.shared.wake.notify_one();
    }

    /// Queues `work` and returns its future result; the errors of the job are part of it.
    pub fn submit<T, E>(
        &self,
        priority: Priority,
        cancel: &CancelToken,
        work: impl FnOnce(&Model, &CancelToken) -> Result<T, E> + Send + 'static,
    ) -> JobResult<T>
    where
        T: Send + 'static,
        E: Into<EngineError>,
    {
        let (reply, result) = oneshot::channel();
        let result = JobResult::new(result);
        let token = cancel.clone();
        let log = JobLog::start(priority, cancel);
        let mut queue = lock(&self.shared.queue);
        if queue.closed {
            let _ = reply.send(Err(EngineError::Closed));
            return result;
        }
        let number = queue.next;
        queue.next += 1;
        let work = Box::new(move |model: Result<&Model, String>| {
            let result = match model {
                Err(reason) => Err(EngineError::NoModel(reason)),
                Ok(_) if token.is_cancelled() => Err(EngineError::Cancelled),
                Ok(model) => log.run(|| {
                    let work = AssertUnwindSafe(|| {
                        #[cfg(feature = "test-faults")]
                        {
                            inject_test_panic(number);
                            hold_test_job(priority, &token);
                        }
                        work(model, &token)
                    });
                    match catch_unwind(work) {
                        Ok(result) => result.map_err(Into::into),
                        Err(panic) => Err(EngineError::Panicked(panic_message(&*panic))),
                    }
                }),
            };
            // Nobody may wait for the result any more.
            let _ = reply.send(result);
        });
        queue.jobs.push(EngineJob {
            priority,
            number,
            cancel: cancel.clone(),
            work,
        });
        drop(queue);
        self.shared.wake.notify_one();
        result
    }

    /// Queues long work, like [`Engine::submit`].
    ///
    /// The work regularly calls the function that it receives; waiting jobs of a higher priority
    /// run there.
    pub fn submit_long<T, E>(
        &self,
        priority: Priority,
        cancel: &CancelToken,
        work: impl FnOnce(&Model, &CancelToken, &mut dyn FnMut()) -> Result<T, E> + Send + 'static,
    ) -> JobResult<T>
    where
        T: Send + 'static,
        E: Into<EngineError>,
    {
        let shared = Arc::clone(&self.shared);
        self.submit(priority, cancel, move |model, cancel| {
            work(model, cancel, &mut || run_urgent(&shared, model, priority))
        })
    }

    /// Cancels the running and the waiting jobs, ends the thread and waits for it.
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
            // The panic hook has logged a panic outside a job; nothing is left to end.
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
    Load(String, LoadModel),
    Run(EngineJob),
    End,
}

fn run(shared: &Shared, on_status: &OnStatus) {
    let mut model: Option<Model> = None;
    loop {
        match next(shared, model.is_some()) {
            Next::End => return,
            Next::Load(what, load) => {
                // Two models at once may not fit into memory.
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

/// Runs the waiting jobs of a higher priority than the running one.
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
        // Without a model, jobs wait, unless loading it has failed.
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
            engine.submit(priority, &CancelToken::new(), move |_, _| {
                lock(&order).push(name);
                Ok::<_, EngineError>(())
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
            answer.wait().unwrap();
        }
        assert_eq!(
            *lock(&order),
            ["hover", "hints 1", "hints 2", "diagnostics"]
        );
    }

    #[test]
    fn urgent_jobs_and_no_others_interrupt_long_work() {
        let engine = Arc::new(ready());
        let order = Arc::new(Mutex::new(Vec::new()));
        let (inside, seen) = (Arc::clone(&engine), Arc::clone(&order));
        let long = engine.submit_long(
            Priority::Diagnostics,
            &CancelToken::new(),
            move |_, _, pause: &mut dyn FnMut()| {
                let ask = |priority, name: &'static str| {
                    let seen = Arc::clone(&seen);
                    inside.submit(priority, &CancelToken::new(), move |_, _| {
                        lock(&seen).push(name);
                        Ok::<_, EngineError>(())
                    })
                };
                let answers = [
                    ask(Priority::Diagnostics, "same priority"),
                    ask(Priority::Hover, "urgent"),
                ];
                pause();
                lock(&seen).push("long");
                Ok::<_, EngineError>(answers)
            },
        );
        for answer in long.wait().unwrap() {
            answer.wait().unwrap();
        }
        assert_eq!(*lock(&order), ["urgent", "long", "same priority"]);
    }

    #[test]
    fn a_panicking_job_does_not_end_the_engine() {
        let engine = ready();
        let bad = engine.submit(
            Priority::Hover,
            &CancelToken::new(),
            |_, _| -> Result<(), EngineError> { panic!("on purpose") },
        );
        let good = engine.submit(Priority::Hints, &CancelToken::new(), |model, _| {
            Ok::<_, EngineError>(model.info.layers)
        });
        assert_eq!(bad.wait(), Err(EngineError::Panicked("on purpose".into())));
        assert_eq!(good.wait(), Ok(3));
    }

    #[test]
    fn a_job_cancelled_in_the_queue_does_not_run() {
        let engine = Engine::start(|_| {}).unwrap();
        let cancel = CancelToken::new();
        let answer = engine.submit(Priority::Hints, &cancel, |_, _| Ok::<_, EngineError>(()));
        cancel.cancel();
        engine.load("tiny-gpt2", tiny);
        assert_eq!(answer.wait(), Err(EngineError::Cancelled));
    }

    #[test]
    fn jobs_fail_with_the_reason_why_the_model_did_not_load() {
        let engine = Engine::start(|_| {}).unwrap();
        engine.load("missing", || Err("it is not there".into()));
        let answer = engine.submit(Priority::Hints, &CancelToken::new(), |_, _| {
            Ok::<_, EngineError>(())
        });
        assert_eq!(
            answer.wait(),
            Err(EngineError::NoModel("it is not there".into()))
        );
        assert_eq!(
            engine.status(),
            ModelStatus::Failed("it is not there".into())
        );
    }

    #[test]
    fn shutdown_fails_waiting_jobs() {
        let engine = Engine::start(|_| {}).unwrap();
        let answer = engine.submit(Priority::Hints, &CancelToken::new(), |_, _| {
            Ok::<_, EngineError>(())
        });
        engine.shutdown();
        assert!(answer.wait().is_err());
        let late = engine.submit(Priority::Hints, &CancelToken::new(), |_, _| {
            Ok::<_, EngineError>(())
        });
        assert_eq!(late.wait(), Err(EngineError::Closed));
    }
}

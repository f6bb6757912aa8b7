//! Panics and waits on purpose: only they show what a panic on the engine's thread leaves behind,
//! and what happens to a job that still runs.
//!
//! Compiled with the feature `test-faults` only, which the release binary does not have.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::engine::queue::Priority;
use hoplens_runtime::CancelToken;

/// Numbers of the jobs that panic, counted from 0 and separated by commas.
const PANIC_VARIABLE: &str = "HOPLENS_TEST_PANIC_JOBS";
/// The priority whose first job is held.
const HOLD_VARIABLE: &str = "HOPLENS_TEST_HOLD_FIRST";
/// The longest time that a job is held.
const MAX_HOLD: Duration = Duration::from_secs(50);

/// Panics if [`PANIC_VARIABLE`] lists the job.
pub(super) fn inject_test_panic(job: u64) {
    static JOBS: OnceLock<Vec<u64>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let value = std::env::var(PANIC_VARIABLE).unwrap_or_default();
        let numbers = value.split(',').map(|number| number.trim().parse());
        numbers.filter_map(Result::ok).collect()
    });
    assert!(!jobs.contains(&job), "job {job}: {PANIC_VARIABLE} lists it");
}

/// Waits until the job is cancelled if it is the first one of the priority in [`HOLD_VARIABLE`].
pub(super) fn hold_test_job(priority: Priority, cancel: &CancelToken) {
    static WAS_HELD: AtomicBool = AtomicBool::new(false);
    let is_named =
        || std::env::var(HOLD_VARIABLE).is_ok_and(|value| value == format!("{priority:?}"));
    if WAS_HELD.load(Ordering::Relaxed) || !is_named() {
        return;
    }
    WAS_HELD.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    while !cancel.is_cancelled() && begun.elapsed() < MAX_HOLD {
        std::thread::sleep(Duration::from_millis(1));
    }
}

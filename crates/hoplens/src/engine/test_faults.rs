//! Panics on purpose: only they show what a panic on the engine's thread leaves behind.
//!
//! Compiled with the feature `test-faults` only, which the release binary does not have.

use std::sync::OnceLock;

/// Numbers of the jobs that panic, counted from 0 and separated by commas.
const VARIABLE: &str = "HOPLENS_TEST_PANIC_JOBS";

/// Panics if [`VARIABLE`] lists the job.
pub(super) fn inject_test_panic(job: u64) {
    static JOBS: OnceLock<Vec<u64>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let value = std::env::var(VARIABLE).unwrap_or_default();
        let numbers = value.split(',').map(|number| number.trim().parse());
        numbers.filter_map(Result::ok).collect()
    });
    assert!(!jobs.contains(&job), "job {job}: {VARIABLE} lists it");
}

//! A fault on purpose: what a panic on the model's thread leaves behind can only be tested by one.

use std::sync::OnceLock;

/// For tests: numbers of the jobs that panic, from 0, with commas between them.
const VARIABLE: &str = "HOPLENS_TEST_PANIC_JOBS";

/// Panics if the tests want this job to.
pub(super) fn strike(job: u64) {
    static JOBS: OnceLock<Vec<u64>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let named = std::env::var(VARIABLE).unwrap_or_default();
        let numbers = named.split(',').map(|number| number.trim().parse());
        numbers.filter_map(Result::ok).collect()
    });
    assert!(!jobs.contains(&job), "job {job}: {VARIABLE} says so");
}

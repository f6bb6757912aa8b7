//! The tests that parts run by name. When test binaries are renamed or folded into others, this
//! is the only file of `xtask` that changes.

use crate::environment::cargo_test;
use crate::step::Step;

/// A selection of tests: `cargo test --test BINARY… -- FILTER…`.
///
/// The test runner passes where no test matches a filter, so a filter has to follow when the
/// module that it names is renamed.
pub struct NamedTests {
    /// Test binaries.
    binaries: &'static [&'static str],
    /// Parts of test names, one of which must match; all tests where there are none.
    filters: &'static [&'static str],
}

/// The tests that ask the default model where it is in the model store; selections run in order.
///
/// A filter counts for all binaries of its selection, so binaries with filters of their own are
/// selections of their own.
pub const DEFAULT_MODEL: &[NamedTests] = &[
    NamedTests {
        binaries: &["analysis", "server"],
        filters: &[],
    },
    NamedTests {
        binaries: &["interp"],
        filters: &["smollm2::"],
    },
    NamedTests {
        binaries: &["cli"],
        filters: &["control::", "eval::", "export::", "generate::", "smollm2::"],
    },
];

/// Prompts and edits as the formats' own packages read them.
pub const FORMATS: NamedTests = NamedTests {
    binaries: &["prompt"],
    filters: &["formats::"],
};

/// A long session with the server; a program of its own with arguments of its own.
pub const SOAK: NamedTests = NamedTests {
    binaries: &["soak"],
    filters: &[],
};

/// How fast the server answers; a program of its own.
pub const SPEED: NamedTests = NamedTests {
    binaries: &["speed"],
    filters: &[],
};

impl NamedTests {
    /// Returns the command that runs these tests; `arguments` go to the test binaries.
    pub fn step(&self, arguments: &[&str]) -> Step {
        let mut step = cargo_test();
        for binary in self.binaries {
            step = step.args(["--test", binary]);
        }
        if !self.filters.is_empty() || !arguments.is_empty() {
            step = step.arg("--").args(self.filters).args(arguments);
        }
        step
    }
}

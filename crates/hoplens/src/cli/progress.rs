//! Shows the progress of long work on standard error. Bars are hidden if it is no terminal.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a spinner with a message.
pub(super) fn spinner(message: impl Into<std::borrow::Cow<'static, str>>) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Returns a bar over `total` steps.
pub(super) fn bar(total: usize, message: impl Into<std::borrow::Cow<'static, str>>) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({eta})") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar
}

/// Prints a permanent line above the bar.
pub(super) fn note(bar: &ProgressBar, text: &str) {
    // A failure to write to standard error cannot be reported.
    bar.suspend(|| drop(writeln!(io::stderr(), "{text}")));
}

/// Prints a line for logs before each of several steps, if standard error is no terminal.
pub(super) fn step(number: usize, total: usize, what: &str) {
    if total > 1 && !io::stderr().is_terminal() {
        // A failure to write to standard error cannot be reported.
        drop(writeln!(io::stderr(), "{number} of {total}: {what}"));
    }
}

/// Prints a line for logs whenever another tenth is done, if standard error is no terminal.
pub(super) fn log(bar: &ProgressBar, done: usize, total: usize, what: &str) {
    let tenth = |done: usize| 10 * done / total.max(1);
    if !io::stderr().is_terminal() && tenth(done) > tenth(done.saturating_sub(1)) {
        let left = bar.eta().as_secs();
        note(bar, &format!("{done} of {total} {what}, {left} s left"));
    }
}

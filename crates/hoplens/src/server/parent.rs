//! Ending with the editor, even if it crashed and left the pipes open.

use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(1);

/// Returns once the process `pid` is gone.
#[cfg(unix)]
pub(super) async fn gone(pid: u32) {
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return std::future::pending().await;
    };
    // A process of somebody else's (EPERM) is there as well.
    while rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH) {
        tokio::time::sleep(PERIOD).await;
    }
}

/// Elsewhere the pipes close with the process.
#[cfg(not(unix))]
pub(super) async fn gone(_pid: u32) {
    let _ = PERIOD;
    std::future::pending().await
}

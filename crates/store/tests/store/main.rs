//! The model store against a local HTTP server, a fake pip and made-up caches.
//!
//! No test needs the network, and none touches the user's caches: every path and address goes
//! through `StoreOptions`.

mod faults;
mod hub;
mod local;
mod manage;
#[cfg(unix)]
mod wheel;

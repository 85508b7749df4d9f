//! What the kernel and the server itself say about the server.

pub(crate) mod books;
pub(crate) mod cpu;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod quantile;
pub(crate) mod sockets;

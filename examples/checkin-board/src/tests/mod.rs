//! The application on a free port, by plain sockets: who may do what, what is told, and what becomes of it where the hub
//! is away.

mod access;
mod beside;
mod harness;
mod lagging;
mod readers;
mod telling;

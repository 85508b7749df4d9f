//! The application on a free port, by plain sockets: what an upload sets going, and what a page hears of it.

mod access;
mod harness;
mod limits;
mod pictures;
mod restart;
mod upload;

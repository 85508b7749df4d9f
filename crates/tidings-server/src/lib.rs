//! What the binary `tidings` is made of, as a library, so that tests and fuzz targets reach it.

pub mod config;

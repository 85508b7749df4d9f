//! CPU time of a process, read when the process has come to rest.

use std::io;
use std::time::Duration;

use crate::sys;

/// CPU nanoseconds once two readings a millisecond apart agree, so that what a server does after its last
/// write (waking, accounting) is counted too. A server that never rests is read after 100 ms.
pub(crate) fn at_rest_ns(pid: u32) -> io::Result<u64> {
    const READINGS_MAX: usize = 100;
    let mut last = sys::process_cpu_ns(pid)?;
    for _ in 0..READINGS_MAX {
        std::thread::sleep(Duration::from_millis(1));
        let now = sys::process_cpu_ns(pid)?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(last)
}

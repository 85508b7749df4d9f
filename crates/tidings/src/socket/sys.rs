//! Calls to the kernel that no crate of ours wraps. The only unsafe code of the library.
#![expect(
    unsafe_code,
    reason = "questions about a descriptor that the caller holds open, the taking of a passed one, and a limit"
)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

/// What the kernel knows of a TCP connection (tcp(7), `TCP_INFO`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpInfo {
    /// Milliseconds since the far end last acknowledged anything.
    pub(crate) last_ack_age_ms: u32,
}

/// Asks the kernel. The descriptor must be open for the time of the call.
pub(super) fn tcp_info(fd: RawFd) -> io::Result<TcpInfo> {
    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut len = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to a buffer of that size, and every bit pattern of the fields,
    // all integers, is a value.
    let info = unsafe {
        if libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &raw mut len)
            != 0
        {
            return Err(io::Error::last_os_error());
        }
        info.assume_init()
    };
    Ok(TcpInfo { last_ack_age_ms: info.tcpi_last_ack_recv })
}

/// The number of the socket behind a descriptor, which no other has while it is open: what the kernel's lists name it
/// by. The descriptor must be open for the time of the call.
pub(super) fn inode(fd: RawFd) -> io::Result<u64> {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the kernel writes one `stat`, of which every bit pattern is a value.
    let stat = unsafe {
        if libc::fstat(fd, stat.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        stat.assume_init()
    };
    Ok(stat.st_ino)
}

/// Lifts this process's soft limit of open files, each stream one, to the hard limit. Answers what it is now.
pub fn raise_open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the kernel's answer, and then a valid value for it to read.
    let outcome = unsafe {
        match libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) {
            0 if limit.rlim_cur < limit.rlim_max => {
                limit.rlim_cur = limit.rlim_max;
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
            }
            outcome => outcome,
        }
    };
    if outcome == 0 { Ok(limit.rlim_cur) } else { Err(io::Error::last_os_error()) }
}

/// How many files this process may have open.
pub(super) fn open_files_max() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the kernel's answer.
    let outcome = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if outcome == 0 { Ok(limit.rlim_cur) } else { Err(io::Error::last_os_error()) }
}

/// Takes over a descriptor that a parent process passed (sd_listen_fds(3)).
pub(super) fn passed_listener(fd: RawFd) -> std::net::TcpListener {
    use std::os::fd::FromRawFd;
    // SAFETY: the caller has it from the environment that names it as passed to this process, and takes it once.
    unsafe { std::net::TcpListener::from_raw_fd(fd) }
}

//! Kernel memory of TCP sockets: `ss` for each, `/proc/net/sockstat` for all.

use std::io;
use std::net::SocketAddr;
use std::process::Command;

/// One end of a connection: the server's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Socket {
    /// Bytes written and not acknowledged.
    pub(crate) send_queue_bytes: u64,
    /// What the kernel has set aside for sending: `w` (queued) and `f` (reserved).
    pub(crate) send_memory_bytes: u64,
}

/// Every established socket whose own end is `server`. `None` where there is no `ss`.
pub(crate) fn of_server(server: SocketAddr) -> io::Result<Option<Vec<Socket>>> {
    let filter = format!("sport = :{}", server.port());
    match Command::new("ss").args(["-tmnH", "state", "established", &filter]).output() {
        Ok(output) => Ok(Some(parse(&String::from_utf8_lossy(&output.stdout)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Memory that the kernel counts for all TCP sockets of this machine (of this network namespace's view).
pub(crate) fn tcp_memory_bytes() -> io::Result<u64> {
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/net/sockstat")?;
    tcp_pages(&text)
        .map(|pages| pages * PAGE_BYTES)
        .ok_or_else(|| io::Error::other("no TCP line in sockstat"))
}

fn tcp_pages(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

/// Lines come in pairs, or joined: `RECV-Q SEND-Q LOCAL PEER`, then `skmem:(…)`.
fn parse(text: &str) -> Vec<Socket> {
    let mut sockets = Vec::new();
    let mut send_queue_bytes = 0;
    for word_line in text.lines() {
        let mut words = word_line.split_whitespace();
        if let (Some(Ok(_)), Some(Ok(queued))) =
            (words.next().map(str::parse::<u64>), words.next().map(str::parse::<u64>))
        {
            send_queue_bytes = queued;
        }
        if let Some((_, skmem)) = word_line.split_once("skmem:(") {
            let send_memory_bytes = field(skmem, "w") + field(skmem, "f");
            sockets.push(Socket { send_queue_bytes, send_memory_bytes });
        }
    }
    sockets
}

fn field(skmem: &str, name: &str) -> u64 {
    let fields = skmem.trim_end().trim_end_matches(')').split(',');
    fields.filter_map(|field| field.strip_prefix(name)?.parse().ok()).next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Socket, parse, tcp_pages};

    #[test]
    fn reads_pairs_of_lines_and_joined_ones() {
        let text = "0      36864      127.0.0.1:3000     127.0.0.2:40312\n\
            \t skmem:(r0,rb131072,t0,tb2626560,f2048,w38912,o0,bl0,d0)\n\
            0 0 127.0.0.1:3000 127.0.0.3:40313 skmem:(r0,rb131072,t5,tb87040,f4096,w0,o0,bl0,d0)\n";
        let expected = [
            Socket { send_queue_bytes: 36_864, send_memory_bytes: 40_960 },
            Socket { send_queue_bytes: 0, send_memory_bytes: 4_096 },
        ];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn reads_the_pages_of_tcp_alone() {
        let text = "sockets: used 15\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 269\nUDP: inuse 0 mem 7\n";
        assert_eq!(tcp_pages(text), Some(269));
    }
}

//! A process's memory, as `/proc/PID/smaps_rollup` tells it.

use std::io;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) rss_bytes: u64,
    pub(crate) pss_bytes: u64,
    pub(crate) private_bytes: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        Ok(Self::parse(&text))
    }

    /// Reads every 100 ms until two readings agree to within 16 KiB, for at most 5 s.
    pub(crate) fn settled(pid: u32) -> io::Result<Self> {
        const READINGS_MAX: usize = 50;
        const AGREE_BYTES: u64 = 16 * 1024;
        let mut last = Self::of(pid)?;
        for _ in 0..READINGS_MAX {
            std::thread::sleep(Duration::from_millis(100));
            let now = Self::of(pid)?;
            let agree = now.rss_bytes.abs_diff(last.rss_bytes) <= AGREE_BYTES;
            last = now;
            if agree {
                break;
            }
        }
        Ok(last)
    }

    fn parse(text: &str) -> Self {
        let mut memory = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(name), Some(Ok(kib))) = (words.next(), words.next().map(str::parse::<u64>)) else {
                continue;
            };
            let bytes = kib * 1024;
            match name {
                "Rss:" => memory.rss_bytes = bytes,
                "Pss:" => memory.pss_bytes = bytes,
                "Private_Clean:" | "Private_Dirty:" => memory.private_bytes += bytes,
                _ => {}
            }
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn reads_the_rollup() {
        let text = "55d0-7ffd ---p 00000000 00:00 0  [rollup]\nRss:  1704 kB\nPss:  359 kB\n\
            Pss_Dirty:  112 kB\nPrivate_Clean:  68 kB\nPrivate_Dirty:  112 kB\nSwap:  0 kB\n";
        let expected =
            Memory { rss_bytes: 1704 << 10, pss_bytes: 359 << 10, private_bytes: (68 + 112) << 10 };
        assert_eq!(Memory::parse(text), expected);
    }

    #[test]
    fn this_process_has_some() {
        assert!(Memory::of(std::process::id()).expect("procfs").private_bytes > 0);
    }
}

use std::io;
use std::process::ExitCode;

use super::problem::Problem;

/// What the shell is told. The numbers are part of the surface: `tidings --help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
    Unreachable = 3,
    Ended = 4,
    /// 128 + SIGINT, as a shell reports a program that Ctrl-C ended.
    Interrupted = 130,
    /// 128 + SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a verb couldn't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Refused(Problem),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Ended(String),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Refused(_) => Exit::Refused,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Ended(_) => Exit::Ended,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Refused,
        }
    }

    /// A reader that had enough (`| head -3`) is no error.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_a_quiet_success_and_a_full_disk_is_not() {
        let pipe = Failure::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!((pipe.exit(), pipe.is_silent()), (Exit::Done, true));
        let disk = Failure::Output(io::ErrorKind::StorageFull.into());
        assert_eq!((disk.exit(), disk.is_silent()), (Exit::Refused, false));
    }
}

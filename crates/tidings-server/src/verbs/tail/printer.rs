//! A stream on the standard output, an event a line.

use std::ops::ControlFlow;

use tokio::io::AsyncWriteExt;

use super::super::failure::Failure;
use super::super::follow::{Reader, State};
use super::super::sse::Event;
use super::super::terminal::tell;
use super::TailArgs;
use super::output::{self, Form};

pub(super) struct Printer {
    form: Form,
    types: Vec<String>,
    left: Option<u64>,
    quiet: bool,
    stdout: tokio::io::Stdout,
    /// What is not out yet.
    out: Vec<u8>,
}

impl Printer {
    pub(super) fn new(args: &TailArgs) -> Self {
        let form = match () {
            () if args.json => Form::Json,
            () if args.data => Form::Data,
            () if args.raw => Form::Raw,
            () => Form::Columns,
        };
        let (types, left, quiet) = (args.types.clone(), args.exit_after, args.quiet);
        Self { form, types, left, quiet, stdout: tokio::io::stdout(), out: Vec::new() }
    }

    pub(super) fn wants_envelope(&self) -> bool {
        self.form.wants_envelope()
    }
}

impl Reader for Printer {
    fn wants_bytes(&self) -> bool {
        self.form == Form::Raw
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.form == Form::Raw {
            self.out.extend_from_slice(bytes);
        }
    }

    fn event(&mut self, event: &Event) -> ControlFlow<()> {
        let Some(line) = output::line(self.form, &self.types, event) else {
            return ControlFlow::Continue(());
        };
        self.out.extend_from_slice(line.as_bytes());
        let Some(left) = &mut self.left else { return ControlFlow::Continue(()) };
        *left -= 1;
        if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn control(&mut self, event: &Event) {
        if self.form == Form::Json {
            self.out.extend_from_slice(output::control_line(event).as_bytes());
        }
    }

    fn state(&mut self, state: State<'_>) {
        match state {
            State::Gap(notice) => tell(format_args!("tidings: {notice}")),
            _ if self.quiet => {}
            State::Connected(connected) => tell(format_args!("tidings: {}", connected.summary())),
            State::Waiting(why, wait) => {
                tell(format_args!("tidings: {why}; reconnecting in {:.1} s", wait.as_secs_f64()));
            }
            State::Note(notice) => tell(format_args!("tidings: {notice}")),
        }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        if !self.out.is_empty() {
            self.stdout.write_all(&std::mem::take(&mut self.out)).await?;
            self.stdout.flush().await?;
        }
        Ok(())
    }
}

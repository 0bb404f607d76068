//! Lines in and out. Nothing here moves a cursor; a passphrase does not show while it is typed.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use zeroize::Zeroizing;

/// A line that is longer, in bytes, is no answer to anything.
const LONGEST: u64 = 1024;

/// What came in.
pub(super) enum Input {
    /// A line.
    Line(Zeroizing<String>),
    /// A line that cannot be an answer, and why.
    Wrong(&'static str),
    /// Nobody types any more.
    End,
}

/// The place where lines are read and written.
pub(super) struct Console {
    from: Receiver<Input>,
    terminal: bool,
    /// The terminal as it was, while what is typed does not show.
    shown: Option<Termios>,
    /// Whether the last line is a prompt, behind which somebody may be typing.
    open: bool,
    gone: bool,
}

impl Console {
    /// Begins to read, on a thread of its own. `wake` is called whenever something came.
    pub(super) fn open(wake: impl Fn() + Send + 'static) -> Self {
        let (to, from) = channel();
        std::thread::spawn(move || listen(&to, wake));
        let terminal = io::stdin().is_terminal();
        Self { from, terminal, shown: None, open: false, gone: false }
    }

    /// Returns what came in, if something did.
    pub(super) fn take(&self) -> Option<Input> {
        self.from.try_recv().ok()
    }

    /// Returns whether answers are typed at a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Returns whether nobody reads any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Returns whether somebody may be typing behind a prompt.
    pub(super) fn is_asking(&self) -> bool {
        self.open
    }

    /// Writes lines.
    pub(super) fn say(&mut self, lines: &[String]) {
        let mut text = String::new();
        if !lines.is_empty() && std::mem::take(&mut self.open) {
            text.push('\n');
        }
        lines.iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        self.write(&text);
    }

    /// Writes a prompt. What is typed behind it shows, unless it is `secret`.
    pub(super) fn ask(&mut self, prompt: &str, secret: bool) {
        if secret {
            self.hide();
        }
        self.write(prompt);
        self.open = true;
    }

    /// Takes note that a line was typed. Where no terminal has shown its end, it is written.
    pub(super) fn answered(&mut self) {
        let shown = self.terminal && self.shown.is_none();
        self.show();
        if std::mem::take(&mut self.open) && !shown {
            self.write("\n");
        }
    }

    fn write(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.gone |= written.is_err();
    }

    fn hide(&mut self) {
        if !self.terminal || self.shown.is_some() {
            return;
        }
        // Where the terminal cannot be asked there is none, and nothing shows.
        let Ok(known) = termios::tcgetattr(io::stdin()) else { return };
        let mut hidden = known.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        if termios::tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).is_ok() {
            self.shown = Some(known);
        }
    }

    fn show(&mut self) {
        if let Some(known) = self.shown.take() {
            let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &known);
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.show();
    }
}

/// Reads lines until there are none.
fn listen(to: &Sender<Input>, wake: impl Fn()) {
    let mut input = io::stdin().lock();
    loop {
        let mut line =
            Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0) + 1));
        let read = (&mut input).take(LONGEST + 1).read_until(b'\n', &mut line);
        let came = match read {
            Ok(0) | Err(_) => Input::End,
            Ok(_) if line.len() as u64 > LONGEST && !line.ends_with(b"\n") => {
                // The rest of it belongs to no other line.
                let _ = input.skip_until(b'\n');
                Input::Wrong("That is longer than any answer.")
            }
            Ok(_) => text(&line),
        };
        let end = matches!(came, Input::End);
        let gone = to.send(came).is_err();
        wake();
        if end || gone {
            return;
        }
    }
}

fn text(line: &[u8]) -> Input {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Input::Line(Zeroizing::new(text.to_owned())),
        Err(_) => Input::Wrong("That is no text in UTF-8."),
    }
}

//! The arguments: clap types and nothing else.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};

use super::command;
use crate::app::{Color, Place, Start};
use crate::model::id::Seq;

/// Bring a GitOps platform back when its Git host is gone.
#[derive(Debug, Parser)]
#[command(name = "blackstart", version, max_term_width = 100)]
#[command(after_help = "Without a command, on a terminal: the screens, which need no knowledge.\n\
    In an emergency: runbooks/git-host-outage.md in your kit, or the printed card.\n\
    Exit codes: 0 complete, 1 failed, 2 usage, 3 incomplete but usable, 4 integrity, 5 refused,\n\
    6 objective missed, 10 no store, 11 lease held, 12 cannot unlock, 70 bug, 130 stopped.\n\
    Any code such as B0801 in a message: blackstart explain B0801")]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// How the screens look, when there is no command.
    #[command(flatten)]
    pub screens: Screens,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How the screens look, when there is no command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Without a command")]
pub struct Screens {
    /// Lines and numbered questions instead of screens: for screen readers, dumb terminals, pipes
    #[arg(long, env = "BLACKSTART_LINEAR")]
    pub linear: bool,
    /// Draw lines with characters beyond ASCII
    #[arg(long, env = "BLACKSTART_UTF8")]
    pub utf8: bool,
    /// A key file of somebody who opens; can be typed later, too
    #[arg(long, value_name = "FILE", env = "BLACKSTART_IDENTITY")]
    pub identity: Vec<PathBuf>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The configuration file; else ./blackstart.toml, the user's, the one beside the program
    #[arg(long, global = true, value_name = "FILE", env = "BLACKSTART_CONFIG")]
    pub config: Option<PathBuf>,
    /// A store or bundle file to read instead of the kit's; several: the first good copy wins
    #[arg(long, global = true, value_name = "PATH", env = "BLACKSTART_STORE")]
    pub store: Vec<PathBuf>,
    /// Outside a kit: the fingerprint on the printed card, or a trust file you brought
    #[arg(long, global = true, value_name = "FILE|FINGERPRINT", env = "BLACKSTART_TRUST_ROOT")]
    pub trust_root: Option<String>,
    /// Print the result as JSON, and events as JSON lines on stderr
    #[arg(long, global = true, env = "BLACKSTART_JSON")]
    pub json: bool,
    /// Write events as JSON lines into this file
    #[arg(long, global = true, value_name = "FILE", env = "BLACKSTART_EVENTS")]
    pub events: Option<PathBuf>,
    /// Append a line for all that happens to this file; with --json as JSON lines
    #[arg(long, global = true, value_name = "FILE", env = "BLACKSTART_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "BLACKSTART_COLOR"
    )]
    pub color: ColorWhen,
    /// Answer yes to questions that may be answered so; never binds a target
    #[arg(long, global = true, env = "BLACKSTART_YES")]
    pub yes: bool,
    /// Only results and errors
    #[arg(long, short, global = true, env = "BLACKSTART_QUIET")]
    pub quiet: bool,
}

/// Who opens a bundle, and whether it is accepted as it is.
#[derive(Clone, Debug, Args)]
pub(super) struct Opening {
    /// A key file of somebody to whom the bundle is sealed; once for each person
    #[arg(long, value_name = "FILE", env = "BLACKSTART_IDENTITY")]
    pub identity: Vec<PathBuf>,
    /// Use this snapshot although the policy is unmet or a newer one was seen
    #[arg(long, value_name = "SEQ", value_parser = command::seq)]
    pub accept_seq: Option<Seq>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal without `NO_COLOR`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Cli {
    /// Returns what the screens are started with.
    pub(super) fn start(&self) -> Start {
        Start {
            place: self.global.place(),
            identities: self.screens.identity.clone(),
            events: self.global.events.clone(),
            log_file: self.global.log_file.clone(),
            json: self.global.json,
            color: match self.global.color {
                ColorWhen::Auto => Color::Auto,
                ColorWhen::Always => Color::Always,
                ColorWhen::Never => Color::Never,
            },
            linear: self.screens.linear,
            utf8: self.screens.utf8,
        }
    }
}

impl Global {
    /// Returns where to read.
    pub fn place(&self) -> Place {
        Place {
            config: self.config.clone(),
            stores: self.store.clone(),
            trust_root: self.trust_root.clone(),
        }
    }
}

/// Emergency verbs first, then every day, practice and proof, help.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what we hold, what answers, and what to do: the first thing to run
    Assess(command::assess::Args),
    /// Take repositories out of a bundle, usable by stock git at once
    Extract(command::extract::Args),
    /// Show what a replay would do; writes nothing to the target
    Plan(command::plan::Args),
    /// Carry out a plan on a target, and wait until everything is ready
    Replay(command::replay::Args),
    /// Go on with a replay that ended early
    Resume(command::resume::Args),
    /// Name clusters, so that a replay can be bound to one
    Target(command::target::Args),
    /// Make a kit: configuration, keys, trust, runbooks, the card
    Init(command::init::Args),
    /// Take snapshots: mirror everything into a signed, encrypted bundle
    Snapshot(command::snapshot::Args),
    /// Say what is mirrored; retire what vanished from a folder
    Sources(command::sources::Args),
    /// Say whether the newest snapshot is what it should be
    Status(command::status::Args),
    /// List the snapshots of a store
    List(command::list::Args),
    /// Show one snapshot; with an identity also what is in it
    Show(command::show::Args),
    /// Verify a snapshot, or everything; with a key also what is inside
    Verify(command::verify::Args),
    /// Write one bundle with all its parts to a stick or into a file
    Export(command::export::Args),
    /// Take bundles from sticks and files into the store
    Import(command::import::Args),
    /// List what was replayed, and what is unfinished
    Runs(command::runs::Args),
    /// Show which parts no kept snapshot needs, and with --apply delete them
    Prune(command::prune::Args),
    /// Check configuration, keys, tools, clock, store and freshness
    Doctor(command::doctor::Args),
    /// Say who can open: list, make, seal, take apart, prove
    Keys(command::keys::Args),
    /// Say who may vouch: show, add, require, revoke, sign
    Trust(command::trust::Args),
    /// Show everything on this machine: snapshot, loss of the Git host, replay
    Demo(command::demo::Args),
    /// Explain a code from a message, offline
    Explain(command::explain::Args),
    /// Print completions for a shell
    Completions(command::completions::Args),
    /// Print the manual page
    Man(command::man::Args),
}

impl Command {
    /// Returns whether what it does has waves, behind which it can hold.
    pub(super) fn has_waves(&self) -> bool {
        matches!(self, Self::Replay(_) | Self::Resume(_))
    }
}

/// Returns the definition of the whole command line.
pub fn command() -> clap::Command {
    boolish(Cli::command())
}

/// Lets switches that the environment sets be `1` or `yes` as well as `true`.
fn boolish(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_action() {
        ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
        _ => arg,
    });
    command.mut_subcommands(boolish)
}

/// Reads the arguments and the environment of this process.
pub(super) fn read() -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

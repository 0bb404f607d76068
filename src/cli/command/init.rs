//! `init`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::init::{self, Report, Request};
use crate::app::keys::{OpenPolicy, OpenersRequest};
use crate::cli::shell::{Outcome, Shell};
use crate::model::id::StreamId;

/// Make a kit: configuration, keys, trust, runbooks, the card
///
/// Works without a terminal, except for --opener-passphrase. Replaces nothing: exit 5 when a file is
/// in the way.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kit's folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Who can open the bundles
    #[command(flatten)]
    openers: Openers,
    /// An existing key to sign snapshots with: a private key file, or the .pub of a key in the agent
    #[arg(long, value_name = "KEY")]
    signer: Option<PathBuf>,
    /// An existing root key: a private key file, or the .pub of a key in the agent or elsewhere
    #[arg(long, value_name = "KEY")]
    root: Option<PathBuf>,
    /// The stream's name, which stands in the clear; a random one by default
    #[arg(long, value_name = "ID")]
    stream: Option<StreamId>,
}

/// Who can open.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Openers {
    /// Somebody who can open: age1…, an SSH public key, or a file that holds such lines
    #[arg(long, value_name = "RECIPIENT")]
    opener: Vec<String>,
    /// Also make an identity that a passphrase protects, and write it into this file
    #[arg(long, value_name = "FILE")]
    opener_passphrase: Option<PathBuf>,
    /// How many openers it takes: any (for a new kit), or 2-of-n
    #[arg(long, value_name = "POLICY", value_parser = policy)]
    open_policy: Option<OpenPolicy>,
    /// A machine that opens alone and unattended, such as verifier=age1…; verifier= takes it out
    #[arg(long, value_name = "ROLE=RECIPIENT")]
    solo: Vec<String>,
}

fn policy(text: &str) -> Result<OpenPolicy, String> {
    text.parse().map_err(|_| "expected any, or 2-of-n up to 9-of-n".to_owned())
}

impl Openers {
    /// Returns what the use case takes.
    pub(crate) fn request(&self) -> OpenersRequest {
        OpenersRequest {
            openers: self.opener.clone(),
            passphrase_file: self.opener_passphrase.clone(),
            policy: self.open_policy,
            solo: self.solo.clone(),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        folder: args.folder.clone(),
        openers: args.openers.request(),
        signer: args.signer.clone(),
        root: args.root.clone(),
        stream: args.stream.clone(),
    };
    let report = init::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(0)
}

fn human(report: &Report) -> String {
    let mut text = format!("kit {}\n", report.folder.display());
    let _ = writeln!(text, "  stream      {}", report.stream);
    let _ = writeln!(text, "  trust root  {}", report.trust_root);
    let _ = writeln!(text, "  opens with  {}", report.policy);
    for remark in &report.remarks {
        let _ = writeln!(text, "  note        {remark}");
    }
    text.push_str("next\n");
    for (number, step) in (1..).zip(&report.next) {
        let _ = writeln!(text, "  {number}. {step}");
    }
    text
}

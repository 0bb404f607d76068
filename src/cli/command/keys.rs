//! `keys`

use std::fmt::Write as _;
use std::path::PathBuf;

use super::init::Openers;
use crate::app::keys::{list, new, prove, seal, unwrap};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};

/// Say who can open: list, make, seal, take apart, prove
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the epochs, who opens each, and who proved it last
    List,
    /// Make a new epoch: from the next snapshot on, everything is encrypted to a new key
    ///
    /// Quarterly, when somebody leaves, after an emergency. Openers, machines and how many it takes stay
    /// as they are unless they are named.
    New {
        /// Who can open
        #[command(flatten)]
        openers: Openers,
        /// A root key; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
    /// Seal an epoch's key to other openers; bundles stay as they are
    ///
    /// Openers, machines and how many it takes stay as they are unless they are named. Naming an opener
    /// names all of them anew.
    Seal {
        /// A key file of somebody who can open now; as many as the policy needs
        #[arg(long, value_name = "FILE", required = true, env = "BLACKSTART_IDENTITY")]
        identity: Vec<PathBuf>,
        /// The epoch; the newest by default
        #[arg(long, value_name = "N")]
        epoch: Option<u32>,
        /// Who can open from now on
        #[command(flatten)]
        openers: Openers,
        /// A root key; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
    /// Take one layer off a seal and write what is left, for the next person
    Unwrap {
        /// A seal, or what the person before left
        #[arg(value_name = "SEAL")]
        seal: PathBuf,
        /// Your key file
        #[arg(long, value_name = "FILE", required = true, env = "BLACKSTART_IDENTITY")]
        identity: Vec<PathBuf>,
        /// Where to write what is left
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Prove that you can open, and record it in the kit
    Prove {
        /// Your key file; as many as the policy needs
        #[arg(long, value_name = "FILE", required = true, env = "BLACKSTART_IDENTITY")]
        identity: Vec<PathBuf>,
        /// The epoch; the newest by default
        #[arg(long, value_name = "N")]
        epoch: Option<u32>,
        /// Who you are, for the record
        #[arg(long, value_name = "NAME")]
        who: Option<String>,
    },
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let config = shell.global.config.clone();
    match &args.verb {
        Verb::List => {
            let report = list::run(config.as_deref(), &shell.ports)?;
            shell.print(&report, || listed(&report));
        }
        Verb::New { openers, key } => {
            let request = new::Request { config, openers: openers.request(), key: key.clone() };
            let report = new::run(&request, &shell.ports)?;
            shell.print(&report, || sealed(&report));
        }
        Verb::Seal { identity, epoch, openers, key } => {
            let request = seal::Request {
                config,
                epoch: *epoch,
                identities: identity.clone(),
                openers: openers.request(),
                key: key.clone(),
            };
            let report = seal::run(&request, &shell.ports)?;
            shell.print(&report, || sealed(&report));
        }
        Verb::Unwrap { seal, identity, to } => {
            let (seal, identities, to) = (seal.clone(), identity.clone(), to.clone());
            let report = unwrap::run(&unwrap::Request { seal, identities, to }, &shell.ports)?;
            shell.print(&report, || unwrapped(&report));
        }
        Verb::Prove { identity, epoch, who } => {
            let (identities, who) = (identity.clone(), who.clone());
            let request = prove::Request { config, epoch: *epoch, identities, who };
            let report = prove::run(&request, &shell.ports)?;
            shell.print(&report, || proven(&report));
        }
    }
    Ok(0)
}

fn listed(report: &list::Report) -> String {
    let mut rows = Vec::new();
    for epoch in &report.epochs {
        rows.push(vec![
            format!("epoch {}", epoch.epoch),
            format!("opens with {}", epoch.policy),
            format!("sealed {}", text::count(epoch.serial as usize, "time")),
            format!("seals {}", epoch.signed),
        ]);
        for opener in &epoch.openers {
            let proven =
                opener.proven.map_or("never proven".to_owned(), |at| format!("proven {at}"));
            let number = format!("  c{}", opener.number);
            rows.push(vec![number, opener.kind.to_owned(), proven, opener.recipient.clone()]);
        }
        rows.extend(epoch.solo.iter().map(|solo| vec!["  alone".to_owned(), solo.clone()]));
    }
    text::table(&rows)
}

fn sealed(report: &new::Report) -> String {
    let force = if report.in_force { "in force" } else { "NOT in force yet" };
    let mut text = format!("epoch {}  opens with {}  {force}\n", report.epoch, report.policy);
    for seal in &report.seals {
        let _ = writeln!(text, "  seal  {seal}");
    }
    notes(&mut text, &report.remarks);
    text
}

fn unwrapped(report: &unwrap::Report) -> String {
    let mut text = format!("wrote the {} to {}\n", report.left, report.to.display());
    notes(&mut text, &report.remarks);
    text
}

fn proven(report: &prove::Report) -> String {
    let openers = report.proof.openers.iter().map(|one| format!("opener c{}", one.number));
    let machines = report.proof.machines.iter().map(|role| format!("the machine {role}, alone"));
    let who: Vec<_> = openers.chain(machines).collect();
    let (epoch, who) = (report.proof.epoch, who.join(" and "));
    let what = if report.proof.unsealed && who.is_empty() {
        format!("epoch {epoch} opens, with a key that is no opener's of this kit")
    } else if report.proof.unsealed {
        format!("epoch {epoch} opens with the key of {who}")
    } else {
        format!("the key of {who} still answers; opening epoch {epoch} takes more people")
    };
    format!("{what}\n  recorded  {}\n", report.record.display())
}

/// Adds a line for each remark.
pub(super) fn notes(text: &mut String, remarks: &[String]) {
    for remark in remarks {
        let _ = writeln!(text, "  note  {remark}");
    }
}

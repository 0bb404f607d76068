//! `trust`

use std::fmt::Write as _;
use std::path::PathBuf;

use super::keys::notes;
use crate::app::text as words;
use crate::app::trust::{Change, Moment, add, require, revoke, show, sign};
use crate::cli::shell::{Outcome, Shell};
use crate::model::id::{Role, Seq};

/// Say who may vouch: show, add, require, revoke, sign
///
/// A change is the next version of the trust file, prepared in the kit. It counts once enough root
/// keys of the version in force and of the next one signed it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show what is in force, and what is prepared
    Show,
    /// Add a signer in a role, or a root key
    Add {
        /// job, verifier or another role; root for a root key
        #[arg(value_name = "ROLE")]
        role: Role,
        /// The public key, or its file
        #[arg(value_name = "KEY")]
        public: String,
        /// From when on it counts, such as 20261101Z
        #[arg(long, value_name = "TIME", value_parser = moment)]
        valid_after: Option<Moment>,
        /// Until when, such as 20271201Z
        #[arg(long, value_name = "TIME", value_parser = moment)]
        valid_before: Option<Moment>,
        /// Also ask for a signature in this role, as trust require does
        #[arg(long)]
        require: bool,
        /// With a root key: how many root keys must sign from now on
        #[arg(long, value_name = "N")]
        threshold: Option<usize>,
        /// A root key that signs the change; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
    /// Ask for a signature in a role, which has a key; snapshots that are there need it, too
    ///
    /// The answer says how many of those lack it: they need --accept-seq until it is there.
    Require {
        /// Such as verifier
        #[arg(value_name = "ROLE")]
        role: Role,
        /// Ask for it no longer
        #[arg(long)]
        off: bool,
        /// A root key that signs the change; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
    /// Stop trusting a key from a snapshot on
    Revoke {
        /// The key's fingerprint, SHA256:…
        #[arg(value_name = "FINGERPRINT")]
        fingerprint: String,
        /// The first snapshot for which its signature means nothing
        #[arg(long, value_name = "SEQ", value_parser = super::seq)]
        from: Seq,
        /// A root key that signs the change; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
    /// Sign what is prepared: the next version, and seals
    Sign {
        /// A root key; keys/root of the kit by default
        #[arg(long, value_name = "ROOTKEY")]
        key: Option<PathBuf>,
    },
}

fn moment(text: &str) -> Result<Moment, String> {
    text.parse().map_err(|_| "expected a time like 20261101Z or 20261101083000Z".to_owned())
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let config = shell.global.config.clone();
    let change = match &args.verb {
        Verb::Show => {
            let report = show::run(config.as_deref(), &shell.ports)?;
            shell.print(&report, || shown(&report));
            return Ok(0);
        }
        Verb::Add { role, public, valid_after, valid_before, require, threshold, key } => {
            let request = add::Request {
                config,
                role: role.clone(),
                public: public.clone(),
                after: *valid_after,
                before: *valid_before,
                require: *require,
                threshold: *threshold,
                key: key.clone(),
            };
            add::run(&request, &shell.ports)?
        }
        Verb::Require { role, off, key } => {
            let (role, key) = (role.clone(), key.clone());
            require::run(&require::Request { config, role, off: *off, key }, &shell.ports)?
        }
        Verb::Revoke { fingerprint, from, key } => {
            let (fingerprint, key) = (fingerprint.clone(), key.clone());
            revoke::run(&revoke::Request { config, fingerprint, from: *from, key }, &shell.ports)?
        }
        Verb::Sign { key } => sign::run(&sign::Request { config, key: key.clone() }, &shell.ports)?,
    };
    shell.print(&change, || changed(&change));
    Ok(0)
}

fn changed(change: &Change) -> String {
    let force = if change.in_force == change.version { "in force" } else { "NOT in force yet" };
    let mut text = format!("version {} of the trust file: {force}\n", change.version);
    for signed in &change.signed {
        let _ = writeln!(text, "  signed  {signed}");
    }
    notes(&mut text, &change.remarks);
    text
}

fn shown(report: &show::Report) -> String {
    let mut text = format!("stream {}  trust version {} in force\n", report.stream, report.version);
    let _ = writeln!(text, "  trust root  {}", report.trust_root);
    let _ = writeln!(text, "  digest      {}", report.digest);
    let accept: Vec<_> = report.accept.iter().map(Role::as_str).collect();
    let _ = writeln!(text, "  snapshots   need {}", accept.join(" + "));
    let needed = words::count(report.root_threshold, "root key");
    let _ = writeln!(text, "  versions    need {needed}");
    for root in &report.roots {
        let _ = writeln!(text, "  root        {} {}", root.name, root.fingerprint);
    }
    for signer in &report.signers {
        let _ = writeln!(
            text,
            "  {:<10}  {}{}",
            signer.role.as_str(),
            signer.fingerprint,
            window(signer)
        );
    }
    for epoch in &report.epochs {
        let _ = writeln!(text, "  epoch {:<4}  {}", epoch.epoch, epoch.recipient);
    }
    if let Some(pending) = &report.pending {
        let _ = writeln!(
            text,
            "prepared: version {}, signed by {} of {} ({})",
            pending.version,
            pending.signed_by.len(),
            pending.needed,
            pending.signed_by.join(", ")
        );
        for line in &pending.removed {
            let _ = writeln!(text, "  - {line}");
        }
        for line in &pending.added {
            let _ = writeln!(text, "  + {line}");
        }
    }
    notes(&mut text, &report.remarks);
    text
}

fn window(signer: &show::SignerReport) -> String {
    let parts = [
        signer.valid_after.as_ref().map(|at| format!("  from {at}")),
        signer.valid_before.as_ref().map(|at| format!("  until {at}")),
        signer.revoked_from.map(|seq| format!("  REVOKED from snapshot {seq} on")),
    ];
    parts.into_iter().flatten().collect()
}

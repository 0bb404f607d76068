//! `trust require`: every snapshot needs a signature in a role, or no longer does; and how many
//! snapshots that are there lack it.

use std::path::PathBuf;

use super::{Change, finish};
use crate::app::ceremony::{CeremonyError, Draft, RootSigner};
use crate::app::{Failure, Kit, Place, Ports, Reader, text};
use crate::keys::trust::policy_met;
use crate::model::id::Role;

/// What to require.
#[derive(Clone, Debug)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The role.
    pub role: Role,
    /// Whether it is required no longer.
    pub off: bool,
    /// A root key that signs the change; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// Prepares the change.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Change, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?;
    let mut draft = Draft::begin(&kit)?;
    // The same again, while it is prepared only, completes a run that was interrupted.
    let stands = draft.trusted.file().accept.contains(&request.role) != request.off;
    let prepared = draft.file.accept.contains(&request.role) != request.off;
    if stands && prepared {
        let word = if request.off { "not required" } else { "required already" };
        return Err(refused(format!("the role {} is {word}", request.role)));
    }
    if request.off {
        draft.file.accept.retain(|role| *role != request.role);
    } else {
        require(&mut draft, &request.role)?;
    }
    finish(&kit, &draft, root.as_ref(), ports)
}

/// Adds a role to those that must sign. Without a key nobody could.
pub(super) fn require(draft: &mut Draft, role: &Role) -> Result<(), Failure> {
    if draft.file.signers_of(role).next().is_none() {
        return Err(refused(format!("no key has the role {role}: trust add {role} KEY.pub")));
    }
    if !draft.file.accept.contains(role) {
        draft.file.accept.push(role.clone());
    }
    Ok(())
}

fn refused(why: String) -> Failure {
    CeremonyError::BadChange { why }.into()
}

/// Returns what a person should know when a draft asks for other signatures than what was in force.
pub(super) fn told(kit: &Kit, draft: &Draft, ports: &Ports<'_>) -> Vec<String> {
    let (before, now) = (&draft.trusted.file().accept, &draft.file.accept);
    if before == now {
        return Vec::new();
    }
    let roles = |roles: &[Role]| roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" + ");
    let mut told = vec![format!("snapshots need {}; before: {}", roles(now), roles(before))];
    if let Ok((unmet, of)) = unmet(kit, now, ports) {
        let these = text::count(of, "snapshot");
        told.push(match unmet {
            0 => format!("all of {these} in the store have these signatures"),
            _ => format!(
                "{unmet} of {these} in the store lack one, and each needs --accept-seq until it is \
                 there: blackstart verify SEQ --identity KEY --cosign SSHKEY"
            ),
        });
    }
    told
}

/// How many snapshots in the kit's stores lack a signature that is asked for, and of how many.
fn unmet(kit: &Kit, accept: &[Role], ports: &Ports<'_>) -> Result<(usize, usize), Failure> {
    let config = Some(kit.config.path.clone());
    let reader = Reader::open(&Place { config, ..Place::default() }, ports)?;
    let seqs = reader.seqs()?;
    let newest = seqs.last().copied();
    let met = |seq: &&_| {
        let verified = reader.verify_listed(**seq, newest.unwrap_or(**seq), ports);
        verified.is_ok_and(|verified| policy_met(accept, verified.signatures(), false))
    };
    Ok((seqs.len() - seqs.iter().filter(met).count(), seqs.len()))
}

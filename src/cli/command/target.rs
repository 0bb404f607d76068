//! `target`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::target::{
    self, Accept, Add, Card, Changed, Class, Create, Created, Deleted, Done, Kitchen, List, Listed,
    Sign, Tested,
};
use crate::app::{CommandLine, text};
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;
use crate::model::safe::safe;

/// Name clusters, so that a replay can be bound to one
///
/// A name is bound to the cluster that answers now: the UID of its kube-system namespace and its
/// certificate authority. Whoever answers later under another identity is refused. A cluster that
/// does not look like its class is refused too, until each sign of that is accepted by its word.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Connect to a cluster, record who it is and copy its kubeconfig
    Add {
        /// The name: lower-case letters, digits and dashes
        #[arg(value_name = "NAME")]
        name: String,
        /// How much care it needs
        #[arg(long, value_name = "disposable|standby|production")]
        class: Class,
        #[command(flatten)]
        from: From,
    },
    /// List the clusters that have names here
    List,
    /// Show one card, without asking the cluster
    Show {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Ask the cluster who it is, what it shows and what the credentials allow; writes nothing
    Test {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Accept signs that do not fit the class; goes onto the card and into every journal
    Accept {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
        /// The words of the signs
        #[arg(value_name = "WORD", required = true)]
        signs: Vec<Sign>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Make a practice cluster on this machine, and name it
    #[command(group = clap::ArgGroup::new("with").required(true))]
    Create {
        /// The name: lower-case letters, digits and dashes
        #[arg(value_name = "NAME")]
        name: String,
        /// etcd and kube-apiserver, with kube-controller-manager where found; runs no Pods
        #[arg(long, group = "with")]
        control_plane: bool,
        /// kind, in containers
        #[arg(long, group = "with")]
        kind: bool,
        /// k3s, as root
        #[arg(long, group = "with")]
        k3s: bool,
        /// An archive of images to load, so that nothing is fetched
        #[arg(long, value_name = "FILE", conflicts_with = "control_plane")]
        images: Vec<PathBuf>,
        /// An archive with kind's node image
        #[arg(long, value_name = "FILE", requires = "kind")]
        node_archive: Option<PathBuf>,
        /// The node image kind is to use
        #[arg(long, value_name = "IMAGE", requires = "kind")]
        node_image: Option<String>,
        /// Only print what would be run
        #[arg(long)]
        show: bool,
    },
    /// Take away a cluster that `create` made, and its name; no other is touched
    Delete {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let a name stand for the rebuilt cluster, or renew the credentials of the same one
    Replace {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
        /// Another class than before
        #[arg(long, value_name = "disposable|standby|production")]
        class: Option<Class>,
        #[command(flatten)]
        from: From,
    },
    /// Forget a name and its credentials; the cluster is not touched
    Remove {
        /// The target
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Where a cluster is, and what is accepted about it.
#[derive(Debug, clap::Args)]
struct From {
    /// The kubeconfig; KUBECONFIG and ~/.kube/config are not consulted
    #[arg(long, value_name = "FILE")]
    kubeconfig: PathBuf,
    /// A context of that file, where it has several; its current-context is not asked
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// A sign that does not fit the class and is accepted; several with commas
    #[arg(long, value_name = "WORD", value_delimiter = ',', requires = "reason")]
    accept: Vec<Sign>,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl From {
    fn request(&self, name: &str, class: Option<Class>) -> Add {
        let accept = Accept { signs: self.accept.clone(), reason: self.reason.clone() };
        Add {
            name: name.to_owned(),
            kubeconfig: self.kubeconfig.clone(),
            class,
            context: self.context.clone(),
            accept,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let ports = &shell.ports;
    let changed = match &args.command {
        Command::List => {
            let list = target::list(ports)?;
            shell.print(&list, || list_text(&list));
            return Ok(0);
        }
        Command::Show { name } => {
            let card = target::show(name, ports)?;
            shell.print(&card, || card_text(&card));
            return Ok(0);
        }
        Command::Test { name } => {
            let tested = target::test(name, ports)?;
            shell.print(&tested, || tested_text(&tested));
            return Ok(match (tested.stopping.is_empty(), tested.is_good()) {
                (false, _) => Kind::Refused.exit_code(),
                (true, false) => Kind::Failed.exit_code(),
                (true, true) => 0,
            });
        }
        Command::Create {
            name,
            control_plane,
            kind,
            images,
            node_archive,
            node_image,
            show,
            k3s: _,
        } => {
            let with = match (control_plane, kind) {
                (true, _) => Kitchen::ControlPlane,
                (_, true) => Kitchen::Kind,
                _ => Kitchen::K3s,
            };
            let (images, node_archive) = (images.clone(), node_archive.clone());
            let (name, node_image, show) = (name.clone(), node_image.clone(), *show);
            let request = Create { name, with, images, node_archive, node_image, show };
            let created = target::create(&request, ports)?;
            shell.print(&created, || created_text(&created));
            return Ok(0);
        }
        Command::Delete { name } => {
            let deleted = target::delete(name, ports)?;
            shell.print(&deleted, || deleted_text(&deleted));
            return Ok(0);
        }
        Command::Add { name, class, from } => {
            target::add(&from.request(name, Some(*class)), ports)?
        }
        Command::Replace { name, class, from } => {
            target::replace(&from.request(name, *class), ports)?
        }
        Command::Accept { name, signs, reason } => {
            let accept = Accept { signs: signs.clone(), reason: reason.clone() };
            target::accept(name, &accept, ports)?
        }
        Command::Remove { name } => target::remove(name, ports)?,
    };
    shell.print(&changed, || changed_text(&changed));
    Ok(0)
}

fn created_text(created: &Created) -> String {
    let ran = if created.target.is_some() { "ran" } else { "would run" };
    let mut text = String::new();
    for command in &created.commands {
        let _ = writeln!(text, "  {ran:<9} {}", safe(command));
    }
    if let Some(card) = &created.target {
        let (name, class) = (&card.name, card.class);
        let server = safe(&card.identity.server);
        text = format!("{name} is now a {class} cluster at {server}\n") + &text;
        text += &identity_text(card);
        let _ = writeln!(text, "it goes on until: blackstart target delete {name}");
    }
    text
}

fn deleted_text(deleted: &Deleted) -> String {
    let mut text = format!("{} and everything of it is gone\n", deleted.name);
    for remark in &deleted.remarks {
        let _ = writeln!(text, "  note     {remark}");
    }
    text
}

/// The command that plans for it. Whose key it needs nobody knows here.
fn next(name: &str) -> String {
    let line = CommandLine::new("plan").word("--target").word(name);
    format!("next: {}\n", line.word("--identity").word("KEY").line())
}

fn changed_text(changed: &Changed) -> String {
    let card = &changed.target;
    let (name, class) = (&card.name, card.class);
    let server = safe(&card.identity.server);
    match changed.done {
        Done::Added => {
            let head = format!("{name} is now the {class} cluster at {server}\n");
            head + &identity_text(card) + &next(name)
        }
        Done::Replaced => {
            let head = format!("{name} is now another {class} cluster, at {server}\n");
            let former = card.former.last().map(|former| safe(&former.identity.uid));
            let was = format!("  was      {}\n", former.unwrap_or_default());
            let next = "plans and unfinished runs of the former one fit no more\n";
            head + &identity_text(card) + &was + next
        }
        Done::Renewed => {
            format!("{name} is the same cluster, with the credentials of that file\n")
                + &identity_text(card)
        }
        Done::Accepted => format!("accepted for {name}, from now on told and journaled\n"),
        Done::Removed => {
            format!("{name} and its credentials are gone from here; the cluster is as it was\n")
        }
    }
}

fn identity_text(card: &Card) -> String {
    let identity = &card.identity;
    let mut text =
        format!("  uid      {}\n  version  {}\n", safe(&identity.uid), safe(&identity.version));
    if let Some(ca) = &identity.ca {
        let _ = writeln!(text, "  ca       {}", ca.short());
    }
    if let Some(program) = &card.runs {
        let _ = writeln!(text, "  note     its credentials come from running {}", safe(program));
    }
    for accepted in &card.accepted {
        let (sign, found, reason) = (accepted.sign, safe(&accepted.found), safe(&accepted.reason));
        let _ = writeln!(text, "  accepted {sign}: {found}; \"{reason}\", {}", accepted.at);
    }
    text
}

fn card_text(card: &Card) -> String {
    let mut text = format!(
        "{}  {}  {}\n  added    {} from the context {}\n",
        card.name,
        card.class,
        safe(&card.identity.server),
        card.added,
        safe(&card.context)
    );
    text += &identity_text(card);
    if let Some(local) = &card.local {
        let _ = writeln!(text, "  made     here: {}", safe(local.to_string()));
    }
    for former in &card.former {
        let uid = safe(&former.identity.uid);
        let _ = writeln!(text, "  was      {uid} from {} to {}", former.added, former.replaced);
    }
    let _ = writeln!(text, "next: blackstart target test {}", card.name);
    text
}

fn tested_text(tested: &Tested) -> String {
    let (card, facts) = (&tested.target, &tested.facts);
    let version = tested.identity.as_ref().map(|identity| safe(&identity.version));
    let mut text = format!("{}  {}  {}\n", card.name, card.class, safe(&card.identity.server));
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "  {key:<8} {value}");
    };
    line("identity", format!("as on the card, uid {}", safe(&card.identity.uid)));
    line("answers", format!("{} within {} ms", version.unwrap_or_default(), tested.millis));
    line("nodes", format!("{} of {} ready", facts.ready, facts.nodes));
    if facts.runs_nothing() {
        line("note", "what is applied does not run until a node is ready".to_owned());
    }
    for engine in &facts.engines {
        let (live, suspended) = (engine.owning, engine.suspended);
        line("engine", format!("{}: {live} live, {suspended} suspended", engine.kind));
    }
    if tested.missing_rights.is_empty() {
        line("rights", "all that a replay needs".to_owned());
    }
    tested.missing_rights.iter().for_each(|right| line("LACKS", format!("the right to {right}")));
    tested.told.iter().for_each(|told| line("note", safe(told)));
    for accepted in &tested.accepted {
        line("accepted", format!("{} ({})", safe(&accepted.found), accepted.sign));
    }
    tested.stopping.iter().for_each(|finding| line("STOPS", finding.to_string()));
    let _ = match tested.stopping.as_slice() {
        [] => text.write_str(&next(&card.name)),
        stopping => {
            let mut words: Vec<_> = stopping.iter().map(|finding| finding.sign.word()).collect();
            words.dedup();
            let (name, words) = (&card.name, words.join(" "));
            writeln!(
                text,
                "it does not look {}; if it is the right cluster, say why:\nnext: blackstart \
                 target accept {name} {words} --reason TEXT",
                card.class
            )
        }
    };
    text
}

fn list_text(list: &List) -> String {
    if list.targets.is_empty() {
        return "no targets yet\nnext: blackstart target add NAME --kubeconfig FILE --class CLASS\n"
            .to_owned();
    }
    let head = ["NAME", "CLASS", "VERSION", "SERVER", "UID"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(list.targets.iter().map(|listed| match listed {
        Listed::Card(card) => vec![
            card.name.clone(),
            card.class.to_string(),
            safe(&card.identity.version),
            safe(&card.identity.server),
            safe(&card.identity.uid),
        ],
        Listed::Damaged { name, problem } => vec![name.clone(), "DAMAGED".into(), safe(problem)],
    }));
    text::table(&rows)
}

//! `target`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::target::{self, Add, Added, List};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::model::safe::safe;

/// Name clusters, so that a replay can be bound to one
///
/// A name is bound to the cluster that answers now: the UID of its kube-system namespace and its
/// certificate authority. Whoever answers later under another identity is refused.
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
        /// The kubeconfig; KUBECONFIG and ~/.kube/config are not consulted
        #[arg(long, value_name = "FILE")]
        kubeconfig: PathBuf,
        /// How much care it needs
        #[arg(long, value_name = "disposable|standby|production")]
        class: crate::app::target::Class,
        /// A context of that file; its current-context when absent
        #[arg(long, value_name = "NAME")]
        context: Option<String>,
    },
    /// List the clusters that have names here
    List,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    match &args.command {
        Command::Add { name, kubeconfig, class, context } => {
            let request = Add {
                name: name.clone(),
                kubeconfig: kubeconfig.clone(),
                class: *class,
                context: context.clone(),
            };
            let added = target::add(&request, &shell.ports)?;
            shell.print(&added, || added_text(&added));
        }
        Command::List => {
            let list = target::list(&shell.ports)?;
            shell.print(&list, || list_text(&list));
        }
    }
    Ok(0)
}

fn added_text(added: &Added) -> String {
    let card = &added.target;
    let mut text = format!(
        "{} is now the {} cluster at {}\n  uid      {}\n  version  {}\n",
        card.name, card.class, card.identity.server, card.identity.uid, card.identity.version
    );
    if let Some(ca) = &card.identity.ca {
        let _ = writeln!(text, "  ca       {}", ca.short());
    }
    if let Some(program) = &card.runs {
        let _ = writeln!(text, "  note     its credentials come from running {program}");
    }
    let _ = writeln!(text, "next: blackstart plan --target {}", card.name);
    text
}

fn list_text(list: &List) -> String {
    if list.targets.is_empty() {
        return "no targets yet\nnext: blackstart target add NAME --kubeconfig FILE --class CLASS\n"
            .to_owned();
    }
    let head = ["NAME", "CLASS", "VERSION", "SERVER", "UID"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(list.targets.iter().map(|card| {
        vec![
            card.name.clone(),
            card.class.to_string(),
            safe(&card.identity.version),
            safe(&card.identity.server),
            safe(&card.identity.uid),
        ]
    }));
    text::table(&rows)
}

//! What is done outside of these screens: waiting, and practising.

use crate::app::program;
use crate::tui::page::{Line, Page, Role};
use crate::tui::state::State;

/// What the runbook of the kit says, in short.
const WORDS: &[&str] = &[
    "A cluster that runs goes on running without Git: only change is blocked.",
    "An engine that sees an empty, old or half-restored repository may delete what it manages. \
     So suspend the engines first, and write down what was already suspended.",
];

const FLUX: &[&str] = &[
    "flux get all --all-namespaces > frozen-flux.txt",
    "flux suspend kustomization --all --namespace NAMESPACE",
    "flux suspend helmrelease --all --namespace NAMESPACE",
];

const ARGO: &[&str] = &[
    "kubectl -n argocd get applications -o yaml > frozen-argocd.yaml",
    "kubectl -n argocd scale deployment argocd-applicationset-controller --replicas=0",
    "kubectl -n argocd scale statefulset argocd-application-controller --replicas=0",
];

/// The page.
pub(super) fn page(_state: &State) -> Page<'_> {
    let mut page = Page::new("Wait, and freeze what follows the Git host");
    for words in WORDS {
        page.fact(Line::words(Role::Plain, format!(" {words}")));
    }
    for (engine, commands) in [("Flux, in each namespace", FLUX), ("Argo CD", ARGO)] {
        page.fact(Line::of(Role::Strong, format!(" {engine}")));
        commands.iter().for_each(|line| page.fact(Line::plain(format!("   {line}")).hanging(5)));
    }
    page.next(
        Role::Plain,
        "All steps are in runbooks/git-host-outage.md of your kit. This program does not freeze \
         engines itself yet.",
    );
    page.same_as = Some("cat runbooks/git-host-outage.md".to_owned());
    page
}

/// The page of practising.
pub(super) fn practise(_state: &State) -> Page<'_> {
    let mut page = Page::new("Practise on this machine");
    page.fact(Line::words(
        Role::Plain,
        " One command shows everything: it makes three small repositories, takes snapshots, takes \
         their Git server away, opens the bundle and replays it, onto a control plane of its own \
         where etcd and kube-apiserver are found, else into a folder. It touches nothing of yours.",
    ));
    page.next(Role::Plain, "c copies the command; run it in a shell.");
    page.same_as = Some(format!("{} demo", program()));
    page
}

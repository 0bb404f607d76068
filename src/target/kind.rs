//! The command lines of kind, which runs a cluster in containers of this machine.
//!
//! Everything can be loaded from files: the node image with the container program, the images of
//! workloads with kind itself. The kubeconfig is a file of ours, so that `~/.kube/config` stays as
//! it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::create::Make;
use super::error::TargetError;
use crate::model::cancel::Cancel;
use crate::tools::{Command, Tools};

/// Programs that run containers, as kind prefers them.
const CONTAINERS: [&str; 3] = ["docker", "podman", "nerdctl"];
/// Images are gigabytes, and a first start takes minutes.
const PATIENCE: Duration = Duration::from_mins(15);

/// One command line.
pub(super) type Line = Vec<OsString>;

/// Returns the name in kind: ours can be told from those of others.
pub(super) fn cluster_name(name: &str) -> String {
    format!("blackstart-{name}")
}

/// Returns the command lines that make a cluster, in order.
pub(super) fn lines(make: &Make<'_>, kubeconfig: &Path, container: Option<&str>) -> Vec<Line> {
    let cluster = cluster_name(make.name);
    let mut lines = Vec::new();
    if let (Some(archive), Some(container)) = (make.node_archive, container) {
        lines.push(line([container, "load", "--input"], [archive.as_os_str().to_owned()]));
    }
    let mut create = line(
        ["kind", "create", "cluster", "--name", &cluster, "--wait", "180s", "--kubeconfig"],
        [kubeconfig.as_os_str().to_owned()],
    );
    if let Some(image) = make.node_image {
        create.extend(["--image".into(), image.into()]);
    }
    lines.push(create);
    for archive in make.images {
        let load = ["kind", "load", "image-archive", "--name", &cluster];
        lines.push(line(load, [archive.as_os_str().to_owned()]));
    }
    lines
}

/// Returns the command line that takes a cluster away.
pub(super) fn away(cluster: &str, kubeconfig: &Path) -> Line {
    let words = ["kind", "delete", "cluster", "--name", cluster, "--kubeconfig"];
    line(words, [kubeconfig.as_os_str().to_owned()])
}

fn line<const N: usize, const M: usize>(words: [&str; N], last: [OsString; M]) -> Line {
    words.into_iter().map(OsString::from).chain(last).collect()
}

/// Returns the program that runs containers.
pub(super) fn container(tools: &Tools) -> Option<&'static str> {
    CONTAINERS.into_iter().find(|name| tools.find(name).is_some())
}

/// Runs one command line with the variables that such programs need.
pub(super) fn run(
    line: &Line,
    variables: &[(String, OsString)],
    tools: &Tools,
    cancel: &Cancel,
) -> Result<(), TargetError> {
    let (name, args) = line.split_first().ok_or(TargetError::NoProgram { program: "kind" })?;
    let name = name.to_string_lossy();
    let command: Command = tools.command(&name)?.args(args).timeout(PATIENCE);
    let command = variables.iter().fold(command, |command, (name, value)| command.env(name, value));
    command.run(cancel).and_then(crate::tools::Output::success)?;
    Ok(())
}

/// Returns a command line as a shell takes it.
pub(super) fn shown(line: &Line) -> String {
    let quoted = |word: &OsString| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@=".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    line.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Where kind writes the kubeconfig.
pub(super) fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join("kubeconfig")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_from_files_and_nothing_of_the_users_is_touched() {
        let images = [PathBuf::from("/m/app one.tar")];
        let make = Make {
            images: &images,
            node_archive: Some(Path::new("/m/node.tar")),
            node_image: Some("kindest/node@sha256:00"),
            ..Make::of("lab", super::super::create::Kitchen::Kind)
        };
        let lines = lines(&make, Path::new("/s/kubeconfig"), Some("docker"));
        let shown: Vec<_> = lines.iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "docker load --input /m/node.tar",
                "kind create cluster --name blackstart-lab --wait 180s --kubeconfig /s/kubeconfig \
                 --image kindest/node@sha256:00",
                "kind load image-archive --name blackstart-lab '/m/app one.tar'",
            ]
        );
        assert_eq!(
            super::shown(&away("blackstart-lab", Path::new("/s/kubeconfig"))),
            "kind delete cluster --name blackstart-lab --kubeconfig /s/kubeconfig"
        );
    }
}

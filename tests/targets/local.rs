//! Clusters of this machine: they outlive the command that made them, and only they are deleted.
//!
//! kind and k3s are not on test machines. Programs of their names stand in for them: they take the
//! options that the real ones have and no others, refuse files and clusters that are not there, record
//! how they are called, and hand out a real control plane. What is tested is our half.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::cluster::{Lab, assets_folder, nothing_was_deleted};
use crate::support::component;
use crate::support::sandbox::{Sandbox, finish};

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("KUBEBUILDER_ASSETS", assets_folder());
    sandbox
}

/// Puts a program of that name first on the search path.
fn stand_in(sandbox: &mut Sandbox, name: &str, script: &str) {
    let path = sandbox.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut folders = vec![sandbox.path("bin")];
    folders.extend(std::env::split_paths(&component::search_path()));
    sandbox.set("PATH", Path::new(&std::env::join_paths(folders).unwrap()));
}

/// Ends unless every option is one of `known`; those with a value as `--name VALUE` or `--name=VALUE`.
fn takes_only(known: &[&str]) -> String {
    format!(
        "for word; do case $word in --*) case \" {} \" in *\" ${{word%%=*}} \"*) ;; *) echo \"unknown \
         flag: $word\" >&2; exit 1;; esac;; esac; done\n",
        known.join(" ")
    )
}

/// As kind 0.30 is called, with one cluster at the most, whose API is that of `kubeconfig`.
fn kind(log: &Path, kubeconfig: &Path) -> String {
    let (log, kubeconfig) = (log.display(), kubeconfig.display());
    let create =
        takes_only(&["--name", "--wait", "--kubeconfig", "--image", "--config", "--retain"]);
    let (load, delete) =
        (takes_only(&["--name", "--nodes"]), takes_only(&["--name", "--kubeconfig"]));
    format!(
        "echo kind \"$@\" >>{log}\n\
         case \"$1 $2\" in\n\
         'create cluster') shift 2\n{create}\
         [ ! -e {log}.cluster ] || {{ echo 'node(s) already exist' >&2; exit 1; }}\n\
         touch {log}.cluster\n\
         while [ \"$1\" != --kubeconfig ]; do shift; done\ncp {kubeconfig} \"$2\";;\n\
         'load image-archive') shift 2\n{load}\
         [ -e {log}.cluster ] || {{ echo 'no nodes found for cluster' >&2; exit 1; }}\n\
         for last; do :; done\n[ -f \"$last\" ] || {{ echo \"$last: no such file\" >&2; exit 1; }};;\n\
         'delete cluster') shift 2\n{delete}rm -f {log}.cluster;;\n\
         *) echo \"unknown command $1 $2\" >&2; exit 1;;\nesac"
    )
}

fn processes_of(folder: &Path) -> usize {
    let folder = folder.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(folder)).count()
}

#[test]
fn a_control_plane_goes_on_after_the_command_and_goes_when_it_is_deleted() {
    let sandbox = sandbox();
    let created =
        sandbox.run(&["target", "create", "lab", "--control-plane", "--json"]).ok().json();
    assert_eq!(created["target"]["class"], "disposable");
    let ran = created["commands"][0].as_str().unwrap();
    assert!(ran.contains("etcd, kube-apiserver and kube-controller-manager"), "{ran}");
    let folder = sandbox.path("home/state/blackstart/local/lab");
    assert!(processes_of(&folder) >= 3, "etcd, kube-apiserver and its controllers run on");
    sandbox.run(&["target", "test", "lab"]).ok();
    sandbox.run(&["target", "create", "lab", "--control-plane"]).exits(5);
    // It is not just forgotten, and not taken for one of somebody else's.
    sandbox.run(&["target", "remove", "lab"]).exits(5).says("blackstart target delete lab");
    nothing_was_deleted(&folder.join("audit.log"));
    sandbox.run(&["target", "delete", "lab"]).ok();
    assert_eq!((processes_of(&folder), folder.exists()), (0, false));
    sandbox.run(&["target", "delete", "lab"]).exits(2);
}

#[test]
fn only_what_was_made_here_is_deleted() {
    let sandbox = sandbox();
    let lab = Lab::without_controllers();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    let add = ["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", "disposable"];
    sandbox.run(&add).ok();
    sandbox.run(&["target", "delete", "lab"]).exits(5).says("was not made here");
    assert!(lab.cluster().is_ready());
    // A folder that lies there without our record stays.
    sandbox.write("home/state/blackstart/local/other/notes", "mine");
    sandbox.run(&["target", "delete", "other"]).exits(5);
    assert!(sandbox.path("home/state/blackstart/local/other/notes").exists());
    // And nothing is made over it.
    sandbox.run(&["target", "create", "other", "--control-plane"]).exits(5);
}

#[test]
fn a_failed_start_leaves_nothing_behind() {
    let mut sandbox = Sandbox::new();
    sandbox.set("KUBEBUILDER_ASSETS", sandbox.path("bin"));
    stand_in(&mut sandbox, "etcd", "exec sleep 600");
    stand_in(&mut sandbox, "kube-apiserver", "echo no such flag >&2; exit 1");
    let ran = sandbox.run(&["target", "create", "lab", "--control-plane"]).exits(1);
    assert!(ran.stderr.contains("kube-apiserver") && ran.stderr.contains("no such flag"), "{ran}");
    let folder = sandbox.path("home/state/blackstart/local/lab");
    assert_eq!((processes_of(&folder), folder.exists()), (0, false));
}

#[test]
fn kind_is_called_with_files_of_ours_and_asked_to_take_away_what_it_made() {
    let mut sandbox = Sandbox::new();
    sandbox
        .run(&["target", "create", "lab", "--kind"])
        .exits(1)
        .says("kind is not on this machine");
    let lab = Lab::without_controllers();
    let log = sandbox.path("calls");
    stand_in(&mut sandbox, "kind", &kind(&log, lab.plane.kubeconfig()));
    let docker = "[ \"$1 $2\" = 'load --input' ] && [ -f \"$3\" ]";
    stand_in(&mut sandbox, "docker", &format!("echo docker \"$@\" >>{}\n{docker}", log.display()));
    let files = ["node.tar", "apps.tar"].map(|name| sandbox.path(name));
    let [node, apps] = files.each_ref().map(|path| path.to_str().unwrap());
    let more = ["--kind", "--node-archive", node, "--images", apps];
    let create = [&["target", "create", "lab"][..], &more].concat();
    // Nothing is begun with a file that is not there.
    sandbox.run(&create).exits(1).says("No such file");
    files.iter().for_each(|path| std::fs::write(path, "layers").unwrap());
    assert!(!log.exists(), "it began all the same");
    let shown = sandbox.run(&[&create[..], &["--show", "--json"]].concat()).ok().json();
    assert!(!log.exists(), "--show runs nothing");
    let created = sandbox.run(&[&create[..], &["--json"]].concat()).ok().json();
    assert_eq!(created["commands"], shown["commands"]);
    let kubeconfig = sandbox.path("home/state/blackstart/local/lab/kubeconfig");
    let kubeconfig = kubeconfig.display();
    let calls = std::fs::read_to_string(&log).unwrap();
    let expected = format!(
        "docker load --input {node}\nkind create cluster --name blackstart-lab --wait 180s \
         --kubeconfig {kubeconfig}\nkind load image-archive --name blackstart-lab {apps}\n"
    );
    assert_eq!(calls, expected);
    sandbox.run(&["target", "test", "lab"]).ok();
    sandbox.run(&["target", "delete", "lab"]).ok();
    let calls = std::fs::read_to_string(&log).unwrap();
    let last = format!("kind delete cluster --name blackstart-lab --kubeconfig {kubeconfig}");
    assert_eq!(calls.lines().last(), Some(last.as_str()));
    assert!(lab.cluster().is_ready());
}

#[test]
fn k3s_gets_its_images_before_it_starts_and_runs_until_it_is_deleted() {
    let mut sandbox = Sandbox::new();
    let lab = Lab::without_controllers();
    let options = takes_only(&[
        "--data-dir",
        "--write-kubeconfig",
        "--write-kubeconfig-mode",
        "--bind-address",
        "--https-listen-port",
        "--node-name",
        "--disable",
    ]);
    let script = format!(
        "[ \"$1\" = server ] || exit 1\n{options}for word; do case $word in --write-kubeconfig=*) to=${{word#*=}};; esac; done\n\
         ls \"$(dirname \"$to\")/data/agent/images\" >&2\ncp {} \"$to\"\nwhile :; do sleep 1; done",
        lab.plane.kubeconfig().display()
    );
    stand_in(&mut sandbox, "k3s", &script);
    let image = sandbox.write("airgap.tar", "layers");
    let create = ["target", "create", "edge", "--k3s", "--images", image.to_str().unwrap()];
    sandbox.run(&create).ok();
    let folder = sandbox.path("home/state/blackstart/local/edge");
    assert_eq!(std::fs::read_to_string(folder.join("k3s.log")).unwrap(), "airgap.tar\n");
    assert!(processes_of(&folder) >= 1);
    let mut list = sandbox.program("/bin/cat");
    let args = finish(list.arg(folder.join("local.json"))).ok().json();
    assert_eq!(args["processes"][0]["program"], "k3s");
    sandbox.run(&["target", "delete", "edge"]).ok();
    assert_eq!((processes_of(&folder), folder.exists()), (0, false));
}

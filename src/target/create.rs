//! A cluster made here, with its card; and taken away again, that one and nothing else.
//!
//! Everything of it lies in `<state>/local/<name>`. What is half made when something fails is taken
//! away at once; what a crash leaves is taken away by `delete`, which believes only the record in
//! that folder and the card.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::card::Card;
use super::class::Class;
use super::control_plane::{Assets, ControlPlane, free_ports, until_ready};
use super::error::TargetError;
use super::launch::{Lasting, Launch};
use super::local::Local;
use super::meeting::New;
use super::process::{Process, Program};
use super::targets::{Targets, check_name};
use super::{k3s, kind};
use crate::cluster::Access;
use crate::disk::{DiskError, copy, folder, limit};
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::tools::Tools;

/// A node that loads its images from disk takes its time.
const K3S_WITHIN: Duration = Duration::from_mins(4);
const TICK: Duration = Duration::from_millis(200);
const LARGEST_MOUNTS: u64 = 16 << 20;

/// What makes the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kitchen {
    /// etcd and kube-apiserver, with kube-controller-manager where found. Nothing runs Pods.
    ControlPlane,
    /// kind, in containers.
    Kind,
    /// k3s, as root.
    K3s,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Make<'a> {
    /// The name it gets.
    pub name: &'a str,
    /// With what.
    pub with: Kitchen,
    /// Archives of images to load, so that nothing is fetched.
    pub images: &'a [PathBuf],
    /// kind: the archive of the node's own image.
    pub node_archive: Option<&'a Path>,
    /// kind: the node's image.
    pub node_image: Option<&'a str>,
    /// Folders that are searched for a control plane's programs before the search path.
    pub assets: &'a [PathBuf],
    /// Variables that kind and the container program need.
    pub variables: &'a [(String, OsString)],
}

impl<'a> Make<'a> {
    /// Returns a cluster without images.
    pub fn of(name: &'a str, with: Kitchen) -> Self {
        let (images, assets): (&[PathBuf], &[PathBuf]) = (&[], &[]);
        let variables = &[];
        let (node_archive, node_image) = (None, None);
        Self { name, with, images, node_archive, node_image, assets, variables }
    }

    /// Returns the command lines that would be run, fit for a shell. Needs none of the programs.
    pub fn commands(&self, state: &Path, tools: &Tools) -> Vec<String> {
        let at = home(state, self.name);
        match self.with {
            Kitchen::ControlPlane => {
                let found = Assets::find(self.assets, tools).ok();
                let programs = match found.and_then(|assets| assets.controllers) {
                    Some(_) => "etcd, kube-apiserver and kube-controller-manager",
                    None => "etcd and kube-apiserver",
                };
                vec![format!("{programs}, on free ports of 127.0.0.1")]
            }
            Kitchen::Kind => {
                let container = kind::container(tools).or(Some("docker"));
                let lines = kind::lines(self, &kind::kubeconfig(&at), container);
                lines.iter().map(kind::shown).collect()
            }
            Kitchen::K3s => {
                let mut lines: Vec<String> = self
                    .images
                    .iter()
                    .map(|image| format!("cp {} {}", image.display(), images(&at).display()))
                    .collect();
                lines.push(format!("k3s {}", k3s::args(self.name, &at, 0).join(" ")));
                lines
            }
        }
    }
}

fn home(state: &Path, name: &str) -> PathBuf {
    state.join("local").join(name)
}

fn images(at: &Path) -> PathBuf {
    at.join("data/agent/images")
}

impl Targets {
    /// Makes a cluster and its card, class disposable.
    pub fn create(
        &self,
        make: &Make<'_>,
        state: &Path,
        tools: &Tools,
        clock: &dyn Clock,
        cancel: &Cancel,
    ) -> Result<Card, TargetError> {
        check_name(make.name)?;
        let at = home(state, make.name);
        if make.with == Kitchen::Kind && tools.find("kind").is_none() {
            return Err(TargetError::NoProgram { program: "kind" });
        }
        if self.names()?.iter().any(|name| name == make.name) {
            return Err(TargetError::Exists { name: make.name.to_owned() });
        }
        // An archive that is not there is told before anything is begun.
        for archive in make.images.iter().map(PathBuf::as_path).chain(make.node_archive) {
            std::fs::metadata(archive).map_err(DiskError::at("open", archive))?;
        }
        folder::create(&state.join("local"), 0o700)?;
        match folder::create_new(&at, 0o700) {
            Err(DiskError::Exists { .. }) => {
                return Err(TargetError::HalfMade { name: make.name.to_owned() });
            }
            other => other?,
        }
        let at = at.canonicalize().map_err(DiskError::at("open", &at))?;
        let in_kind = (make.with == Kitchen::Kind).then(|| kind::cluster_name(make.name));
        let mut record = Lasting::of(make.name, &at);
        record.in_kind = in_kind;
        record.write()?;
        let made = cook(make, &at, tools, clock, cancel);
        let card = made.and_then(|(kubeconfig, local)| {
            let new = New::of(make.name, &kubeconfig, Class::Disposable);
            let new = New { local: Some(&local), ..new };
            // It was made a moment ago, so nothing about it can be surprising.
            self.add(&new, clock)
        });
        card.inspect_err(|_| {
            // The first failure is the one to tell.
            let _ = clear(make.name, &at, make.variables, tools);
        })
    }

    /// Takes away a cluster that [`Self::create`] made, and its card. Any other is refused.
    pub fn delete(
        &self,
        name: &str,
        state: &Path,
        variables: &[(String, OsString)],
        tools: &Tools,
    ) -> Result<Vec<String>, TargetError> {
        check_name(name)?;
        let card = match self.load(name) {
            Ok(card) if card.local.is_none() => {
                return Err(TargetError::NotMadeHere { name: name.to_owned() });
            }
            Ok(card) => Some(card),
            Err(TargetError::Unknown { .. }) => None,
            Err(error) => return Err(error),
        };
        let local = card.as_ref().and_then(|card| card.local.as_ref());
        let at = local.map_or_else(|| home(state, name), |local| local.folder().to_owned());
        if card.is_none() && !at.is_dir() {
            return Err(TargetError::Unknown { name: name.to_owned() });
        }
        clear(name, &at, variables, tools)?;
        if card.is_some() {
            self.forget(name)?;
        }
        let rest = "containers that k3s started may go on until the machine restarts; \
                    k3s-killall.sh stops those of every k3s here";
        let told = matches!(local, Some(Local::K3s { .. })).then(|| rest.to_owned());
        Ok(told.into_iter().collect())
    }
}

/// Makes the cluster; returns its kubeconfig and how it was made.
fn cook(
    make: &Make<'_>,
    at: &Path,
    tools: &Tools,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Result<(PathBuf, Local), TargetError> {
    let folder = at.to_owned();
    match make.with {
        Kitchen::ControlPlane => {
            let assets = Assets::find(make.assets, tools)?;
            let kubeconfig = ControlPlane::leave_running(&assets, at, make.name, clock, cancel)?;
            Ok((kubeconfig, Local::ControlPlane { folder }))
        }
        Kitchen::Kind => {
            let kubeconfig = kind::kubeconfig(at);
            for line in kind::lines(make, &kubeconfig, kind::container(tools)) {
                kind::run(&line, make.variables, tools, cancel)?;
            }
            let cluster = kind::cluster_name(make.name);
            Ok((kubeconfig, Local::Kind { cluster, folder }))
        }
        Kitchen::K3s => Ok((start_k3s(make, at, tools, clock, cancel)?, Local::K3s { folder })),
    }
}

fn start_k3s(
    make: &Make<'_>,
    at: &Path,
    tools: &Tools,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Result<PathBuf, TargetError> {
    let path = tools.find("k3s").ok_or(TargetError::NoProgram { program: "k3s" })?;
    folder::create(&images(at), 0o700)?;
    for image in make.images {
        let name = image.file_name().unwrap_or(image.as_os_str());
        copy::copy_file(image, &images(at).join(name), 0o600)?;
    }
    let [port, ..] = free_ports()?;
    let search = Some(tools.search_path());
    let mut launch = Launch::new(at, Some(Lasting::of(make.name, at)));
    let args = k3s::args(make.name, at, port);
    launch.start(&Program { name: "k3s", path: &path, args, search })?;
    let kubeconfig = at.join("kubeconfig");
    let begun = clock.elapsed();
    while !kubeconfig.is_file() {
        cancel.check()?;
        launch.processes.iter_mut().try_for_each(Process::check)?;
        if clock.elapsed().saturating_sub(begun) > K3S_WITHIN {
            return Err(launch.processes[0].ended("it wrote no kubeconfig"));
        }
        clock.sleep(TICK);
    }
    let access = Access::read(&limit::read(&kubeconfig, 1 << 20)?, at, None)?;
    until_ready(&mut launch.processes, &access, K3S_WITHIN, clock, cancel)?;
    launch.processes.into_iter().for_each(Process::let_go);
    Ok(kubeconfig)
}

/// Stops what runs and removes the folder, which must hold our record and nothing mounted.
fn clear(
    name: &str,
    at: &Path,
    variables: &[(String, OsString)],
    tools: &Tools,
) -> Result<(), TargetError> {
    let Some(record) = Lasting::read(name, at)? else {
        return Err(TargetError::NotMadeHere { name: name.to_owned() });
    };
    record.stop();
    if let Some(cluster) = &record.in_kind {
        let line = kind::away(cluster, &kind::kubeconfig(at));
        kind::run(&line, variables, tools, &Cancel::new())?;
    }
    let mounts = limit::read_if_there(Path::new("/proc/self/mountinfo"), LARGEST_MOUNTS)?;
    let mounts = String::from_utf8_lossy(&mounts.unwrap_or_default()).into_owned();
    let inside = format!(" {}/", at.display());
    if mounts.lines().any(|line| line.contains(&inside)) {
        return Err(TargetError::Mounted { folder: at.display().to_string() });
    }
    Ok(folder::remove_all(at)?)
}

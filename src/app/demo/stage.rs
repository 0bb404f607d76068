//! What the story needs around it: a folder, surroundings of its own, a server, a target.

use std::path::{Path, PathBuf};

use super::estate::Abilities;
use crate::app::target::asset_folders;
use crate::app::{Failure, Ports};
use crate::config::Environment;
use crate::disk::{atomic, folder};
use crate::render::builds_with;
use crate::standin::http::{GitServer, Options};
use crate::target::{Assets, ControlPlane};
use crate::tools::Tools;

/// The name of the cluster that the demo starts.
pub(super) const TARGET: &str = "demo";

/// Everything around the story.
pub(super) struct Stage {
    /// The demo's folder, absolute.
    pub(super) folder: PathBuf,
    /// Surroundings in which nothing of the person's own state is seen or touched.
    pub(super) environment: Environment,
    /// The programs, those of a control plane included.
    pub(super) tools: Tools,
    /// Where programs were looked for beside the search path.
    places: Vec<PathBuf>,
    /// What starts a control plane, where it is there.
    pub(super) assets: Option<Assets>,
    /// What can be shown.
    pub(super) can: Abilities,
    /// What cannot, and why.
    pub(super) missing: Vec<String>,
}

impl Stage {
    /// Looks around and makes the folder.
    pub(super) fn set(to: Option<&Path>, ports: &Ports<'_>) -> Result<Self, Failure> {
        let named = format!("blackstart-demo-{}", ports.clock.now().unix());
        let folder = match to {
            Some(to) => ports.environment.current_dir.join(to),
            None => ports.environment.temp_dir.join(named),
        };
        folder::create_new(&folder, 0o700)?;
        let places = asset_folders(ports.environment);
        let tools = Tools::new([places.as_slice(), ports.tools.path()].concat());
        let mut missing = Vec::new();
        let assets = match Assets::find(&places, ports.tools) {
            Ok(assets) => Some(assets),
            Err(error) => {
                missing.push(format!(
                    "{error}: the replay goes into a directory instead of a cluster; a control \
                     plane needs etcd and kube-apiserver (KUBEBUILDER_ASSETS, PATH, or tests/run \
                     setup)"
                ));
                None
            }
        };
        let kustomize = builds_with(&tools).is_some();
        if !kustomize {
            missing.push(
                "kustomize (or kubectl): the blog's overlay is in the bundle but not replayed"
                    .into(),
            );
        }
        let controllers = assets.as_ref().is_some_and(|assets| assets.controllers.is_some());
        if assets.is_some() && !controllers {
            missing.push("kube-controller-manager: the shop's Deployment is left out".into());
        }
        let environment = own_environment(ports.environment, &folder);
        let can = Abilities { kustomize, controllers };
        Ok(Self { folder, environment, tools, places, assets, can, missing })
    }

    /// Returns the ports of every use case: the same ones, in the demo's surroundings.
    pub(super) fn ports<'a>(&'a self, ports: &Ports<'a>) -> Ports<'a> {
        Ports { environment: &self.environment, tools: &self.tools, ..*ports }
    }

    /// Returns a path in the demo's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Serves the repositories on loopback.
    pub(super) fn serve(&self, root: &Path) -> Result<GitServer, Failure> {
        let git = self.tools.command("git")?.program().to_owned();
        Ok(GitServer::start(root.to_owned(), Options::loopback(git))?)
    }

    /// Starts a control plane, where the machine has one.
    pub(super) fn start_target(&self, ports: &Ports<'_>) -> Result<Option<ControlPlane>, Failure> {
        let Some(assets) = &self.assets else { return Ok(None) };
        let plane = ControlPlane::start(assets, &self.path("cluster"), ports.clock, ports.cancel)?;
        Ok(Some(plane))
    }

    /// Writes the variables that let a person go on by hand in the same surroundings.
    pub(super) fn write_environment(&self) -> Result<(), Failure> {
        let home = quoted(&self.path("home"));
        let more: Vec<String> = self.places.iter().map(|folder| quoted(folder)).collect();
        let path = [vec!["\"$PATH\"".to_owned()], more].concat().join(":");
        let text = format!(
            "# Source this, then `blackstart` sees the demo's state and nothing of yours.\nexport \
             XDG_CONFIG_HOME={home}/config XDG_STATE_HOME={home}/state PATH={path}\n"
        );
        Ok(atomic::write(&self.path("env"), text.as_bytes(), 0o644)?)
    }
}

fn own_environment(environment: &Environment, folder: &Path) -> Environment {
    let home = folder.join("home");
    Environment {
        current_dir: folder.join("kit"),
        config_dir: Some(home.join("config/blackstart")),
        state_dir: Some(home.join("state/blackstart")),
        ..environment.clone()
    }
}

/// Quotes a path for a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        assert_eq!(quoted(Path::new("/tmp/demo-1")), "/tmp/demo-1");
        assert_eq!(quoted(Path::new("/tmp/it's a demo")), r"'/tmp/it'\''s a demo'");
    }
}

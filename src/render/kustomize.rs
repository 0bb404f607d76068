//! The real kustomize as a child: nothing of our environment, no network, no plugins, no Helm. Where
//! it is missing, the same code in kubectl builds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Work;
use super::error::RenderError;
use crate::disk::quarantine::Quarantine;
use crate::model::cancel::Cancelled;
use crate::tools::{Command, Network, Tools, ToolsError};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
const LIMIT: Duration = Duration::from_mins(2);
const MAX_OUTPUT: u64 = 64 << 20;

/// Whether kustomize builds this folder.
pub(super) fn is_kustomization(folder: &Path) -> bool {
    NAMES.iter().any(|name| folder.join(name).is_file())
}

/// Begins the command that builds the folder named next: kustomize, else the one in kubectl.
fn builder(tools: &Tools) -> Option<Command> {
    let kustomize = tools.command("kustomize").map(|kustomize| kustomize.arg("build"));
    let kubectl = || tools.command("kubectl").map(|kubectl| kubectl.arg("kustomize"));
    kustomize.or_else(|_| kubectl()).ok()
}

/// Returns the program that builds kustomizations here.
pub fn builds_with(tools: &Tools) -> Option<PathBuf> {
    builder(tools).map(|command| command.program().to_owned())
}

impl Work<'_> {
    /// Builds `folder`.
    pub(super) fn kustomize(&mut self, folder: &Path, path: &str) -> Result<(), RenderError> {
        let place = self.place(path);
        let failed = |source| RenderError::Kustomize { path: place.clone(), source };
        let command = builder(self.tools);
        let command = command.ok_or_else(|| RenderError::NoKustomize { path: place.clone() })?;
        // Whatever it thinks it may keep goes where it vanishes.
        let home = Quarantine::new(&self.root.folder, "kustomize")?;
        let command = command
            .arg(folder)
            .cwd(&self.root.folder)
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env("KUSTOMIZE_PLUGIN_HOME", home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .network(Network::Denied)
            .timeout(LIMIT)
            .max_output(MAX_OUTPUT);
        let output = match command.run(self.cancel) {
            Err(ToolsError::Cancelled(_)) => return Err(Cancelled.into()),
            output => output.and_then(crate::tools::Output::success).map_err(failed)?,
        };
        if !output.isolated {
            let text = "kustomize ran with the network within reach: this machine cannot deny it";
            if !self.rendered.findings.iter().any(|known| known == text) {
                self.rendered.findings.push(text.to_owned());
            }
        }
        self.take(&output.stdout, path)
    }
}

//! Three small repositories of a made-up company, and what happens to them between two snapshots.

use std::path::{Path, PathBuf};

use super::history::{self, File, History};
use crate::app::{Failure, Ports};

/// The repositories by name; each lies at `<name>.git`.
pub(super) const REPOSITORIES: [&str; 3] = ["apps", "infrastructure", "terraform-modules"];

const SHOP: &[File] = &[
    ("shop/namespace.yaml", include_str!("estate/shop/namespace.yaml")),
    ("shop/settings.yaml", include_str!("estate/shop/settings.yaml")),
    ("shop/access.yaml", include_str!("estate/shop/access.yaml")),
    ("shop/service.yaml", include_str!("estate/shop/service.yaml")),
];
const WORKLOAD: &[File] = &[("shop/deployment.yaml", include_str!("estate/shop/deployment.yaml"))];
const BLOG: &[File] = &[
    ("blog/base/kustomization.yaml", include_str!("estate/blog/base/kustomization.yaml")),
    ("blog/base/namespace.yaml", include_str!("estate/blog/base/namespace.yaml")),
    ("blog/base/theme.yaml", include_str!("estate/blog/base/theme.yaml")),
    (
        "blog/overlays/prod/kustomization.yaml",
        include_str!("estate/blog/overlays/prod/kustomization.yaml"),
    ),
];
const PLATFORM: &[File] = &[
    ("cluster/definition.yaml", include_str!("estate/platform/definition.yaml")),
    ("cluster/namespace.yaml", include_str!("estate/platform/namespace.yaml")),
    ("cluster/databases.yaml", include_str!("estate/platform/databases.yaml")),
];
const MODULES: &[File] = &[
    ("modules/network/main.tf", include_str!("estate/modules/network/main.tf")),
    ("modules/bucket/main.tf", include_str!("estate/modules/bucket/main.tf")),
];
const NEW_SETTINGS: &[File] =
    &[("shop/settings.yaml", include_str!("estate/shop/settings-2.yaml"))];
const NEW_DATABASES: &[File] =
    &[("cluster/databases.yaml", include_str!("estate/platform/databases-2.yaml"))];

/// What the machine can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Abilities {
    /// kustomize is there, so the overlay is replayed.
    pub(super) kustomize: bool,
    /// Controllers run on the target, so a workload becomes ready.
    pub(super) controllers: bool,
}

/// The repositories on their server's disk.
pub(super) struct Estate {
    root: PathBuf,
}

/// The tips that no branch holds any more after [`Estate::change`].
pub(super) struct Lost {
    /// The old tip of the branch that was rewritten.
    pub(super) rewritten: String,
    /// The last tip of the branch that was deleted.
    pub(super) deleted: String,
}

impl Estate {
    /// Makes the repositories below `root`.
    pub(super) fn make(root: &Path, can: Abilities, ports: &Ports<'_>) -> Result<Self, Failure> {
        let estate = Self { root: root.to_owned() };
        let shop = [SHOP, if can.controllers { WORKLOAD } else { &[] }].concat();
        estate.create("apps", ports, |history| {
            history
                .commit("main", "", "Open the shop", &shop)
                .commit("main", "refs/heads/main", "Add the blog", BLOG)
                .commit("checkout", "refs/heads/main", "Try a checkout", &[("NOTES", "draft 1\n")])
                .commit("checkout", "refs/heads/checkout", "Again", &[("NOTES", "draft 2\n")])
                .commit("old-banner", "refs/heads/main", "Autumn", &[("NOTES", "autumn sale\n")])
        })?;
        estate.create("infrastructure", ports, |history| {
            history.commit("main", "", "Define databases", PLATFORM)
        })?;
        estate.create("terraform-modules", ports, |history| {
            history
                .commit("main", "", "Networks and buckets", MODULES)
                .name("refs/tags/v1.0.0", "refs/heads/main")
        })?;
        Ok(estate)
    }

    /// Goes on working: commits, a force-push, a deleted branch. One repository stays as it is.
    pub(super) fn change(&self, ports: &Ports<'_>) -> Result<Lost, Failure> {
        let apps = self.path("apps");
        let tip = |name: &str| history::tip(&apps, name, ports.tools, ports.cancel);
        let lost =
            Lost { rewritten: tip("refs/heads/checkout")?, deleted: tip("refs/heads/old-banner")? };
        self.write("apps", ports, |history| {
            history.commit("main", "refs/heads/main", "Begin the sale", NEW_SETTINGS).commit(
                "checkout",
                "refs/heads/main",
                "Squashed",
                &[("NOTES", "final\n")],
            )
        })?;
        history::delete(&apps, "old-banner", ports.tools, ports.cancel)?;
        self.write("infrastructure", ports, |history| {
            history.commit("main", "refs/heads/main", "More room for orders", NEW_DATABASES)
        })?;
        Ok(lost)
    }

    /// Returns the folder that the server serves.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }

    fn create(
        &self,
        name: &str,
        ports: &Ports<'_>,
        tell: impl FnOnce(History) -> History,
    ) -> Result<(), Failure> {
        history::create(&self.path(name), ports.tools, ports.cancel)?;
        self.write(name, ports, tell)
    }

    fn write(
        &self,
        name: &str,
        ports: &Ports<'_>,
        tell: impl FnOnce(History) -> History,
    ) -> Result<(), Failure> {
        let history = tell(History::at(ports.clock.now()));
        history.write(&self.path(name), ports.tools, ports.cancel)
    }
}

/// The configuration to append: where the repositories are, and what a replay applies.
pub(super) fn configuration(url: &str, can: Abilities) -> String {
    let sources: Vec<String> =
        REPOSITORIES.iter().map(|name| format!("  \"{url}/{name}.git\",\n")).collect();
    let root = |repo: &str, path: &str| {
        format!("\n[[root]]\nrepo = \"{repo}\"\npath = \"{path}\"\nrevision = \"main\"\n")
    };
    let mut text = format!(
        "\n[[source]]\nkind = \"git\"\nclass = \"required\"\nurls = [\n{}]\n{}{}",
        sources.concat(),
        root("infrastructure", "cluster"),
        root("apps", "shop"),
    );
    if can.kustomize {
        text.push_str(&root("apps", "blog/overlays/prod"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::clock::SystemClock;
    use crate::config::Environment;
    use crate::keys::prompt::NoPrompt;
    use crate::keys::unlocked::Unlocked;
    use crate::model::cancel::Cancel;
    use crate::model::event::Quiet;
    use crate::tools::Tools;

    #[test]
    fn the_story_can_be_told_by_git() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of_process();
        let tools = Tools::new(environment.path.clone());
        let (clock, cancel) = (SystemClock::start(), Cancel::new());
        let ports = Ports {
            clock: &clock,
            observer: &Quiet,
            cancel: &cancel,
            prompt: &NoPrompt,
            unlocked: &Unlocked::default(),
            tools: &tools,
            environment: &environment,
        };
        let can = Abilities { kustomize: true, controllers: true };
        let estate = Estate::make(folder.path(), can, &ports).unwrap();
        let tip = |repository: &str, name: &str| {
            history::tip(&estate.path(repository), name, &tools, &cancel).ok()
        };
        let before = tip("apps", "refs/heads/checkout").unwrap();
        assert_eq!(tip("terraform-modules", "refs/tags/v1.0.0"), tip("terraform-modules", "HEAD"));
        let lost = estate.change(&ports).unwrap();
        assert_eq!(lost.rewritten, before);
        assert_ne!(tip("apps", "refs/heads/checkout").unwrap(), before);
        assert!(tip("apps", "refs/heads/old-banner").is_none());
        assert!(tip("apps", "main:shop/deployment.yaml").is_some());
    }

    #[test]
    fn the_configuration_is_toml_with_three_sources() {
        for kustomize in [true, false] {
            let can = Abilities { kustomize, controllers: true };
            let text = configuration("http://127.0.0.1:1", can);
            let parsed: toml::Table = text.parse().unwrap();
            assert_eq!(parsed["source"][0]["urls"].as_array().unwrap().len(), 3);
            assert_eq!(parsed["root"].as_array().unwrap().len(), 2 + usize::from(kustomize));
        }
    }
}

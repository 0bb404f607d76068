//! Which objects belong together: what one engine's object reconciles.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::index::{Index, Node};

/// Repository and folder.
type Place<'a> = (&'a str, &'a str);

/// The objects of each application.
pub(super) struct Units<'a> {
    /// By the engine's object that names them.
    engines: HashMap<usize, Vec<usize>>,
    /// By the folder they come from, where no engine's object does.
    folders: HashMap<Place<'a>, Vec<usize>>,
}

impl<'a> Units<'a> {
    pub(super) fn new(index: &Index<'a>) -> Self {
        let repos: BTreeSet<&str> =
            index.nodes.iter().map(|node| node.provenance.repo.as_str()).collect();
        let mut places: HashMap<Place<'a>, usize> = HashMap::new();
        for (item, node) in index.nodes.iter().enumerate() {
            for (url, path) in sources(index, node) {
                let repo = url.and_then(|url| repo_of(url, &repos));
                let repo = repo.unwrap_or(&node.provenance.repo);
                places.entry((repo, path)).or_insert(item);
            }
        }
        let mut units = Self { engines: HashMap::new(), folders: HashMap::new() };
        for (item, node) in index.nodes.iter().enumerate() {
            let repo = node.provenance.repo.as_str();
            let above = folders(&node.provenance.path);
            let engine = above.clone().find_map(|folder| places.get(&(repo, folder)));
            let members = match (engine, folders(&node.provenance.path).next()) {
                (Some(engine), _) => units.engines.entry(*engine).or_default(),
                (None, folder) => {
                    units.folders.entry((repo, folder.unwrap_or_default())).or_default()
                }
            };
            members.push(item);
        }
        units
    }

    /// Returns what an engine's object reconciles.
    pub(super) fn members(&self, engine: usize) -> &[usize] {
        self.engines.get(&engine).map_or(&[], Vec::as_slice)
    }

    /// Returns each application.
    pub(super) fn all(&self) -> impl Iterator<Item = &[usize]> {
        self.engines.values().chain(self.folders.values()).map(Vec::as_slice)
    }
}

/// The address and folder of each source of an engine's object.
fn sources<'a>(index: &Index<'a>, node: &Node<'a>) -> Vec<(Option<&'a str>, &'a str)> {
    let (at, spec) = (node.object.reference(), &node.object.value()["spec"]);
    match (at.group.as_str(), at.kind.as_str()) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            let source = &spec["sourceRef"];
            let (kind, name) = (source["kind"].as_str(), source["name"].as_str());
            let namespace = source["namespace"].as_str().or(at.namespace.as_deref());
            let group = "source.toolkit.fluxcd.io";
            let source = kind.zip(name).and_then(|(k, n)| index.find(group, k, namespace, n));
            let url = source.and_then(|s| index.nodes[s].object.value()["spec"]["url"].as_str());
            // Without a path it is the whole repository.
            vec![(url, folder(&spec["path"]).unwrap_or_default())]
        }
        ("argoproj.io", "Application") => {
            let several = spec["sources"].as_array().into_iter().flatten();
            let all = several.chain(std::iter::once(&spec["source"]));
            let named = all
                .filter_map(|source| Some((source["repoURL"].as_str(), folder(&source["path"])?)));
            named.collect()
        }
        _ => Vec::new(),
    }
}

/// Reads a folder as engines write it, such as `./apps/prod`.
fn folder(path: &Value) -> Option<&str> {
    let path = path.as_str()?;
    let path = path.strip_prefix("./").unwrap_or(path).trim_matches('/');
    Some(if path == "." { "" } else { path })
}

/// Finds the repository that an address ends with.
pub(super) fn repo_of<'r>(url: &str, repos: &BTreeSet<&'r str>) -> Option<&'r str> {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix(".git").unwrap_or(url);
    let fits = |repo: &&&str| {
        let before = url.strip_suffix(**repo);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['/', ':']))
    };
    repos.iter().filter(fits).max_by_key(|repo| repo.len()).copied()
}

/// The folder of a path, and every folder above it. What does not end like a manifest is a folder
/// itself.
fn folders(path: &str) -> impl Iterator<Item = &str> + Clone {
    let is_file = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let above = |path: &str| path.rfind('/').map_or(0, |at| at);
    let first = if is_file { &path[..above(path)] } else { path.trim_end_matches('/') };
    std::iter::successors(Some(first), move |path| (!path.is_empty()).then(|| &path[..above(path)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lead_up_to_the_top() {
        let all = |path| folders(path).collect::<Vec<_>>();
        assert_eq!(all("apps/prod/web.yaml"), ["apps/prod", "apps", ""]);
        assert_eq!(all("apps/prod"), ["apps/prod", "apps", ""]);
        assert_eq!(all("web.json"), [""]);
        assert_eq!(all(""), [""]);
    }

    #[test]
    fn an_address_names_a_repository_by_its_end() {
        let repos = BTreeSet::from(["apps", "team/apps", "infra"]);
        let of = |url| repo_of(url, &repos);
        assert_eq!(of("https://git.example.com/team/apps.git"), Some("team/apps"));
        assert_eq!(of("git@git.example.com:infra"), Some("infra"));
        assert_eq!(of("https://git.example.com/my-infra"), None);
    }
}

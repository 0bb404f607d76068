//! Real control planes for tests: etcd, kube-apiserver, kube-controller-manager.
//!
//! Found through `KUBEBUILDER_ASSETS`, else in the cache that `tests/setup` fills. What is missing
//! fails the test: a test that skips itself proves nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use blackstart::cluster::{Access, Connect, KubeCluster};
use blackstart::model::cancel::Cancel;
use blackstart::model::clock::{Clock, Timestamp};
use blackstart::target::{Assets, ControlPlane};
use blackstart::tools::Tools;

/// The machine's clock.
pub struct WallClock(Instant);

impl WallClock {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(jiff::Timestamp::now().as_second())
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The folder that holds the programs built from Go modules.
#[allow(clippy::disallowed_methods, reason = "where this machine keeps its programs")]
pub fn assets_folder() -> PathBuf {
    let named = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    named.unwrap_or_else(super::component::built_folder)
}

/// The search path of this machine, the programs from Go modules first.
pub fn tools() -> Tools {
    let mut folders = vec![assets_folder()];
    folders.extend(std::env::split_paths(&super::component::search_path()));
    Tools::new(folders)
}

/// The programs of a control plane.
pub fn assets() -> Assets {
    Assets::find(&[assets_folder()], &tools()).unwrap_or_else(|error| {
        panic!("{error}; looked in {}: run tests/setup, which builds it", assets_folder().display())
    })
}

/// A running control plane in a folder that vanishes with it.
pub struct Lab {
    pub plane: ControlPlane,
    pub folder: tempfile::TempDir,
}

impl Lab {
    /// Starts one with controllers, which must have been built.
    pub fn start() -> Self {
        let assets = assets();
        assert!(assets.controllers.is_some(), "no kube-controller-manager: run tests/setup");
        Self::with(&assets)
    }

    /// Starts one in which nothing becomes ready.
    pub fn without_controllers() -> Self {
        Self::with(&Assets { controllers: None, ..assets() })
    }

    fn with(assets: &Assets) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("plane");
        let plane = ControlPlane::start(assets, &at, &WallClock::new(), &Cancel::new()).unwrap();
        Self { plane, folder }
    }

    /// A connection of its own.
    pub fn cluster(&self) -> KubeCluster {
        let bytes = std::fs::read(self.plane.kubeconfig()).unwrap();
        let access = Access::read(&bytes, self.folder.path(), None).unwrap();
        KubeCluster::connect(&access, Connect::default()).unwrap()
    }

    /// The audit events of our user agent, as `(verb, uri)`.
    pub fn our_audit(&self) -> Vec<(String, String)> {
        let log = std::fs::read_to_string(self.plane.audit_log()).unwrap();
        log.lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| {
                event["userAgent"].as_str().is_some_and(|agent| agent.starts_with("blackstart/"))
            })
            .map(|event| {
                let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
                (text("verb"), text("requestURI"))
            })
            .collect()
    }
}

//! Real control planes for tests: etcd, kube-apiserver, kube-controller-manager; with nodes also
//! kube-scheduler and kwok, which plays the kubelet: Pods are scheduled and become ready.
//!
//! Found through `KUBEBUILDER_ASSETS`, else in the cache that `tests/setup` fills. What is missing
//! fails the test: a test that skips itself proves nothing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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

/// A running control plane in a folder that vanishes with it. At its end the API server's own record
/// has to show that our binary deleted nothing; so every test on a real server proves that.
pub struct Lab {
    // Stopped before the server they talk to.
    others: Vec<Other>,
    pub plane: ControlPlane,
    witness: Witness,
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
        let witness = Witness(plane.audit_log().to_owned());
        Self { others: Vec::new(), plane, witness, folder }
    }

    /// Starts one on which Pods run, as far as anybody can see from outside.
    pub fn with_nodes() -> Self {
        let mut lab = Self::start();
        let kubeconfig = format!("--kubeconfig={}", lab.plane.kubeconfig().display());
        let scheduler = ["--leader-elect=false", "--secure-port=0"];
        let start = |name, more: &[&str]| Other::start(name, &[&[&kubeconfig[..]], more].concat());
        lab.others.push(start("kube-scheduler", &scheduler));
        // Without leases its nodes are taken for lost within a minute.
        let kwok = ["--manage-all-nodes=true", "--node-lease-duration-seconds=40"];
        lab.others.push(start("kwok", &kwok));
        for name in ["node-1", "node-2"] {
            let room = serde_json::json!({"cpu": "500", "memory": "1Ti", "pods": "5000"});
            lab.create(&serde_json::json!({"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name}, "status": {"capacity": room, "allocatable": room}}));
        }
        lab
    }

    /// Runs kubectl as an administrator.
    pub fn kubectl(&self, args: &[&str]) -> super::sandbox::Ran {
        let mut kubectl = Command::new(super::component::find("kubectl"));
        kubectl.env_clear().env("HOME", self.folder.path());
        super::sandbox::finish(kubectl.arg("--kubeconfig").arg(self.plane.kubeconfig()).args(args))
    }

    /// Creates an object, as somebody else would.
    pub fn create(&self, object: &serde_json::Value) {
        let file = self.folder.path().join("object.json");
        std::fs::write(&file, object.to_string()).unwrap();
        self.kubectl(&["create", "-f", file.to_str().unwrap()]).ok();
    }

    /// What our binary changed, as `(verb, uri)`, by the server's own record. Asking what would
    /// happen or what is allowed changes nothing; nor does the lease that keeps others away.
    pub fn written(&self) -> Vec<(String, String)> {
        let harmless = |verb: &str, uri: &str| {
            ["get", "list"].contains(&verb)
                || uri.contains("selfsubjectaccessreviews")
                || uri.contains("dryRun=All")
        };
        self.our_audit().into_iter().filter(|(verb, uri)| !harmless(verb, uri)).collect()
    }

    /// A connection of its own.
    pub fn cluster(&self) -> KubeCluster {
        let bytes = std::fs::read(self.plane.kubeconfig()).unwrap();
        let access = Access::read(&bytes, self.folder.path(), None).unwrap();
        KubeCluster::connect(&access, Connect::default()).unwrap()
    }

    /// The audit events of our user agent, as `(verb, uri)`.
    pub fn our_audit(&self) -> Vec<(String, String)> {
        ours(&self.witness.0)
    }
}

/// The audit events of our user agent in an API server's log, as `(verb, uri)`.
fn ours(log: &Path) -> Vec<(String, String)> {
    let log = std::fs::read_to_string(log).unwrap();
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

/// Fails if our binary deleted anything, by the API server's own log.
#[track_caller]
pub fn nothing_was_deleted(log: &Path) {
    let deleted = |(verb, _): &(String, String)| verb.starts_with("delete");
    let deletes: Vec<_> = ours(log).into_iter().filter(deleted).collect();
    assert_eq!(deletes, [], "our binary deleted something");
}

/// An API server's log, whose end is the proof.
struct Witness(PathBuf);

impl Drop for Witness {
    fn drop(&mut self) {
        // A test that fails already says why itself.
        if !std::thread::panicking() {
            nothing_was_deleted(&self.0);
        }
    }
}

/// A further program of a cluster, ended with this value.
struct Other(Child);

impl Other {
    fn start(name: &str, args: &[&str]) -> Self {
        let mut command = Command::new(super::component::find(name));
        command.env_clear().args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

//! A control plane on loopback: etcd, kube-apiserver, and kube-controller-manager when found.
//!
//! For drills, demos and tests: no containers, no root, ready in seconds. Without a controller
//! manager nothing becomes ready and namespaces never finish ending. Everything lies in one folder
//! and stops when the handle is dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::authority::Keys;
use super::error::TargetError;
use super::launch::{Lasting, Launch};
use super::process::{Process, Program};
use crate::cluster::{Access, Cluster, Connect, KubeCluster};
use crate::disk::{atomic, folder};
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::tools::Tools;

const READY_WITHIN: Duration = Duration::from_mins(3);
const TICK: Duration = Duration::from_millis(100);
const AUDIT_POLICY: &str = r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}
"#;

/// The programs of a control plane.
#[derive(Clone, Debug)]
pub struct Assets {
    /// etcd.
    pub etcd: PathBuf,
    /// kube-apiserver.
    pub api_server: PathBuf,
    /// kube-controller-manager, where found.
    pub controllers: Option<PathBuf>,
}

impl Assets {
    /// Looks in `folders` first (what `KUBEBUILDER_ASSETS` names), then on the search path.
    pub fn find(folders: &[PathBuf], tools: &Tools) -> Result<Self, TargetError> {
        let mut path = folders.to_vec();
        path.extend_from_slice(tools.path());
        let tools = Tools::new(path);
        let needed = |program| tools.find(program).ok_or(TargetError::NoProgram { program });
        Ok(Self {
            etcd: needed("etcd")?,
            api_server: needed("kube-apiserver")?,
            controllers: tools.find("kube-controller-manager"),
        })
    }
}

/// A running control plane.
pub struct ControlPlane {
    // Dropped in this order: clients of a server stop before it.
    processes: Vec<Process>,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
    controllers: bool,
}

impl ControlPlane {
    /// Starts one in `at`, which is made, and waits until it is ready.
    pub fn start(
        assets: &Assets,
        at: &Path,
        clock: &dyn Clock,
        cancel: &Cancel,
    ) -> Result<Self, TargetError> {
        Self::begin(assets, at, None, clock, cancel)
    }

    /// Starts one that goes on when this program has ended, and says in its folder what runs.
    pub(super) fn leave_running(
        assets: &Assets,
        at: &Path,
        name: &str,
        clock: &dyn Clock,
        cancel: &Cancel,
    ) -> Result<PathBuf, TargetError> {
        let lasting = Lasting::of(name, at);
        let plane = Self::begin(assets, at, Some(lasting), clock, cancel)?;
        plane.processes.into_iter().for_each(Process::let_go);
        Ok(plane.kubeconfig)
    }

    fn begin(
        assets: &Assets,
        at: &Path,
        lasting: Option<Lasting>,
        clock: &dyn Clock,
        cancel: &Cancel,
    ) -> Result<Self, TargetError> {
        folder::create(at, 0o700)?;
        let at = at.canonicalize().map_err(crate::disk::DiskError::at("open", at))?;
        let keys = Keys::make(&at)?;
        let [client, peer, api] = free_ports()?;
        let server = format!("https://127.0.0.1:{api}");
        let kubeconfig = at.join("kubeconfig");
        let text = keys.kubeconfig(&server);
        atomic::write(&kubeconfig, text.as_bytes(), 0o600)?;
        atomic::write(&at.join("audit-policy.json"), AUDIT_POLICY.as_bytes(), 0o600)?;
        let etcd_args = etcd(&at, client, peer, lasting.is_some());
        let mut launch = Launch::new(&at, lasting);
        let program = |name, path, args| Program { name, path, args, search: None };
        launch.start(&program("etcd", &assets.etcd, etcd_args))?;
        let api_args = api_server(&keys, client, api);
        launch.start(&program("kube-apiserver", &assets.api_server, api_args))?;
        let access = Access::read(text.as_bytes(), &at, None)?;
        until_ready(&mut launch.processes, &access, READY_WITHIN, clock, cancel)?;
        if let Some(controllers) = &assets.controllers {
            let args = controller_manager(&keys, &kubeconfig);
            launch.start(&program("kube-controller-manager", controllers, args))?;
        }
        let mut processes = launch.processes;
        processes.reverse();
        let audit_log = at.join("audit.log");
        let controllers = assets.controllers.is_some();
        Ok(Self { processes, kubeconfig, audit_log, controllers })
    }

    /// Returns the kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Returns the API server's audit log: one JSON event a line.
    pub fn audit_log(&self) -> &Path {
        &self.audit_log
    }

    /// Returns whether controllers run, without which no workload becomes ready.
    pub fn has_controllers(&self) -> bool {
        self.controllers
    }

    /// Stops everything.
    pub fn stop(mut self) {
        self.processes.iter_mut().for_each(Process::stop);
    }
}

/// Ports that were free a moment ago, all different.
pub(super) fn free_ports() -> Result<[u16; 3], TargetError> {
    let listen = || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    };
    let failed = |error: std::io::Error| TargetError::Program {
        program: "etcd",
        why: format!("no free port: {error}"),
    };
    let held = [listen().map_err(failed)?, listen().map_err(failed)?, listen().map_err(failed)?];
    Ok(held.each_ref().map(|(_, port)| *port))
}

fn etcd(at: &Path, client: u16, peer: u16, lasting: bool) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    let mut args = vec![
        format!("--data-dir={}", at.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--log-level=warn".to_owned(),
    ];
    if !lasting {
        // What is kept here lives no longer than this process.
        args.push("--unsafe-no-fsync".to_owned());
    }
    args
}

fn api_server(keys: &Keys, etcd: u16, port: u16) -> Vec<String> {
    let file = |option: &str, name: &str| format!("--{option}={}", keys.file(name));
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        file("cert-dir", "certs"),
        file("tls-cert-file", "server.crt"),
        file("tls-private-key-file", "server.key"),
        file("client-ca-file", "ca.crt"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        file("service-account-key-file", "sa.pub"),
        file("service-account-signing-key-file", "sa.key"),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--allow-privileged=true".to_owned(),
        file("requestheader-client-ca-file", "front-proxy-ca.crt"),
        "--requestheader-allowed-names=front-proxy".to_owned(),
        file("proxy-client-cert-file", "front-proxy.crt"),
        file("proxy-client-key-file", "front-proxy.key"),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        file("audit-policy-file", "audit-policy.json"),
        file("audit-log-path", "audit.log"),
    ]
}

fn controller_manager(keys: &Keys, kubeconfig: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--service-account-private-key-file={}", keys.file("sa.key")),
        format!("--root-ca-file={}", keys.file("ca.crt")),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
    ]
}

/// Waits until the server says that it is ready and its first namespace is there.
pub(super) fn until_ready(
    processes: &mut [Process],
    access: &Access,
    within: Duration,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Result<(), TargetError> {
    let limits = Connect { retries: 0, call: Duration::from_secs(5), ..Connect::default() };
    let cluster = KubeCluster::connect(access, limits)?;
    let begun = clock.elapsed();
    loop {
        cancel.check()?;
        processes.iter_mut().try_for_each(Process::check)?;
        if cluster.is_ready() && cluster.identity().is_ok() {
            return Ok(());
        }
        if clock.elapsed().saturating_sub(begun) > within {
            let last = processes.last();
            return Err(last
                .map_or(TargetError::NoProgram { program: "kube-apiserver" }, |last| {
                    last.ended(&format!("not ready within {} s", within.as_secs()))
                }));
        }
        clock.sleep(TICK);
    }
}

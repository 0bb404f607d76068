//! The command line of k3s, one binary that is a whole cluster. It needs root.
//!
//! Its own ingress and load balancer are left out: what is replayed brings them, or needs none.

use std::path::Path;

/// Returns the arguments of the server. Images in `data/agent/images` are loaded at its start.
pub(super) fn args(name: &str, folder: &Path, port: u16) -> Vec<String> {
    let at = |name: &str| folder.join(name).display().to_string();
    vec![
        "server".to_owned(),
        format!("--data-dir={}", at("data")),
        format!("--write-kubeconfig={}", at("kubeconfig")),
        "--write-kubeconfig-mode=0600".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--https-listen-port={port}"),
        format!("--node-name=blackstart-{name}"),
        "--disable=traefik".to_owned(),
        "--disable=servicelb".to_owned(),
    ]
}

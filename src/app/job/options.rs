//! From the configuration and the surroundings to what mirrors and signers need.

use std::path::Path;

use crate::app::Kit;
use crate::config::Environment;
use crate::keys::tool_signer::AgentEnvironment;
use crate::mirror;

/// Returns how this kit asks its sources.
pub(in crate::app) fn mirror_options(
    kit: &Kit,
    state: &Path,
    environment: &Environment,
) -> mirror::Options {
    let block = &kit.config.file.snapshot;
    let text = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| environment.variables.get(*name));
        found.and_then(|value| value.to_str()).map(str::to_owned)
    };
    let raw = |name: &str| environment.variables.get(name).cloned();
    mirror::Options {
        concurrency: block.concurrency,
        per_host: block.per_host,
        deadline: block.deadline.0,
        stall: block.stall.0,
        environment: mirror::Environment {
            home: environment.home.clone(),
            ssh_auth_sock: raw("SSH_AUTH_SOCK"),
            git_ssh_command: raw("GIT_SSH_COMMAND"),
            https_proxy: text(["https_proxy", "HTTPS_PROXY"])
                .or_else(|| text(["all_proxy", "ALL_PROXY"])),
            http_proxy: text(["http_proxy", "HTTP_PROXY"])
                .or_else(|| text(["all_proxy", "ALL_PROXY"])),
            no_proxy: text(["no_proxy", "NO_PROXY"]),
        },
        ..mirror::Options::new(state.join("mirrors"))
    }
}

/// Returns what ssh-keygen needs for a key in an agent.
pub(in crate::app) fn agent_environment(environment: &Environment) -> AgentEnvironment {
    let home = environment.home.as_ref().map(|home| ("HOME".into(), home.clone().into_os_string()));
    AgentEnvironment {
        socket: environment.variables.get("SSH_AUTH_SOCK").cloned(),
        others: home.into_iter().collect(),
    }
}

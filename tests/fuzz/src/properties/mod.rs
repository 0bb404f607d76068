//! The properties: what must hold for any bytes whatever.
//!
//! A parser may refuse anything. What it takes must be bounded by its input, render to the same
//! bytes where the format has one spelling, and stay inside its folder.
//!
//! | file | formats |
//! |---|---|
//! | `bundles.rs` | manifest, index, tar |
//! | `secrets.rs` | trust file, seals, signatures, age headers |
//! | `names.rs` | refs, locations of repositories |
//! | `settings.rs` | configuration, kubeconfig |
//! | `objects.rs` | YAML, plan files |

mod bundles;
mod names;
mod objects;
mod secrets;
mod settings;

pub use bundles::{index, manifest, tarball};
pub use names::{location, refs};
pub use objects::{plan, yaml};
pub use secrets::{age_header, seals, sshsig, trust};
pub use settings::{config, kubeconfig};

/// A property: it panics where it does not hold, and says whether the bytes were accepted.
pub type Property = fn(&[u8]) -> bool;

/// Every target by its name, which is also the name of its corpus.
#[allow(dead_code, reason = "the replay of the corpus needs it, the targets do not")]
pub const TARGETS: &[(&str, Property)] = &[
    ("age_header", age_header),
    ("config", config),
    ("index", index),
    ("kubeconfig", kubeconfig),
    ("location", location),
    ("manifest", manifest),
    ("plan", plan),
    ("refs", refs),
    ("seals", seals),
    ("sshsig", sshsig),
    ("tarball", tarball),
    ("trust", trust),
    ("yaml", yaml),
];

/// Asserts that an error can be shown; the bytes were not accepted.
fn refused(error: &impl std::fmt::Display) -> bool {
    assert_shown(&error.to_string());
    false
}

/// Asserts that a text for people can steer no terminal. It may have lines.
fn assert_shown(text: &str) {
    let plain = text.replace('\n', "");
    assert_eq!(blackstart::model::safe::safe(&plain), plain, "a message that can steer a terminal");
}

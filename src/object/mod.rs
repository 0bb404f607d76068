//! Kubernetes objects as values: identity, canonical JSON, YAML as kubectl reads it, health, order.
//!
//! Pure rules: no I/O, no clock. Everything that other modules decide about an object (which one it
//! is, whether it changed, whether it is ready, what goes first) is decided here, once.

mod canonical;
mod error;
mod kstatus;
mod order;
mod pod;
mod reference;
mod selector;
mod uses;
mod yaml;

pub use canonical::canonical;
pub use error::{CODES, ObjectError};
pub use kstatus::{Rules, Status, reports_ready, status, status_of};
pub use order::{
    Stage, is_acme_issuer, is_alert_receiver, is_cloud_controller, is_engine_object,
    is_external_dns, is_load_balancer, rank, stage,
};
pub use pod::{containers, pods};
pub use reference::{Object, ObjectRef};
pub use selector::{selects, service_selects};
pub use uses::{Use, uses};
pub use yaml::{Finding, FindingKind, Limits, Read, read};

//! Kubernetes objects as canonical JSON: identity, hash, reading, status, order.

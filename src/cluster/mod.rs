//! The Kubernetes edge: a port, the real adapter, a directory, a fake.

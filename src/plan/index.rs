//! The objects of a plan, found by what others call them.

use std::collections::HashMap;

use crate::object::{Object, ObjectRef, pods, service_selects};
use crate::render::Provenance;

/// An object and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) object: &'a Object,
    pub(super) provenance: &'a Provenance,
}

/// All objects of a plan.
pub(super) struct Index<'a> {
    pub(super) nodes: &'a [Node<'a>],
    by_reference: HashMap<&'a ObjectRef, usize>,
    /// Group and kind → its definition.
    definitions: HashMap<(&'a str, &'a str), usize>,
    /// Namespace → what makes Pods in it.
    workloads: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(nodes: &'a [Node<'a>]) -> Self {
        let mut index = Self {
            nodes,
            by_reference: HashMap::with_capacity(nodes.len()),
            definitions: HashMap::new(),
            workloads: HashMap::new(),
        };
        for (place, node) in nodes.iter().enumerate() {
            let at = node.object.reference();
            index.by_reference.insert(at, place);
            if let Some(defined) = defines(node.object) {
                index.definitions.insert(defined, place);
            }
            if let (Some(namespace), true) = (&at.namespace, pods(node.object).is_some()) {
                index.workloads.entry(namespace).or_default().push(place);
            }
        }
        index
    }

    /// Finds an object.
    pub(super) fn find(
        &self,
        group: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<usize> {
        let reference = ObjectRef {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        self.by_reference.get(&reference).copied()
    }

    /// Finds the definition of a kind.
    pub(super) fn definition(&self, group: &str, kind: &str) -> Option<usize> {
        self.definitions.get(&(group, kind)).copied()
    }

    /// Finds the workloads whose Pods answer for a Service. CronJobs and Jobs end; they answer for
    /// nothing.
    pub(super) fn behind(&self, service: usize) -> impl Iterator<Item = usize> + '_ {
        let object = self.nodes[service].object;
        let selector = &object.value()["spec"]["selector"];
        let namespace = object.reference().namespace.as_deref().unwrap_or_default();
        let workloads = self.workloads.get(namespace).into_iter().flatten().copied();
        workloads.filter(move |place| {
            let object = self.nodes[*place].object;
            let lasting = !matches!(object.reference().kind.as_str(), "Job" | "CronJob");
            let template = pods(object).filter(|_| lasting);
            template.is_some_and(|pod| service_selects(selector, &pod["metadata"]["labels"]))
        })
    }
}

/// The group and kind that an object defines.
pub(super) fn defines(object: &Object) -> Option<(&str, &str)> {
    let at = object.reference();
    if at.group != "apiextensions.k8s.io" || at.kind != "CustomResourceDefinition" {
        return None;
    }
    let spec = &object.value()["spec"];
    Some((spec["group"].as_str()?, spec["names"]["kind"].as_str()?))
}

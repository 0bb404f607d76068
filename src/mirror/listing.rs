//! What a source lists, in our own words, and nothing it should not list.

use std::collections::BTreeMap;

use gix::protocol::handshake::Ref;

use crate::model::git::{Head, ObjectFormat, Oid, RefName, RefTip, Refs};
use crate::model::safe::safe;
use crate::repo::from_gix;

use super::fault::Trouble;

/// Refs as listed. What annotated tags peel to is not believed but computed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) format: ObjectFormat,
    /// `None` where the protocol does not tell an unborn HEAD.
    pub(super) head: Option<Head>,
    pub(super) tips: BTreeMap<RefName, Oid>,
    /// Names that Git itself would refuse; they are left out.
    pub(super) refused: Vec<String>,
}

impl Listing {
    /// Reads a listing; refuses one that contradicts itself.
    pub(super) fn new(refs: Vec<Ref>, format: ObjectFormat) -> Result<Self, Trouble> {
        let mut listing = Self { format, head: None, tips: BTreeMap::new(), refused: Vec::new() };
        for entry in refs {
            listing.take(entry)?;
        }
        Ok(listing)
    }

    fn take(&mut self, entry: Ref) -> Result<(), Trouble> {
        let (name, object, target) = match entry {
            Ref::Peeled { full_ref_name, tag, .. } => (full_ref_name, Some(tag), None),
            Ref::Direct { full_ref_name, object } => (full_ref_name, Some(object), None),
            Ref::Symbolic { full_ref_name, target, tag, object } => {
                (full_ref_name, Some(tag.unwrap_or(object)), Some(target))
            }
            Ref::Unborn { full_ref_name, target } => (full_ref_name, None, Some(target)),
        };
        // git lists such a ref of its own with an id of zeros.
        if name != "HEAD" && RefName::new(name.to_vec()).is_err() {
            self.refused.push(format!("a ref name that Git refuses: {}", safe(&name)));
            return Ok(());
        }
        let oid = object.map(|object| self.oid(&object)).transpose()?;
        if name == "HEAD" {
            self.head = match (target, oid) {
                (Some(target), _) => Some(Head::Symbolic(head_target(&target)?)),
                (None, oid) => oid.map(Head::Detached),
            };
            return Ok(());
        }
        let Some(oid) = oid else { return Ok(()) };
        let name = RefName::new(name.to_vec())
            .map_err(|_| Trouble::refused(format!("it lists the name {}", safe(&name))))?;
        if self.tips.insert(name.clone(), oid).is_some() {
            return Err(Trouble::refused(format!("it lists {name} twice")));
        }
        Ok(())
    }

    fn oid(&self, id: &gix::oid) -> Result<Oid, Trouble> {
        let oid = from_gix(id).filter(|oid| oid.format() == self.format);
        let oid = oid.filter(|oid| oid.as_bytes().iter().any(|byte| *byte != 0));
        oid.ok_or_else(|| Trouble::refused("it lists an object in another format than its own"))
    }

    /// Returns whether `refs` are exactly these.
    pub(super) fn equals(&self, refs: &Refs) -> bool {
        let same_head = self.head.as_ref().is_none_or(|head| *head == refs.head);
        same_head
            && self.tips.len() == refs.tips.len()
            && refs.tips.iter().all(|tip| self.tips.get(&tip.name) == Some(&tip.oid))
    }

    /// Returns every object that is listed, HEAD's included.
    pub(super) fn oids(&self) -> Vec<Oid> {
        let detached = match &self.head {
            Some(Head::Detached(oid)) => Some(*oid),
            _ => None,
        };
        let mut oids: Vec<Oid> = self.tips.values().copied().chain(detached).collect();
        oids.sort_unstable();
        oids.dedup();
        oids
    }

    /// Turns the listing into refs, with HEAD from `before` where it was not told, and tags peeled
    /// by `peel`.
    pub(super) fn into_refs(
        self,
        before: &Refs,
        mut peel: impl FnMut(Oid) -> Result<Option<Oid>, Trouble>,
    ) -> Result<Refs, Trouble> {
        let mut tips = Vec::with_capacity(self.tips.len());
        for (name, oid) in self.tips {
            let known = before.get(&name).filter(|tip| tip.oid == oid);
            let peeled = match known {
                Some(tip) => tip.peeled,
                None => peel(oid)?,
            };
            tips.push(RefTip { name, oid, peeled });
        }
        Ok(Refs { head: self.head.unwrap_or_else(|| before.head.clone()), tips })
    }
}

fn head_target(target: &[u8]) -> Result<RefName, Trouble> {
    RefName::new(target.to_vec())
        .map_err(|_| Trouble::refused(format!("its HEAD points to {}", safe(target))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> gix::ObjectId {
        gix::ObjectId::from_bytes_or_panic(&[digit; 20])
    }

    fn direct(name: &str, digit: u8) -> Ref {
        Ref::Direct { full_ref_name: name.into(), object: id(digit) }
    }

    #[test]
    fn head_may_be_symbolic_detached_or_unborn() {
        let head = |entry| Listing::new(vec![entry], ObjectFormat::Sha1).unwrap().head;
        let main = Some(Head::Symbolic(RefName::new("refs/heads/x").unwrap()));
        let unborn = Ref::Unborn { full_ref_name: "HEAD".into(), target: "refs/heads/x".into() };
        assert_eq!(head(unborn), main);
        let symbolic = Ref::Symbolic {
            full_ref_name: "HEAD".into(),
            target: "refs/heads/x".into(),
            tag: None,
            object: id(1),
        };
        assert_eq!(head(symbolic), main);
        assert!(matches!(head(direct("HEAD", 1)), Some(Head::Detached(_))));
    }

    #[test]
    fn names_git_refuses_are_left_out_and_told_and_doubles_refused() {
        let listed = vec![direct("refs/heads/a", 1), direct("refs/heads/../x", 2)];
        let listing = Listing::new(listed, ObjectFormat::Sha1).unwrap();
        assert_eq!((listing.tips.len(), listing.refused.len()), (1, 1));
        let twice = vec![direct("refs/heads/a", 1), direct("refs/heads/a", 2)];
        assert!(Listing::new(twice, ObjectFormat::Sha1).is_err());
        assert!(Listing::new(vec![direct("refs/heads/a", 0)], ObjectFormat::Sha1).is_err());
        let broken = vec![direct("refs/heads/a", 1), direct("refs/heads/\u{1b}", 0)];
        let listing = Listing::new(broken, ObjectFormat::Sha1).unwrap();
        assert_eq!((listing.tips.len(), listing.refused.len()), (1, 1));
    }
}

//! The objects of a repository, read through gix, ids in our own type.
//!
//! Promise: replacement refs and grafts are ignored; what is named is what is read. Objects read
//! with [`Store::checked`] have been hashed again, so a lying index cannot pass for content.

use std::path::{Path, PathBuf};

use gix::objs::{Exists as _, Find as _, FindHeader as _};

use crate::model::git::{ObjectFormat, Oid};
use crate::model::safe::safe;

use super::error::RepoError;
use super::objects::{self, Kind};

/// Memory for decoded delta bases.
pub(super) const CACHE: usize = 24 << 20;
/// No single object may need more memory than this.
pub(super) const OBJECT_LIMIT: usize = 1 << 30;
/// A tag that points to a tag that points to a tag …
const TAG_DEPTH: usize = 64;

/// An open object store. One per thread.
pub(crate) struct Store {
    odb: gix::odb::Handle,
    path: PathBuf,
    format: ObjectFormat,
}

impl Store {
    /// Opens a folder `objects`, with what its `info/alternates` names.
    pub(crate) fn open(objects: &Path, format: ObjectFormat) -> Result<Self, RepoError> {
        let options = gix::odb::store::init::Options {
            alloc_limit_bytes: Some(OBJECT_LIMIT),
            ..Default::default()
        };
        let mut odb = gix::odb::at_opts(objects, hash(format), None, options).map_err(|error| {
            RepoError::Objects { path: objects.to_owned(), why: error.to_string() }
        })?;
        odb.refresh_never();
        odb.set_pack_cache(|| {
            Box::new(gix::odb::pack::cache::lru::MemoryCappedHashmap::new(CACHE))
        });
        Ok(Self { odb, path: objects.to_owned(), format })
    }

    /// Returns the hash its objects are named by.
    pub(crate) fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Whether an id can name an object here: a hostile object may hold one of another format, for
    /// which gix panics.
    fn names(&self, oid: Oid) -> bool {
        oid.format() == self.format
    }

    /// Returns gix's handle.
    pub(crate) fn into_odb(self) -> gix::odb::Handle {
        self.odb
    }

    /// Returns whether an object is there, without reading it.
    pub(crate) fn has(&self, oid: Oid) -> bool {
        self.names(oid) && self.odb.exists(&to_gix(oid))
    }

    /// Returns the kind and size of an object without inflating it whole.
    pub(crate) fn header(&self, oid: Oid) -> Result<Option<(Kind, u64)>, RepoError> {
        if !self.names(oid) {
            return Ok(None);
        }
        let header = self.odb.try_header(&to_gix(oid)).map_err(|error| self.broken(&error))?;
        Ok(header.map(|header| (kind_of(header.kind), header.size)))
    }

    /// Reads an object into `buffer`.
    pub(crate) fn find<'a>(
        &self,
        oid: Oid,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<(Kind, &'a [u8])>, RepoError> {
        if !self.names(oid) {
            return Ok(None);
        }
        let found = self.odb.try_find(&to_gix(oid), buffer).map_err(|error| self.broken(&error))?;
        Ok(found.map(|data| (kind_of(data.kind), data.data)))
    }

    /// Reads an object that must be there and hashes it again.
    pub(crate) fn checked<'a>(
        &self,
        oid: Oid,
        buffer: &'a mut Vec<u8>,
    ) -> Result<(Kind, &'a [u8]), RepoError> {
        if !self.names(oid) {
            return Err(RepoError::Missing { oid });
        }
        let found = self.odb.try_find(&to_gix(oid), buffer).map_err(|error| self.broken(&error))?;
        let data = found.ok_or(RepoError::Missing { oid })?;
        let actual = gix::objs::compute_hash(hash(self.format), data.kind, data.data);
        if actual.ok() != Some(to_gix(oid)) {
            return Err(RepoError::Damaged { oid, why: "its bytes do not hash to its name" });
        }
        Ok((kind_of(data.kind), data.data))
    }

    /// Returns where an annotated tag leads in the end; `None` for all else, or where it is broken.
    pub(crate) fn peel_tag(&self, oid: Oid) -> Result<Option<Oid>, RepoError> {
        let mut buffer = Vec::new();
        let mut at = oid;
        for _ in 0..TAG_DEPTH {
            if !matches!(self.header(at)?, Some((Kind::Tag, _))) {
                return Ok((at != oid).then_some(at));
            }
            let target = match self.find(at, &mut buffer)? {
                Some((Kind::Tag, data)) => objects::tag_target(data),
                _ => None,
            };
            match target {
                Some((target, _)) => at = target,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> RepoError {
        RepoError::Objects { path: self.path.clone(), why: safe(error.to_string()) }
    }
}

/// Returns gix's name for a format.
pub(crate) fn hash(format: ObjectFormat) -> gix::hash::Kind {
    match format {
        ObjectFormat::Sha1 => gix::hash::Kind::Sha1,
        ObjectFormat::Sha256 => gix::hash::Kind::Sha256,
    }
}

/// Returns an id in gix's type. Its length is right by construction of [`Oid`].
pub(crate) fn to_gix(oid: Oid) -> gix::ObjectId {
    gix::ObjectId::from_bytes_or_panic(oid.as_bytes())
}

/// Returns an id in our type; `None` for a format we do not know.
pub(crate) fn from_gix(id: &gix::oid) -> Option<Oid> {
    Oid::from_bytes(id.as_bytes())
}

/// Returns a kind in our type.
pub(crate) fn kind_of(kind: gix::objs::Kind) -> Kind {
    match kind {
        gix::objs::Kind::Commit => Kind::Commit,
        gix::objs::Kind::Tree => Kind::Tree,
        gix::objs::Kind::Blob => Kind::Blob,
        gix::objs::Kind::Tag => Kind::Tag,
    }
}

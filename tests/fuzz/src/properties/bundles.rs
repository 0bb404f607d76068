//! Manifest, index, tar.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use blackstart::bundle::index::Index;
use blackstart::bundle::manifest::{self, Manifest};
use blackstart::bundle::{PartKind, part, slug, tarball as tar};

use super::refused;

/// A manifest that is read renders to its bytes, and lists a bounded number of distinct parts.
pub fn manifest(data: &[u8]) -> bool {
    match Manifest::parse(data) {
        Ok(parsed) => {
            assert_eq!(parsed.render(), data);
            assert!(parsed.layers.len() <= manifest::MOST_LAYERS);
            assert!(parsed.of_kind(&PartKind::Delta).count() <= manifest::MOST_DELTAS);
            let digests: BTreeSet<_> = parsed.parts().map(|part| part.digest).collect();
            assert_eq!(digests.len(), parsed.layers.len() + 1);
            assert_eq!(parsed.of_kind(&PartKind::Index).count(), 1);
            true
        }
        Err(error) => refused(&error),
    }
}

/// An index that is read renders to its bytes; every name and every folder stands there once.
pub fn index(data: &[u8]) -> bool {
    match Index::parse(data) {
        Ok(parsed) => {
            assert_eq!(parsed.files()["index.json"], data);
            let names: BTreeSet<_> = parsed.repos.iter().map(|repo| &repo.name).collect();
            assert_eq!(names.len(), parsed.repos.len());
            for repo in &parsed.repos {
                assert!(tar::is_plain_path(&repo.folder));
                assert_stays_below(&slug::extracted_folder(&repo.name));
            }
            let folders: BTreeSet<_> =
                parsed.repos.iter().map(|repo| slug::extracted_folder(&repo.name)).collect();
            assert_eq!(folders.len(), parsed.repos.len());
            // One line for each repository, whatever its name holds: people read the table.
            let table = &parsed.files()["repos.tsv"];
            assert_eq!(table.iter().filter(|byte| **byte == b'\n').count(), parsed.repos.len());
            true
        }
        Err(error) => refused(&error),
    }
}

/// What the walk hands out lies below the folder it is unpacked in, comes once whatever the case of
/// its letters, is no longer than the archive, and can be packed again by our own writer.
pub fn tarball(data: &[u8]) -> bool {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    let walked = tar::walk(data, |path, size, from| {
        assert_stays_below(path);
        assert!(seen.insert(path.to_ascii_lowercase()), "{path} comes twice");
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)?;
        assert!(bytes.len() as u64 <= size);
        files.push((path.to_owned(), bytes));
        Ok(())
    });
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(total <= data.len());
    if let Err(error) = walked {
        return refused(&error);
    }
    files.sort();
    let mut packer = tar::Packer::new(Vec::new());
    let packed = files
        .iter()
        .all(|(path, bytes)| packer.file(path, bytes.len() as u64, bytes.as_slice()).is_ok());
    // Ustar has no room for some long paths, which a PAX header may give.
    if packed {
        let mut again = Vec::new();
        tar::walk(packer.finish().unwrap().as_slice(), |path, _, from| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes)?;
            again.push((path.to_owned(), bytes));
            Ok(())
        })
        .unwrap();
        assert_eq!(again, files);
    }
    for kind in [PartKind::Index, PartKind::Base, PartKind::Keys, PartKind::Trust, PartKind::State]
    {
        let _ = part::unpack(&mut &*data, &kind, |path, _, _| {
            let last = path.rsplit('/').next().unwrap_or_default();
            assert!(!matches!(last, "config" | "alternates" | "hooks"), "{path}");
            Ok(())
        });
    }
    true
}

fn assert_stays_below(path: &str) {
    let plain = |part: Component<'_>| {
        matches!(part, Component::Normal(name)
            if !name.eq_ignore_ascii_case(".git") && !name.as_encoded_bytes().starts_with(b"-"))
    };
    assert!(!path.is_empty() && !path.contains(['\\', ':']), "{path:?}");
    assert!(Path::new(path).components().all(plain), "{path:?} leaves its folder");
}

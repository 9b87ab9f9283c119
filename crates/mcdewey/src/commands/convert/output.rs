//! Where `mcdewey convert` writes: the Markdown and a folder of images beside it. A name that the operator did not type
//! is never written through a symbolic link, which somebody else may have put there.

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

/// What is written, and how.
pub(super) struct Output {
    /// The Markdown.
    pub(super) path: PathBuf,
    /// Whether the operator typed the path; then links in it are meant.
    named: bool,
    force: bool,
}

impl Output {
    /// As the arguments say; nothing when the Markdown goes to standard output.
    pub(super) fn of(args: &ConvertArgs) -> Option<Self> {
        let (path, named) = match &args.output {
            Some(output) if output == Path::new("-") => return None,
            Some(output) => (output.clone(), true),
            None => (args.file.with_extension("md"), false),
        };

        Some(Self {
            path,
            named,
            force: args.force,
        })
    }

    /// Refuses to write over what is there, before anything is converted.
    pub(super) fn refuse_present(&self) -> Result<()> {
        let Ok(found) = self.path.symlink_metadata() else {
            return Ok(());
        };
        let path = self.path.display();
        if !self.force {
            bail!("{path} is there already; --force writes over it, --output names another file");
        }

        if found.is_symlink() && !self.named {
            bail!(
                "{path} is a symbolic link and is not written through; remove it, or name its target with --output"
            );
        }

        Ok(())
    }

    /// Writes the Markdown.
    pub(super) fn write(&self, markdown: &str) -> Result<()> {
        let written = self
            .create()
            .and_then(|mut file| file.write_all(markdown.as_bytes()));
        written.with_context(|| format!("{} cannot be written", self.path.display()))
    }

    fn create(&self) -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true);
        if self.force {
            options.create(true).truncate(true);
        } else {
            // Follows no link either.
            options.create_new(true);
        }

        if !self.named {
            options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        }

        options.open(&self.path)
    }

    /// Writes the images into a folder beside the Markdown; gives the Markdown with links to them.
    pub(super) fn write_images(
        &self,
        images: &[ImageFile],
        mut markdown: String,
    ) -> Result<String> {
        let stem = self
            .path
            .file_stem()
            .map_or_else(|| "images".into(), |stem| stem.to_string_lossy());
        let place = format!("{stem}.images");

        let path = self.path.with_file_name(&place);
        if !self.force
            && let Some(image) = images
                .iter()
                .find(|image| path.join(&image.name).symlink_metadata().is_ok())
        {
            let there = path.join(&image.name);
            bail!(
                "{} is there already; --force writes over it, --output names another file",
                there.display()
            );
        }

        let folder = image_folder(&path)
            .with_context(|| format!("images cannot be written to {}", path.display()))?;
        for image in images {
            // Only a plain name may become a file.
            if Path::new(&image.name)
                .file_name()
                .is_some_and(|name| name == image.name.as_str())
            {
                let written =
                    replace(&folder, &image.name).and_then(|mut file| file.write_all(&image.bytes));
                written.with_context(|| {
                    format!("{} cannot be written", path.join(&image.name).display())
                })?;
                let target = format!("]({}/{})", place.replace(' ', "%20"), image.name);
                markdown = markdown.replace(&format!("]({})", image.name), &target);
            }
        }

        Ok(markdown)
    }
}

/// Makes the folder if it is not there. A link in its place is an error, to a folder too.
fn image_folder(path: &Path) -> std::io::Result<OwnedFd> {
    std::fs::create_dir_all(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => Err(std::io::Error::other(
            "it is a symbolic link and is not written through; remove it",
        )),
        opened => Ok(opened?),
    }
}

/// A new file in the place of whatever has this name.
fn replace(folder: &OwnedFd, name: &str) -> std::io::Result<File> {
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

    fn output(path: PathBuf, named: bool, force: bool) -> Output {
        Output { path, named, force }
    }

    fn image(name: &str) -> ImageFile {
        ImageFile {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: b"new".to_vec(),
        }
    }

    #[test]
    fn markdown_is_not_written_through_a_link_that_nobody_named() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (
            folder.path().join("elsewhere"),
            folder.path().join("manual.md"),
        );
        symlink(&elsewhere, &link).unwrap();

        for force in [false, true] {
            let derived = output(link.clone(), false, force);
            assert!(derived.refuse_present().is_err(), "{force}");
            assert!(derived.write("text").is_err(), "{force}");
        }

        assert!(!elsewhere.exists());
        let named = output(link, true, true);
        named.refuse_present().unwrap();
        named.write("text").unwrap();

        assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "text");
    }

    #[test]
    fn images_replace_what_is_there_only_when_forced_and_are_not_written_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("precious.png"), "old").unwrap();
        std::fs::create_dir(at("manual.images")).unwrap();
        symlink(at("precious.png"), at("manual.images/a.png")).unwrap();
        let refused = output(at("manual.md"), false, false)
            .write_images(&[image("b.png"), image("a.png")], String::new());
        assert!(refused.unwrap_err().to_string().contains("--force"));
        assert!(
            !at("manual.images/b.png").exists(),
            "nothing is written when one of them is there"
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

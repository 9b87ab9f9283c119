//! `mcdewey convert FILE`: writes Markdown with page markers beside a file, for people to read and
//! correct. The library ingests the pair as one document with its original.

mod output;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use mcdewey_convert::NativeLibraries;
use mcdewey_core::{ConvertedDocument, Format};
use mcdewey_ingest::CONVERTED_FROM;

use crate::cli::{ConvertArgs, ConvertWorkerArgs};
use crate::converters::converter;
use crate::engine_config::notify_on_stderr;
use crate::settings::Settings;
use crate::terminal;
use output::Output;

/// Runs the worker process, which reads files from standard input and writes Markdown to standard
/// output.
pub(crate) fn run_worker(args: &ConvertWorkerArgs) -> Result<ExitCode> {
    mcdewey_convert::run_worker(
        std::io::stdin().lock(),
        std::io::stdout().lock(),
        args.memory,
        &NativeLibraries {
            pdfium: args.pdfium.clone(),
        },
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn run(settings: Settings, args: ConvertArgs) -> Result<ExitCode> {
    tokio::task::spawn_blocking(move || convert(&settings, &args)).await??;
    Ok(ExitCode::SUCCESS)
}

fn convert(settings: &Settings, args: &ConvertArgs) -> Result<()> {
    let file = &args.file;
    let output = Output::from_args(args);
    if let Some(output) = &output {
        output.check_overwrite()?;
    }

    let format = format_of(file)?;
    let bytes =
        std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let ConvertedDocument {
        markdown,
        images,
        warnings,
        ..
    } = converter(&settings.pdfium, notify_on_stderr())?
        .convert(format, &bytes)
        .with_context(|| format!("cannot convert {}", file.display()))?;

    let name = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let markdown = with_original_name(&markdown, &name);
    for warning in &warnings {
        eprintln!("warning: {warning}");
    }

    let Some(output) = output else {
        terminal::print(&markdown)?;
        if !images.is_empty() {
            eprintln!(
                "its {} images were not written; they are only written if the Markdown goes \
                 to a file",
                images.len()
            );
        }
        return Ok(());
    };

    let markdown = if images.is_empty() {
        markdown
    } else {
        output.write_images(&images, markdown)?
    };

    output.write(&markdown)?;
    eprintln!(
        "wrote {} and {} images",
        output.path.display(),
        images.len()
    );

    Ok(())
}

fn format_of(file: &Path) -> Result<Format> {
    let extension = file
        .extension()
        .map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());

    match extension.as_str() {
        "json" | "yaml" | "yml" => Ok(Format::OpenApi),
        other => Format::from_extension(other).with_context(|| {
            let supported: Vec<&str> = Format::ALL.iter().map(|format| format.title()).collect();
            format!(
                "the format of {} is not supported; supported formats: {}",
                file.display(),
                supported.join(", ")
            )
        }),
    }
}

/// Adds the name of the original file to the front matter.
fn with_original_name(markdown: &str, name: &str) -> String {
    let line = format!("{CONVERTED_FROM}: {}\n", serde_json::Value::from(name));
    match markdown.strip_prefix("---\n") {
        Some(rest) => format!("---\n{line}{rest}"),
        None => format!("---\n{line}---\n\n{markdown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_matter_names_the_original_file() {
        assert_eq!(
            with_original_name("# A\n", "a b.pdf"),
            "---\nconverted_from: \"a b.pdf\"\n---\n\n# A\n"
        );
        assert_eq!(
            with_original_name("---\ntitle: A\n---\n", "a.pdf"),
            "---\nconverted_from: \"a.pdf\"\ntitle: A\n---\n"
        );
    }

    #[test]
    fn an_unsupported_format_is_an_error_that_lists_the_supported_ones() {
        let error = format_of(Path::new("a.odt")).unwrap_err().to_string();
        assert!(error.contains("a.odt") && error.contains("DOCX"), "{error}");
        assert_eq!(format_of(Path::new("a.YAML")).unwrap(), Format::OpenApi);
    }
}

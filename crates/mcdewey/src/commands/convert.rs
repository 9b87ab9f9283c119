//! `mcdewey convert FILE`: Markdown with page markers beside a file, for people to read and correct. The library takes
//! the pair as one document with its original.

mod output;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use mcdewey_convert::{IsolatedConverter, Limits};
use mcdewey_core::{Convert, Converted, Format};
use mcdewey_ingest::CONVERTED_FROM;

use crate::cli::{ConvertArgs, ConvertWorkerArgs};
use crate::terminal;
use output::Output;

/// What converts files in processes of its own.
pub(crate) fn converter() -> Result<Arc<dyn Convert>> {
    let program = std::env::current_exe()
        .context("the program does not find itself, to convert files with")?;
    let limits = Limits::default();
    let arguments = [
        "convert-worker".to_owned(),
        "--memory".to_owned(),
        limits.memory.to_string(),
    ];

    Ok(Arc::new(IsolatedConverter::new(program, arguments, limits)))
}

/// The child's side.
pub(crate) fn work(args: &ConvertWorkerArgs) -> Result<ExitCode> {
    mcdewey_convert::serve(
        std::io::stdin().lock(),
        std::io::stdout().lock(),
        args.memory,
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn run(args: ConvertArgs) -> Result<ExitCode> {
    tokio::task::spawn_blocking(move || convert(&args)).await??;
    Ok(ExitCode::SUCCESS)
}

fn convert(args: &ConvertArgs) -> Result<()> {
    let file = &args.file;
    let output = Output::of(args);
    if let Some(output) = &output {
        output.refuse_present()?;
    }

    let format = format_of(file)?;
    let bytes =
        std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let Converted {
        markdown,
        images,
        warnings,
    } = converter()?
        .convert(format, &bytes)
        .with_context(|| format!("{} was not converted", file.display()))?;

    let name = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let markdown = with_origin(&markdown, &name);
    for warning in &warnings {
        eprintln!("warning: {warning}");
    }

    let Some(output) = output else {
        terminal::print(&markdown)?;
        if !images.is_empty() {
            eprintln!(
                "its {} images are written only with the Markdown in a file",
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
        other => Format::of_extension(other).with_context(|| {
            let known: Vec<&str> = Format::ALL.iter().map(|format| format.title()).collect();
            format!(
                "{} is in a format that is not converted; known are {}",
                file.display(),
                known.join(", ")
            )
        }),
    }
}

/// The Markdown with a line in its front matter that names the file it was made from.
fn with_origin(markdown: &str, name: &str) -> String {
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
    fn the_origin_stands_in_the_front_matter() {
        assert_eq!(
            with_origin("# A\n", "a b.pdf"),
            "---\nconverted_from: \"a b.pdf\"\n---\n\n# A\n"
        );
        assert_eq!(
            with_origin("---\ntitle: A\n---\n", "a.pdf"),
            "---\nconverted_from: \"a.pdf\"\ntitle: A\n---\n"
        );
    }

    #[test]
    fn unknown_formats_are_named_with_the_known_ones() {
        let error = format_of(Path::new("a.odt")).unwrap_err().to_string();
        assert!(error.contains("a.odt") && error.contains("DOCX"), "{error}");
        assert_eq!(format_of(Path::new("a.YAML")).unwrap(), Format::OpenApi);
    }
}

//! The converters of this program: worker processes with PDFium for PDF files, without for others.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use mcdewey_convert::{ConvertLimits, IsolatedConverter, NativeLibraries};
use mcdewey_core::{Convert, ConvertError, ConvertedDocument, Format};
use mcdewey_provision::{PdfiumSettings, provision_pdfium};
use mcdewey_runtime::Notify;

/// Returns a converter that runs this program as worker processes. PDFium is downloaded when the
/// first PDF file is met; the steps are notices.
pub(crate) fn converter(pdfium: &PdfiumSettings, notify: Notify) -> Result<Arc<dyn Convert>> {
    let program = std::env::current_exe().context(
        "cannot find the path of this program, which converts files in a separate process",
    )?;

    Ok(Arc::new(Converters {
        others: isolated(&program, NativeLibraries::default()),
        program,
        pdfium: pdfium.clone(),
        notify,
        pdf: OnceLock::new(),
    }))
}

/// Converts files in worker processes, after PDFium was provisioned for the first PDF file.
struct Converters {
    program: PathBuf,
    pdfium: PdfiumSettings,
    /// Receives the steps of downloading it.
    notify: Notify,
    pdf: OnceLock<IsolatedConverter>,
    others: IsolatedConverter,
}

impl Converters {
    /// Blocks while PDFium is downloaded.
    fn of(&self, format: Format) -> &IsolatedConverter {
        match format {
            Format::Pdf => self.pdf.get_or_init(|| {
                let pdfium = find_or_warn(&self.pdfium, &self.notify);
                isolated(&self.program, NativeLibraries { pdfium })
            }),
            _ => &self.others,
        }
    }
}

impl Convert for Converters {
    fn fingerprint(&self, format: Format) -> &str {
        self.of(format).fingerprint(format)
    }

    fn may_be(&self, format: Format, head: &[u8]) -> bool {
        self.others.may_be(format, head)
    }

    fn convert(&self, format: Format, bytes: &[u8]) -> Result<ConvertedDocument, ConvertError> {
        self.of(format).convert(format, bytes)
    }
}

/// Finds or downloads PDFium. Without it, PDF files can still be read, so a failure is a warning.
fn find_or_warn(settings: &PdfiumSettings, notify: &Notify) -> Option<PathBuf> {
    match provision_pdfium(settings, &|step| notify.provisioning(&step)) {
        Ok(library) => Some(library),
        Err(error) => {
            eprintln!(
                "warning: PDF files are read without PDFium, with losses: {error}. They are read \
                 again with PDFium when it is there: run `mcdewey models --fetch`, or set \
                 PDFIUM_LIBRARY_PATH, and start again"
            );
            None
        }
    }
}

/// Returns a converter that runs `program` as worker processes.
fn isolated(program: &Path, libraries: NativeLibraries) -> IsolatedConverter {
    let limits = ConvertLimits::default();
    let mut arguments: Vec<OsString> = vec![
        "convert-worker".into(),
        "--memory".into(),
        limits.memory_bytes.to_string().into(),
    ];
    if let Some(library) = &libraries.pdfium {
        arguments.extend(["--pdfium".into(), library.into()]);
    }

    IsolatedConverter::new(program, arguments, limits, libraries)
}

use mcdewey_core::{ConvertError, Converted};

pub(crate) const VERSION: &str = "rst-0";

pub(crate) fn convert(_bytes: &[u8]) -> Result<Converted, ConvertError> {
    Err(ConvertError("not yet".to_owned()))
}

//! The icon of the service, for browsers and MCP clients.

/// An SVG image.
pub const ICON: &str = include_str!("../assets/icon.svg");

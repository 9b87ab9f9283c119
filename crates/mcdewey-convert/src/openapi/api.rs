//! A description with what has been written of it so far.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use serde_json::Value;

use super::value::entries;

/// How many references to references are followed.
pub(super) const MAX_REFERENCE_HOPS: usize = 16;

/// How many schemas are visited for a whole file: schemas made of schemas made of schemas multiply.
const MAX_STEPS: usize = 3_000_000;

pub(super) struct Api<'a> {
    pub(super) root: &'a Value,
    remaining_steps: Cell<usize>,
    /// The components that were written where they are used, by address.
    written: RefCell<HashSet<*const Value>>,
    long_examples: Cell<usize>,
}

impl<'a> Api<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self {
            root,
            remaining_steps: Cell::new(MAX_STEPS),
            written: RefCell::default(),
            long_examples: Cell::new(0),
        }
    }

    /// The components of a kind: those of version 3, then those of version 2, which has them at the
    /// top and some under another name.
    pub(super) fn components(
        &self,
        kind: &str,
        kind_in_version_2: &str,
    ) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        entries(&self.root["components"][kind]).chain(entries(&self.root[kind_in_version_2]))
    }

    /// Follows a reference within the file. Returns other values, and references that lead nowhere,
    /// unchanged.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_REFERENCE_HOPS {
            let target = value["$ref"]
                .as_str()
                .and_then(|reference| self.target(reference));
            let Some(target) = target else {
                break;
            };
            value = target;
        }

        value
    }

    /// The value that a reference within the file leads to.
    pub(super) fn target(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        self.root.pointer(&pointer)
    }

    /// Follows a reference to a component that the caller writes with everything in it.
    pub(super) fn resolve_to_write(&self, value: &'a Value) -> &'a Value {
        let target = self.resolve(value);
        self.written.borrow_mut().insert(target);
        target
    }

    /// Whether a component was written where it is used.
    pub(super) fn is_written(&self, component: &'a Value) -> bool {
        self.written
            .borrow()
            .contains(&std::ptr::from_ref(self.resolve(component)))
    }

    /// Takes a step from the limit of the file; `false` if none is left.
    pub(super) fn take_step(&self) -> bool {
        let remaining = self.remaining_steps.get();
        self.remaining_steps.set(remaining.saturating_sub(1));
        remaining > 0
    }

    /// Counts an example that is too long to be written.
    pub(super) fn leave_out_example(&self) {
        self.long_examples.set(self.long_examples.get() + 1);
    }

    /// How many examples were too long to be written.
    pub(super) fn long_examples(&self) -> usize {
        self.long_examples.get()
    }

    /// Whether some fields were not listed because of the limit on steps.
    pub(super) fn is_truncated(&self) -> bool {
        self.remaining_steps.get() == 0
    }
}

//! The types of a request's fields, and how a parameter's value becomes one of them.

use super::ParameterValue;
use crate::QueryError;

/// The type of a field that a parameter can set.
pub trait Field {
    /// Returns the field's value, or `None` if an omitted parameter means the same.
    fn value(&self) -> Option<ParameterValue>;

    /// Sets the field. Returns `None` if the value is of another kind, and an error if it is of the
    /// right kind but not valid.
    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>>;
}

impl Field for String {
    fn value(&self) -> Option<ParameterValue> {
        (!self.is_empty()).then(|| ParameterValue::Text(self.clone()))
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::Text(text) = value else {
            return None;
        };

        *self = text;
        Some(Ok(()))
    }
}

impl Field for Option<String> {
    fn value(&self) -> Option<ParameterValue> {
        self.clone().map(ParameterValue::Text)
    }

    /// Joins alternatives with commas.
    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        *self = match value {
            ParameterValue::Text(text) => Some(text),
            ParameterValue::List(alternatives) => {
                (!alternatives.is_empty()).then(|| alternatives.join(","))
            }
            _ => return None,
        };

        Some(Ok(()))
    }
}

impl Field for Vec<String> {
    fn value(&self) -> Option<ParameterValue> {
        (!self.is_empty()).then(|| ParameterValue::List(self.clone()))
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::List(values) = value else {
            return None;
        };

        *self = values;
        Some(Ok(()))
    }
}

impl Field for Option<usize> {
    fn value(&self) -> Option<ParameterValue> {
        self.map(ParameterValue::Number)
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::Number(number) = value else {
            return None;
        };

        *self = Some(number);
        Some(Ok(()))
    }
}

impl Field for bool {
    fn value(&self) -> Option<ParameterValue> {
        self.then_some(ParameterValue::Flag(true))
    }

    fn set(&mut self, value: ParameterValue) -> Option<Result<(), QueryError>> {
        let ParameterValue::Flag(flag) = value else {
            return None;
        };

        *self = flag;
        Some(Ok(()))
    }
}

//! Declarations of request parameters. Each parameter is declared once, next to the field of the
//! request that it sets: its name, what it accepts, and the texts that describe it to programs,
//! models and people at a terminal. Everything that reads, writes or describes parameters walks the
//! declarations, so that a new one is offered everywhere at once.

mod field;

pub use field::Field;

use crate::QueryError;

/// What a parameter is called, what it accepts, and how it is described.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// The name in requests; empty until the declaration is attached to a field.
    pub name: &'static str,
    /// What it accepts.
    pub kind: Kind,
    /// What it is for.
    pub role: Role,
    /// Whether a request without it is an error.
    pub required: bool,
    /// One sentence in Markdown, for references.
    pub description: &'static str,
    /// A valid value; empty if none would teach anything.
    pub example: &'static str,
    /// How a model passes it; `None` if models cannot.
    pub tool: Option<ToolArgument>,
    /// How it is passed on a command line; `None` if it cannot be.
    pub command: Option<CommandArgument>,
}

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text {
        /// At most this many bytes; then the text must not be blank either.
        max_bytes: Option<usize>,
    },
    /// The name of something in the library, such as a version or a source.
    Name,
    /// One of these words.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// The word that an omitted parameter stands for.
        default: Option<&'static str>,
    },
    /// A whole number.
    Number {
        /// The smallest one.
        min: usize,
        /// The largest one.
        max: usize,
        /// The number that an omitted parameter stands for.
        default: Option<usize>,
    },
    /// True or false; false if omitted.
    Flag,
    /// Alternative names, repeated or separated by commas.
    Names,
    /// Alternative versions or ranges. Repeated ones are joined with commas into one text.
    Versions,
    /// Alternative sources, repeated. Not separated by commas, because paths may contain them.
    Sources,
}

impl Kind {
    /// Whether the parameter may be given more than once.
    pub const fn is_repeatable(self) -> bool {
        matches!(self, Self::Names | Self::Versions | Self::Sources)
    }
}

/// What a parameter is for; lists of parameters are in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// What is asked, and how.
    Question,
    /// Selects documents by a facet.
    Facet,
    /// Selects documents by something else.
    Filter,
    /// How much is returned.
    Extent,
    /// Switches something on.
    Switch,
    /// Continues a previous request.
    Continuation,
}

impl Role {
    /// Whether parameters with this role select documents.
    pub const fn is_filter(self) -> bool {
        matches!(self, Self::Facet | Self::Filter)
    }
}

/// How a model passes a parameter to a tool. Every conversation pays for each word of it.
#[derive(Debug, Clone, Copy)]
pub struct ToolArgument {
    /// The advertised name; empty for the parameter's own.
    pub name: &'static str,
    /// Names that models invent for it; accepted, but not advertised.
    pub aliases: &'static [&'static str],
    /// A few words.
    pub description: &'static str,
    /// Valid values.
    pub examples: &'static [&'static str],
    /// Narrower bounds of a number, and its default.
    pub bounds: Option<Bounds>,
}

/// The bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest number.
    pub min: usize,
    /// The largest number.
    pub max: usize,
    /// The number that an omitted argument stands for.
    pub default: usize,
}

/// How a parameter is passed on a command line.
#[derive(Debug, Clone, Copy)]
pub struct CommandArgument {
    /// Its syntax.
    pub form: CommandForm,
    /// A phrase without a full stop.
    pub help: &'static str,
}

/// The syntax of an argument on a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandForm {
    /// All words without a flag, joined with spaces.
    Words {
        /// What help texts call the words.
        value_name: &'static str,
    },
    /// `--name`, with the parameter's own name.
    Flag,
    /// `--name VALUE`, with the parameter's own name.
    Value {
        /// What help texts call the value.
        value_name: &'static str,
        /// A letter that may replace the name.
        letter: Option<char>,
    },
    /// A flag with this name, which stands for this word of a choice.
    WordFlag {
        /// The name of the flag.
        long: &'static str,
        /// The word.
        word: &'static str,
    },
}

impl CommandForm {
    /// `--name VALUE`.
    pub const fn value(value_name: &'static str) -> Self {
        Self::Value {
            value_name,
            letter: None,
        }
    }

    /// `--name VALUE`, or with this letter.
    pub const fn value_or_letter(value_name: &'static str, letter: char) -> Self {
        Self::Value {
            value_name,
            letter: Some(letter),
        }
    }
}

impl Declaration {
    /// A parameter that is optional and offered neither to models nor on a command line.
    pub const fn new(
        kind: Kind,
        role: Role,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name: "",
            kind,
            role,
            required: false,
            description,
            example,
            tool: None,
            command: None,
        }
    }

    /// An optional text.
    pub const fn text(role: Role, description: &'static str, example: &'static str) -> Self {
        Self::new(Kind::Text { max_bytes: None }, role, description, example)
    }

    /// An optional name.
    pub const fn name(role: Role, description: &'static str, example: &'static str) -> Self {
        Self::new(Kind::Name, role, description, example)
    }

    /// A flag.
    pub const fn flag(description: &'static str) -> Self {
        Self::new(Kind::Flag, Role::Switch, description, "false")
    }

    /// A facet.
    pub const fn facet(description: &'static str, example: &'static str) -> Self {
        Self::new(Kind::Names, Role::Facet, description, example)
    }

    /// The same with this name.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The same, but required.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, and models may pass it.
    pub const fn for_models(mut self, argument: ToolArgument) -> Self {
        self.tool = Some(argument);
        self
    }

    /// The same, and it may be passed on a command line.
    pub const fn for_terminals(mut self, form: CommandForm, help: &'static str) -> Self {
        self.command = Some(CommandArgument { form, help });
        self
    }
}

impl ToolArgument {
    /// An argument with the parameter's own name and bounds.
    pub const fn new(description: &'static str, examples: &'static [&'static str]) -> Self {
        Self {
            name: "",
            aliases: &[],
            description,
            examples,
            bounds: None,
        }
    }

    /// The same with this advertised name.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The same, also accepted under these names.
    pub const fn or(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The same with these bounds.
    pub const fn within(mut self, min: usize, max: usize, default: usize) -> Self {
        self.bounds = Some(Bounds { min, max, default });
        self
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// Of a text or a choice; of versions, the alternatives separated by commas.
    Text(String),
    /// Of a number.
    Number(usize),
    /// Of a flag.
    Flag(bool),
    /// Of names, versions or sources.
    List(Vec<String>),
}

/// A parameter of requests of type `R`: its declaration and the field that it sets.
#[derive(Debug)]
pub struct Parameter<R: 'static> {
    /// Its declaration.
    pub declaration: Declaration,
    read: fn(&R) -> Option<ParameterValue>,
    write: fn(&mut R, ParameterValue) -> Option<Result<(), QueryError>>,
}

impl<R> Parameter<R> {
    /// Called by the macro `declare_request`.
    #[doc(hidden)]
    pub const fn new(
        declaration: Declaration,
        read: fn(&R) -> Option<ParameterValue>,
        write: fn(&mut R, ParameterValue) -> Option<Result<(), QueryError>>,
    ) -> Self {
        Self {
            declaration,
            read,
            write,
        }
    }

    /// Returns the value, or `None` if it is what an omitted parameter stands for.
    pub fn value(&self, request: &R) -> Option<ParameterValue> {
        (self.read)(request)
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// [`QueryError::InvalidRequest`] if the parameter has no such word;
    /// [`QueryError::Internal`] if the value is of another kind than the declaration says.
    pub fn set(&self, request: &mut R, value: ParameterValue) -> Result<(), QueryError> {
        (self.write)(request, value).unwrap_or_else(|| {
            Err(QueryError::Internal(format!(
                "{} is of another kind than declared",
                self.declaration.name
            )))
        })
    }
}

/// A request that consists of declared parameters.
pub trait Request: Default + 'static {
    /// The declarations, in the order of the fields.
    const DECLARATIONS: &'static [Declaration];
    /// The parameters, in the order of the fields.
    const PARAMETERS: &'static [Parameter<Self>];
}

/// Defines a request: a struct, and for each field the declaration of the parameter that sets it.
macro_rules! declare_request {
    (
        $(#[$attribute:meta])*
        pub struct $request:ident {
            $(
                $(#[$field_attribute:meta])*
                $field:ident: $kind:ty = $declaration:expr;
            )+
        }
    ) => {
        $(#[$attribute])*
        pub struct $request {
            $(
                $(#[$field_attribute])*
                pub $field: $kind,
            )+
        }

        impl $crate::parameter::Request for $request {
            const DECLARATIONS: &'static [$crate::parameter::Declaration] =
                &[$($declaration.named(stringify!($field)),)+];
            const PARAMETERS: &'static [$crate::parameter::Parameter<Self>] = &[$(
                $crate::parameter::Parameter::new(
                    $declaration.named(stringify!($field)),
                    |request| $crate::parameter::Field::value(&request.$field),
                    |request, value| $crate::parameter::Field::set(&mut request.$field, value),
                ),
            )+];
        }
    };
}

pub(crate) use declare_request;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompareRequest, SearchRequest};

    /// A value that an omitted parameter does not stand for.
    fn sample(declaration: &Declaration) -> ParameterValue {
        match declaration.kind {
            Kind::Text { .. } | Kind::Name | Kind::Versions => {
                ParameterValue::Text("a, b".to_owned())
            }
            Kind::Choice { words, default } => {
                let other = words.iter().find(|word| Some(**word) != default);
                ParameterValue::Text((*other.unwrap()).to_owned())
            }
            Kind::Number { max, .. } => ParameterValue::Number(max),
            Kind::Flag => ParameterValue::Flag(true),
            Kind::Names | Kind::Sources => {
                ParameterValue::List(vec!["a, b".to_owned(), "c".to_owned()])
            }
        }
    }

    fn check<R: Request>() {
        let mut request = R::default();
        for parameter in R::PARAMETERS {
            let name = parameter.declaration.name;
            assert_eq!(parameter.value(&request), None, "{name} has a default");
            let value = sample(&parameter.declaration);
            parameter.set(&mut request, value.clone()).unwrap();
            assert_eq!(parameter.value(&request), Some(value), "{name}");
        }
    }

    #[test]
    fn every_field_takes_values_of_its_declared_kind() {
        check::<SearchRequest>();
        check::<CompareRequest>();
    }

    #[test]
    fn a_value_of_another_kind_is_an_internal_error() {
        let parameter = &SearchRequest::PARAMETERS[0];
        let error = parameter.set(&mut SearchRequest::default(), ParameterValue::Flag(true));
        assert!(matches!(error, Err(QueryError::Internal(_))), "{error:?}");
    }

    #[test]
    fn repeated_versions_are_joined() {
        let mut request = SearchRequest::default();
        let version = SearchRequest::PARAMETERS
            .iter()
            .find(|parameter| parameter.declaration.kind == Kind::Versions)
            .unwrap();

        let values = vec!["12.5".to_owned(), "latest".to_owned()];
        version
            .set(&mut request, ParameterValue::List(values))
            .unwrap();
        assert_eq!(request.version.as_deref(), Some("12.5,latest"));

        version
            .set(&mut request, ParameterValue::List(Vec::new()))
            .unwrap();
        assert_eq!(request.version, None);
    }
}

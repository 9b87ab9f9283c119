//! The arguments of `mcdewey search` that make a request, from the request's declarations.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use mcdewey_search::SearchRequest;
use mcdewey_search::parameter::{CommandForm, Declaration, Kind, ParameterValue, Request};

/// The request that the arguments make.
#[derive(Debug)]
pub(crate) struct SearchFlags(pub(crate) SearchRequest);

impl Args for SearchFlags {
    fn augment_args(command: Command) -> Command {
        command.args(SearchRequest::DECLARATIONS.iter().filter_map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SearchFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self(SearchRequest::default());
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for parameter in SearchRequest::PARAMETERS {
            if let Some(value) = value(matches, &parameter.declaration) {
                parameter
                    .set(&mut self.0, value)
                    .map_err(|error| clap::Error::raw(ErrorKind::InvalidValue, error))?;
            }
        }

        Ok(())
    }
}

/// Describes a parameter to clap; `None` if the command line does not have it.
fn argument(declaration: &'static Declaration) -> Option<Arg> {
    let command = declaration.command?;
    let argument = Arg::new(id(declaration)).help(command.help);

    Some(match command.form {
        CommandForm::Words { value_name } => argument
            .value_name(value_name)
            .action(ArgAction::Append)
            .num_args(1..)
            .required(declaration.required),
        CommandForm::WordFlag { long, .. } => argument.long(long).action(ArgAction::SetTrue),
        CommandForm::Flag => argument.long(declaration.name).action(ArgAction::SetTrue),
        CommandForm::Value { value_name, letter } => with_value(argument, declaration.kind)
            .long(declaration.name)
            .short(letter)
            .value_name(value_name),
    })
}

fn with_value(argument: Arg, kind: Kind) -> Arg {
    match kind {
        Kind::Choice { words, default } => {
            argument.value_parser(words.to_vec()).default_value(default)
        }
        Kind::Number { .. } => argument.value_parser(value_parser!(usize)),
        Kind::Names | Kind::Sources => argument.action(ArgAction::Append),
        Kind::Text { .. } | Kind::Name | Kind::Versions | Kind::Flag => argument,
    }
}

/// `version` is taken: it is the id of clap's own flag.
fn id(declaration: &Declaration) -> &'static str {
    match declaration.kind {
        Kind::Versions => "release",
        _ => declaration.name,
    }
}

/// Returns what was given for a parameter.
fn value(matches: &ArgMatches, declaration: &Declaration) -> Option<ParameterValue> {
    let id = id(declaration);
    match (declaration.command?.form, declaration.kind) {
        (CommandForm::Words { .. }, _) => {
            let words: Vec<&str> = matches
                .get_many::<String>(id)?
                .map(String::as_str)
                .collect();
            Some(ParameterValue::Text(words.join(" ")))
        }
        (CommandForm::WordFlag { word, .. }, _) => matches
            .get_flag(id)
            .then(|| ParameterValue::Text(word.to_owned())),
        (_, Kind::Flag) => Some(ParameterValue::Flag(matches.get_flag(id))),
        (_, Kind::Number { .. }) => matches
            .get_one::<usize>(id)
            .map(|number| ParameterValue::Number(*number)),
        (_, Kind::Names | Kind::Sources) => matches
            .get_many::<String>(id)
            .map(|values| ParameterValue::List(values.cloned().collect())),
        (_, Kind::Text { .. } | Kind::Name | Kind::Choice { .. } | Kind::Versions) => matches
            .get_one::<String>(id)
            .map(|text| ParameterValue::Text(text.clone())),
    }
}

#[cfg(test)]
mod tests {
    use mcdewey_search::{Group, Mode};

    use super::*;

    fn command() -> Command {
        SearchFlags::augment_args(Command::new("search"))
    }

    fn parse(arguments: &[&str]) -> Result<SearchRequest, clap::Error> {
        let arguments = ["search"].iter().chain(arguments);
        let matches = command().try_get_matches_from(arguments)?;
        Ok(SearchFlags::from_arg_matches(&matches)?.0)
    }

    /// How a parameter is given, and the value that it then has.
    fn sample(declaration: &Declaration) -> (Vec<String>, ParameterValue) {
        let long = format!("--{}", declaration.name);
        let text = |text: &str| ParameterValue::Text(text.to_owned());
        match (declaration.command.unwrap().form, declaration.kind) {
            (CommandForm::Words { .. }, _) => {
                (vec!["barge".into(), "state".into()], text("barge state"))
            }
            (CommandForm::WordFlag { long, word }, _) => (vec![format!("--{long}")], text(word)),
            (CommandForm::Flag, _) => (vec![long], ParameterValue::Flag(true)),
            (_, Kind::Choice { words, .. }) => {
                let word = words.last().unwrap();
                (vec![long, (*word).to_owned()], text(word))
            }
            (_, Kind::Number { max, .. }) => {
                (vec![long, max.to_string()], ParameterValue::Number(max))
            }
            (_, Kind::Names | Kind::Sources) => (
                vec![long.clone(), "a,b.md".into(), long, "c".into()],
                ParameterValue::List(vec!["a,b.md".into(), "c".into()]),
            ),
            _ => (vec![long, "12.5".into()], text("12.5")),
        }
    }

    #[test]
    fn every_parameter_can_be_given() {
        command().debug_assert();
        for parameter in SearchRequest::PARAMETERS {
            let (mut arguments, expected) = sample(&parameter.declaration);
            if parameter.declaration.name != "q" {
                arguments.push("barge".to_owned());
            }

            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let request = parse(&arguments).unwrap();
            assert_eq!(parameter.value(&request), Some(expected), "{arguments:?}");
        }

        let short = parse(&["barge", "-n", "3", "--group-by-page", "--mode", "dense"]).unwrap();
        assert_eq!(short.limit, Some(3));
        assert_eq!(short.group, Some(Group::Page));
        assert_eq!(short.mode, Mode::Dense);
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let expected = SearchRequest {
            q: "barge".to_owned(),
            ..SearchRequest::default()
        };
        assert_eq!(parse(&["barge"]).unwrap(), expected);
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        for arguments in [
            &[][..],
            &["x", "--mode", "fuzzy"],
            &["x", "--limit", "many"],
            &["x", "--version", "1", "--version", "2"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}

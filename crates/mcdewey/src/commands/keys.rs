//! `mcdewey keys`: who has a key, making one, and taking one back. A running server follows within a second.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::access::keys::{self, KeyEntry, NewKey};
use crate::access::requirement::{Memory, Requirement, Standing};
use crate::access::settings::AccessSettings;
use crate::cli::{CreateKeyArgs, KeysCommand};
use crate::settings::Settings;
use crate::terminal;

pub(crate) fn run(settings: &Settings, command: KeysCommand) -> Result<ExitCode> {
    let path = &settings.access.keys_file;
    match command {
        KeysCommand::Create(args) => create(settings, args)?,
        KeysCommand::List { json } => {
            let entries = keys::read(path)?;
            let text = match json {
                true => terminal::json(&entries.iter().map(shown).collect::<Vec<_>>())?,
                false if entries.is_empty() => {
                    format!("no keys in {}{}\n", path.display(), without_keys(settings))
                }
                false => entries.iter().map(line).collect(),
            };

            terminal::print(&text)?;
        }
        KeysCommand::Revoke { key } => {
            let entry = keys::revoke(path, &key)?;
            record_required(settings)?;
            eprintln!("key {} of {} opens nothing any more", entry.id, entry.name);
            if keys::read(path)?.is_empty() {
                eprintln!("no keys are left{}", without_keys(settings));
            }
        }
        KeysCommand::Open => open(settings)?,
    }

    Ok(ExitCode::SUCCESS)
}

fn create(settings: &Settings, args: CreateKeyArgs) -> Result<()> {
    let path = &settings.access.keys_file;
    let json = args.json;

    let (entry, secret) = keys::create(path, new(args)?)?;
    if let Err(error) = record_required(settings) {
        keys::revoke(path, &entry.id)?;
        return Err(error);
    }

    if json {
        let mut value = shown(&entry);
        value["key"] = secret.into();
        terminal::print(&terminal::json(&value)?)?;
        return Ok(());
    }

    eprintln!(
        "key {} for {}: {}; it is shown this once only",
        entry.id,
        entry.name,
        opens(&entry)
    );

    terminal::print(&format!("{secret}\n"))?;
    Ok(())
}

/// Remembers in the data directory that keys were asked for, if the keys file is its own. A server over it that was given
/// another file has nothing to do with these keys; one that is given this file requires keys by itself.
fn record_required(settings: &Settings) -> Result<()> {
    let requirement = Requirement::of(&settings.access);
    match settings.access.keys_file_is_own || requirement.is_opened() {
        true => requirement.record_required(),
        false => Ok(()),
    }
}

/// Stops requiring keys, where that is what the settings leave to be decided.
fn open(settings: &Settings) -> Result<()> {
    may_be_opened(&settings.access)?;
    let requirement = Requirement::of(&settings.access);
    if requirement.standing(false, &mut Memory::default()) == Standing::NeverAsked {
        eprintln!("no key was ever made here, so none is required");
        return Ok(());
    }

    requirement.record_opened(|| may_be_opened(&settings.access))?;
    eprintln!(
        "keys are no longer required: whoever reaches a server over {} that listens on loopback, through a proxy too, may \
         read the whole library; `mcdewey keys create` requires keys again",
        settings.data_dir.display()
    );

    Ok(())
}

fn may_be_opened(access: &AccessSettings) -> Result<()> {
    let AccessSettings {
        key,
        keys_file,
        oidc,
        ..
    } = access;

    let entries = keys::read(keys_file)?;
    ensure!(
        entries.is_empty(),
        "there are keys in {} ({}); revoke them first",
        keys_file.display(),
        entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    ensure!(
        key.is_none() && oidc.is_none(),
        "the settings name a key or an issuer; take access_key_file and [oidc] out of them first"
    );

    Ok(())
}

/// What it means that there are no keys.
fn without_keys(settings: &Settings) -> &'static str {
    let AccessSettings {
        key,
        oidc,
        allow_anonymous,
        ..
    } = &settings.access;

    let required = Requirement::of(&settings.access).standing(false, &mut Memory::default())
        == Standing::Required;
    match required && key.is_none() && oidc.is_none() && !allow_anonymous {
        true => {
            "; keys stay required, so only commands on this machine are answered until there is one, or until \
             `mcdewey keys open` stops requiring them"
        }
        false => "",
    }
}

fn new(args: CreateKeyArgs) -> Result<NewKey> {
    let CreateKeyArgs {
        name,
        role,
        vendor,
        product,
        requests_per_minute,
        expires,
        json: _,
    } = args;

    let expires = expires
        .as_deref()
        .map(|text| after(text, keys::now()))
        .transpose()?;

    Ok(NewKey {
        name,
        role,
        vendors: vendor,
        products: product,
        requests_per_minute,
        expires,
    })
}

/// A day (`2027-01-31`), a moment, or a time from now (`90d`, `12h`).
fn after(text: &str, now: Timestamp) -> Result<Timestamp> {
    let wrong = || format!("{text:?} is no end of a key; write 90d, 12h or 2027-01-31");
    let moment = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => now
            .checked_add(SignedDuration::from_hours(days.saturating_mul(24)))
            .with_context(wrong)?,
        _ => match text.parse::<SignedDuration>() {
            Ok(duration) => now.checked_add(duration).with_context(wrong)?,
            Err(_) => match text.parse::<Timestamp>() {
                Ok(moment) => moment,
                Err(_) => format!("{text}T00:00:00Z").parse().with_context(wrong)?,
            },
        },
    };

    ensure!(
        moment > now,
        "{text} is over already; a key must end later than now"
    );

    Ok(moment)
}

fn shown(entry: &KeyEntry) -> serde_json::Value {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("hash");
    }
    value
}

fn line(entry: &KeyEntry) -> String {
    let end = match entry.expires {
        Some(expires) if entry.is_good(keys::now()) => format!(", until {expires}"),
        Some(expires) => format!(", over since {expires}"),
        None => String::new(),
    };

    format!(
        "{}  {}: {}, since {}{end}\n",
        entry.id,
        entry.name,
        opens(entry),
        entry.created
    )
}

/// What a key opens, in words.
fn opens(entry: &KeyEntry) -> String {
    let role = match entry.role {
        keys::KeyRole::Read => "reads",
        keys::KeyRole::Admin => "reads and changes",
    };

    let named = |what: &str, names: &[String]| match names.is_empty() {
        true => None,
        false => Some(format!("{what} {}", names.join(", "))),
    };

    let part: Vec<String> = [
        named("vendor", &entry.vendors),
        named("product", &entry.products),
    ]
    .into_iter()
    .flatten()
    .collect();

    let part = if part.is_empty() {
        "everything".to_owned()
    } else {
        part.join(" and ")
    };

    let limit = entry
        .requests_per_minute
        .map(|limit| format!(", {limit} requests a minute"))
        .unwrap_or_default();

    format!("{role} {part}{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_a_while_or_on_a_day() {
        let now: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
        let end = |text: &str| {
            after(text, now)
                .map(|end| end.to_string())
                .map_err(|error| error.to_string())
        };

        assert_eq!(end("90d").unwrap(), "2027-02-24T10:00:00Z");
        assert_eq!(end("12h").unwrap(), "2026-11-26T22:00:00Z");
        assert_eq!(end("2027-01-31").unwrap(), "2027-01-31T00:00:00Z");
        assert!(end("2026-11-26").unwrap_err().contains("over already"));
        assert!(end("-1d").is_err());

        for bad in ["soon", "", "99999999999999d"] {
            assert!(end(bad).unwrap_err().contains("90d"), "{bad}");
        }
    }
}

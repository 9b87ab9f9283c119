//! `mcdewey keys`: creates, lists and revokes access keys. A running server applies changes within
//! a second.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use mcdewey_auth::keys::{self, KeyEntry, NewKey};
use mcdewey_auth::{AccessSettings, KeyRequirement, RequirementHistory, RequirementStatus, Role};

use crate::cli::{CreateKeyArgs, KeysCommand};
use crate::settings::Settings;
use crate::terminal;

pub(crate) fn run(settings: &Settings, command: KeysCommand) -> Result<ExitCode> {
    let path = &settings.access.keys_file;
    match command {
        KeysCommand::Create(args) => create(settings, args)?,
        KeysCommand::List { json } => {
            let entries = keys::read(path)?;
            let text = if json {
                terminal::json(&entries.iter().map(without_hash).collect::<Vec<_>>())?
            } else if entries.is_empty() {
                format!("no keys in {}{}\n", path.display(), no_keys_note(settings))
            } else {
                entries.iter().map(format_entry).collect()
            };

            terminal::print(&text)?;
        }
        KeysCommand::Revoke { key } => {
            let entry = keys::revoke(path, &key)?;
            record_required(settings)?;
            eprintln!("revoked key {} of {}", entry.id, entry.name);
            if keys::read(path)?.is_empty() {
                eprintln!("no keys are left{}", no_keys_note(settings));
            }
        }
        KeysCommand::Open => open(settings)?,
    }

    Ok(ExitCode::SUCCESS)
}

fn create(settings: &Settings, args: CreateKeyArgs) -> Result<()> {
    let path = &settings.access.keys_file;
    let json = args.json;

    let (entry, secret) = keys::create(path, new_key(args)?)?;
    if let Err(error) = record_required(settings) {
        keys::revoke(path, &entry.id)?;
        return Err(error);
    }

    if json {
        let mut value = without_hash(&entry);
        value["key"] = secret.into();
        terminal::print(&terminal::json(&value)?)?;
        return Ok(());
    }

    eprintln!(
        "key {} for {}: {}; it will not be shown again",
        entry.id,
        entry.name,
        format_permissions(&entry)
    );

    terminal::print(&format!("{secret}\n"))?;
    Ok(())
}

/// Records in the data directory that keys are required, if the keys file is the directory's own.
/// Another file is not recorded: a server that uses another file does not use these keys, and one
/// that is given this file requires keys anyway.
fn record_required(settings: &Settings) -> Result<()> {
    let requirement = KeyRequirement::from_settings(&settings.access);
    if settings.access.is_default_keys_file || requirement.is_opened() {
        requirement.record_required()?;
    }

    Ok(())
}

/// Stops requiring keys, unless the settings require them.
fn open(settings: &Settings) -> Result<()> {
    check_can_open(&settings.access)?;
    let requirement = KeyRequirement::from_settings(&settings.access);
    if requirement.status(false, &mut RequirementHistory::default())
        == RequirementStatus::NeverRequired
    {
        eprintln!("no key has ever been created here, so none is required");
        return Ok(());
    }

    requirement.record_opened(|| check_can_open(&settings.access))?;
    eprintln!(
        "keys are no longer required: anyone who can reach a server of {} that listens on loopback, \
         also through a proxy, may read the whole library; `mcdewey keys create` requires keys again",
        settings.data_dir.display()
    );

    Ok(())
}

fn check_can_open(access: &AccessSettings) -> Result<()> {
    let AccessSettings {
        key,
        keys_file,
        oidc,
        ..
    } = access;

    let entries = keys::read(keys_file)?;
    ensure!(
        entries.is_empty(),
        "{} contains keys ({}); revoke them first",
        keys_file.display(),
        entries
            .iter()
            .map(|entry| entry.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    ensure!(
        key.is_none() && oidc.is_none(),
        "the settings name a key or an issuer; remove access_key_file and [oidc] from them first"
    );

    Ok(())
}

/// Returns the consequence of having no keys, to append to a message; empty if none are required.
fn no_keys_note(settings: &Settings) -> &'static str {
    let AccessSettings {
        key,
        oidc,
        allow_anonymous,
        ..
    } = &settings.access;

    let required = KeyRequirement::from_settings(&settings.access)
        .status(false, &mut RequirementHistory::default())
        == RequirementStatus::Required;
    if required && key.is_none() && oidc.is_none() && !allow_anonymous {
        "; keys stay required, so only commands on this machine are served until a key is created, or \
         until `mcdewey keys open` stops requiring them"
    } else {
        ""
    }
}

fn new_key(args: CreateKeyArgs) -> Result<NewKey> {
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
        .map(|text| parse_expiry(text, keys::now()))
        .transpose()?;

    Ok(NewKey {
        name,
        role: role.into(),
        vendors: vendor,
        products: product,
        requests_per_minute,
        expires,
    })
}

/// Parses a date (`2027-01-31`, which means its beginning in UTC), a timestamp, or a duration from
/// now (`90d`, `12h`).
fn parse_expiry(text: &str, now: Timestamp) -> Result<Timestamp> {
    let expiry = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => now
            .checked_add(SignedDuration::from_hours(days.saturating_mul(24)))
            .with_context(|| invalid_expiry(text))?,
        _ => match text.parse::<SignedDuration>() {
            Ok(duration) => now
                .checked_add(duration)
                .with_context(|| invalid_expiry(text))?,
            Err(_) => match text.parse::<Timestamp>() {
                Ok(timestamp) => timestamp,
                Err(_) => format!("{text}T00:00:00Z")
                    .parse()
                    .with_context(|| invalid_expiry(text))?,
            },
        },
    };

    ensure!(
        expiry > now,
        "{text} is in the past; a key must expire in the future"
    );

    Ok(expiry)
}

fn invalid_expiry(text: &str) -> String {
    format!("invalid expiry {text:?}; write it as 90d, 12h or 2027-01-31")
}

/// Returns the entry as JSON, without the hash of the key.
fn without_hash(entry: &KeyEntry) -> serde_json::Value {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("hash");
    }

    value
}

fn format_entry(entry: &KeyEntry) -> String {
    let expiry = match entry.expires {
        Some(expires) if entry.is_valid(keys::now()) => format!(", expires {expires}"),
        Some(expires) => format!(", expired {expires}"),
        None => String::new(),
    };

    format!(
        "{}  {}: {}, created {}{expiry}\n",
        entry.id,
        entry.name,
        format_permissions(entry),
        entry.created
    )
}

/// Describes what a key permits.
fn format_permissions(entry: &KeyEntry) -> String {
    let role = match entry.role {
        Role::Read => "can read",
        Role::Admin => "can read and change",
    };

    let restrictions: Vec<String> = [("vendor", &entry.vendors), ("product", &entry.products)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(facet, names)| format!("{facet} {}", names.join(", ")))
        .collect();

    let scope = if restrictions.is_empty() {
        "everything".to_owned()
    } else {
        restrictions.join(" and ")
    };

    let limit = entry
        .requests_per_minute
        .map(|limit| format!(", {limit} requests per minute"))
        .unwrap_or_default();

    format!("{role} {scope}{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_expires_after_a_duration_or_on_a_date() {
        let now: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
        let expiry = |text: &str| {
            parse_expiry(text, now)
                .map(|expiry| expiry.to_string())
                .map_err(|error| error.to_string())
        };

        assert_eq!(expiry("90d").unwrap(), "2027-02-24T10:00:00Z");
        assert_eq!(expiry("12h").unwrap(), "2026-11-26T22:00:00Z");
        assert_eq!(expiry("2027-01-31").unwrap(), "2027-01-31T00:00:00Z");
        assert!(expiry("2026-11-26").unwrap_err().contains("in the past"));
        assert!(expiry("-1d").is_err());

        for invalid in ["soon", "", "99999999999999d"] {
            assert!(expiry(invalid).unwrap_err().contains("90d"), "{invalid}");
        }
    }
}

//! The keys that we have, by account: KIE's limits and balances are an account's, not a key's.

use crate::client::KieKey;

/// Keys, grouped by the account that pays for them.
#[derive(Debug, Clone, Default)]
pub struct KieKeys {
    accounts: Vec<KeyAccount>,
}

/// An account and its keys.
#[derive(Debug, Clone)]
pub(crate) struct KeyAccount {
    pub(crate) name: String,
    pub(crate) keys: Vec<KieKey>,
}

/// Why keys cannot be used. It never shows one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KieKeysError {
    /// It could not stand in a header.
    #[error("the key number {place} is empty, or has characters that no key has")]
    Key {
        /// Its place in the list, the first one being 1.
        place: usize,
    },
    /// A name is for people and for the database.
    #[error(
        "the account of the key number {place} is no name: use 1 to {ACCOUNT_MAX_CHARS} letters, digits, '-', '_', '.'"
    )]
    Account {
        /// The key's place in the list, the first one being 1.
        place: usize,
    },
    /// One of the two is wrong.
    #[error("the key number {place} stands in two accounts, {one} and {other}")]
    TwoAccounts {
        /// Its place in the list, the first one being 1.
        place: usize,
        /// The first account.
        one: String,
        /// The second one.
        other: String,
    },
}

const ACCOUNT_MAX_CHARS: usize = 40;

impl KieKeys {
    /// Keys from a list with commas, each `key` or `account=key`. A key without an account is an account of its own,
    /// under its name: if two of them share one in truth, both are found empty when it is.
    ///
    /// # Errors
    /// See [`KieKeysError`].
    pub fn parse(list: &str) -> Result<Self, KieKeysError> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys = Self::default();
        for (at, entry) in entries.enumerate() {
            keys.add(at + 1, entry)?;
        }
        Ok(keys)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.accounts.iter().map(|account| account.keys.len()).sum()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    pub(crate) fn accounts(&self) -> &[KeyAccount] {
        &self.accounts
    }

    fn add(&mut self, place: usize, entry: &str) -> Result<(), KieKeysError> {
        let (account, key) = match entry.split_once('=') {
            Some((account, key)) => (Some(account.trim()), key),
            None => (None, entry),
        };
        let key = KieKey::new(key).ok_or(KieKeysError::Key { place })?;
        if account.is_some_and(|account| !is_name(account)) {
            return Err(KieKeysError::Account { place });
        }
        let known = self.accounts.iter().position(|there| there.keys.iter().any(|k| k.name() == key.name()));
        match (known, account) {
            (Some(at), Some(account)) if self.accounts[at].name != account => {
                let one = self.accounts[at].name.clone();
                if one != key.name() {
                    return Err(KieKeysError::TwoAccounts { place, one, other: account.to_owned() });
                }
                // It stood alone so far; now its account is told.
                self.accounts.remove(at);
            }
            (Some(_), _) => return Ok(()),
            (None, _) => {}
        }
        let name = account.unwrap_or(key.name()).to_owned();
        match self.accounts.iter_mut().find(|there| there.name == name) {
            Some(there) => there.keys.push(key),
            None => self.accounts.push(KeyAccount { name, keys: vec![key] }),
        }
        Ok(())
    }
}

fn is_name(word: &str) -> bool {
    (1..=ACCOUNT_MAX_CHARS).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(list: &str) -> Result<Vec<(String, usize)>, KieKeysError> {
        let keys = KieKeys::parse(list)?;
        Ok(keys.accounts.into_iter().map(|account| (account.name, account.keys.len())).collect())
    }

    #[test]
    fn keys_are_grouped_by_their_account() {
        let name = |key: &str| KieKey::new(key).unwrap().name().to_owned();
        let check = |list: &str, expect: &[(&str, usize)]| {
            let expect: Vec<_> = expect.iter().map(|(name, keys)| ((*name).to_owned(), *keys)).collect();
            assert_eq!(shape(list).unwrap(), expect, "{list}");
        };
        check("", &[]);
        check(" , ", &[]);
        check("one", &[(&name("one"), 1)]);
        check("main=one, main = two,three,second=four", &[("main", 2), (&name("three"), 1), ("second", 1)]);
        // The same key by two variables; the one that names its account wins.
        check("one,one", &[(&name("one"), 1)]);
        check("one,main=one", &[("main", 1)]);
        check("main=one,one", &[("main", 1)]);
    }

    #[test]
    fn broken_lists_are_refused_without_showing_keys() {
        let check = |list: &str, expect: &str| {
            let error = shape(list).unwrap_err().to_string();
            assert_eq!(error, expect);
            assert!(!error.contains("secret"));
        };
        check("secret,secret two", "the key number 2 is empty, or has characters that no key has");
        check("a=", "the key number 1 is empty, or has characters that no key has");
        let account = "is no name: use 1 to 40 letters, digits, '-', '_', '.'";
        check("=secret", &format!("the account of the key number 1 {account}"));
        check("my account=secret", &format!("the account of the key number 1 {account}"));
        check("a=secret,b=secret", "the key number 2 stands in two accounts, a and b");
    }
}

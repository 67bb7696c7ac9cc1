//! Knows what must not be seen, and takes it out of texts that others wrote: a server's error, a storage's.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::core::record::Tokens;
use crate::core::secret::Secret;

/// So much of a secret in a row is too much.
const RUN: usize = 8;
/// So much of a text is looked at.
const SHOWN: usize = 500;
/// What was secret before stays so for a while.
const REMEMBERED: usize = 40;
/// A server may quote a refresh token many rotations later.
const REMEMBERED_SPENT: usize = 1000;
/// A shorter member beside the tokens is a word that servers write in their sentences.
const WORD: usize = 16;

#[derive(Default)]
pub struct Scrubber {
    secrets: VecDeque<Secret>,
    /// Refresh tokens.
    spent: VecDeque<Secret>,
}

impl Scrubber {
    pub fn learn(&mut self, secret: &str) {
        remember(&mut self.secrets, secret, REMEMBERED);
    }

    pub fn learn_tokens(&mut self, tokens: &Tokens) {
        if let Some(token) = tokens.refresh_token() {
            remember(&mut self.spent, token, REMEMBERED_SPENT);
        }
        for token in [&tokens.access_token, &tokens.id_token].into_iter().flatten() {
            self.learn(token.reveal());
        }
        for text in tokens.extras().filter_map(|(_, value)| value.string()).filter(|text| text.len() >= WORD) {
            self.learn(&text);
        }
    }

    pub fn scrub(&self, text: &str) -> String {
        // Only so much is shown. A secret that is cut here is found by what is left of it.
        let letters: Vec<char> = text.chars().take(SHOWN).collect();
        let mut clean = String::new();
        let mut rest = letters.as_slice();
        while let Some((first, others)) = rest.split_first() {
            let leaked = self.leak_at(rest);
            if leaked < RUN {
                clean.push(*first);
                rest = others;
            } else {
                clean.push_str("[redacted]");
                rest = rest.get(leaked..).unwrap_or_default();
            }
        }
        clean
    }

    /// How much of a secret the letters begin with, as far as they go on as any secret does.
    fn leak_at(&self, letters: &[char]) -> usize {
        let run: String = letters.iter().take(RUN).collect();
        if letters.len() < RUN {
            return 0;
        }
        let places = self.spent.iter().chain(&self.secrets).flat_map(|secret| {
            let secret = secret.reveal();
            secret.match_indices(run.as_str()).filter_map(move |(at, _)| secret.get(at..))
        });
        places
            .map(|place| place.chars().zip(letters).take_while(|(one, other)| one == *other).count())
            .max()
            .unwrap_or(0)
    }
}

fn remember(known: &mut VecDeque<Secret>, secret: &str, most: usize) {
    if secret.chars().count() < RUN || known.iter().any(|other| other.reveal() == secret) {
        return;
    }
    known.push_back(Secret::new(secret));
    if known.len() > most {
        known.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_letters_of_a_secret_in_a_row_are_not_shown() {
        let mut scrubber = Scrubber::default();
        scrubber.learn("tGzv3JOkF0XG5Qx2TlKWIA");
        assert_eq!(scrubber.scrub("bad token 3JOkF0XG5Qx2!"), "bad token [redacted]!");
        assert_eq!(scrubber.scrub("seven: zv3JOkF"), "seven: zv3JOkF");
        assert_eq!(scrubber.scrub("tGzv3JOkF0XG5Qx2TlKWIA"), "[redacted]");
        assert_eq!(scrubber.scrub("€uro"), "€uro");
    }

    #[test]
    fn a_refresh_token_stays_a_secret_over_many_rotations_and_a_word_beside_it_is_none() {
        let mut scrubber = Scrubber::default();
        let tokens = |number: u32| {
            let text = format!(
                r#"{{"access_token":"access-{number}-Kq8","refresh_token":"spent-{number}-Zx81kPq0","team":"production"}}"#
            );
            Tokens::parse(&text).expect("tokens")
        };
        (0..500).for_each(|number| scrubber.learn_tokens(&tokens(number)));
        assert_eq!(scrubber.scrub("was used: spent-0-Zx81kPq0"), "was used: [redacted]");
        assert_eq!(scrubber.scrub("not for production"), "not for production");
    }

    #[test]
    fn a_short_word_is_no_secret() {
        let mut scrubber = Scrubber::default();
        scrubber.learn("Bearer");
        assert_eq!(scrubber.scrub("Bearer realm"), "Bearer realm");
    }
}

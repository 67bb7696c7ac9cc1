//! Knows what must not be seen, and takes it out of texts that others wrote: a server's error, a storage's.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::core::record::Tokens;
use crate::core::secret::Secret;

/// So much of a secret in a row is too much.
const RUN: usize = 8;
/// What was secret before stays so for a while.
const REMEMBERED: usize = 40;

#[derive(Default)]
pub struct Scrubber {
    secrets: VecDeque<Secret>,
}

impl Scrubber {
    pub fn learn(&mut self, secret: &str) {
        if secret.chars().count() < RUN || self.secrets.iter().any(|known| known.reveal() == secret) {
            return;
        }
        self.secrets.push_back(Secret::new(secret));
        if self.secrets.len() > REMEMBERED {
            self.secrets.pop_front();
        }
    }

    pub fn learn_tokens(&mut self, tokens: &Tokens) {
        for token in [&tokens.access_token, &tokens.refresh_token, &tokens.id_token].into_iter().flatten() {
            self.learn(token.reveal());
        }
        for text in tokens.extras().filter_map(|(_, value)| value.string()) {
            self.learn(&text);
        }
    }

    pub fn scrub(&self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
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
        let places = self.secrets.iter().flat_map(|secret| {
            let secret = secret.reveal();
            secret.match_indices(run.as_str()).filter_map(move |(at, _)| secret.get(at..))
        });
        places
            .map(|place| place.chars().zip(letters).take_while(|(one, other)| one == *other).count())
            .max()
            .unwrap_or(0)
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
    fn a_short_word_is_no_secret() {
        let mut scrubber = Scrubber::default();
        scrubber.learn("Bearer");
        assert_eq!(scrubber.scrub("Bearer realm"), "Bearer realm");
    }
}

//! Lists of words as one text. In a list of texts each word also has an address and a length, which every page downloads.

/// Words separated by `|`.
#[derive(Clone, Copy)]
pub struct Words(pub &'static str);

impl Words {
    pub fn contains(self, word: &str) -> bool {
        self.any(|known| known == word.as_bytes())
    }

    /// Whether `is` holds for one of the words. `str::split` would link a searcher.
    pub fn any(self, is: impl FnMut(&[u8]) -> bool) -> bool {
        self.0.as_bytes().split(|byte| *byte == b'|').any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_in_a_list_as_a_whole() {
        let words = Words("ab|c d|e");
        assert!(["ab", "c d", "e"].iter().all(|word| words.contains(word)));
        assert!(["", "a", "abc", "ab|c d", "c", "|", "E"].iter().all(|word| !words.contains(word)));
        assert!(words.any(|word| word.starts_with(b"c")) && !words.any(|word| word.starts_with(b"d")));
    }
}

//! Secret text: tokens, client secrets, assertions (RFC 6749 sections 10.3 and 10.4: tokens are confidential).
//! `Debug` prints `[redacted]`, there is no `Display`, and the bytes are overwritten when the last clone is dropped.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::Cell;
use core::fmt;

/// A token or another secret, which only [`Secret::reveal`] shows. Clones share the text, so the cost of a step of the machine does
/// not depend on the length of tokens.
#[derive(Clone, Default)]
pub struct Secret(Rc<Text>);

#[derive(Default)]
struct Text {
    text: String,
    /// Computed at its first use.
    fingerprint: Cell<Option<u64>>,
}

impl Secret {
    /// From a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of(text.into())
    }

    /// The text itself, to send or store it.
    pub fn reveal(&self) -> &str {
        &self.0.text
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.text.is_empty()
    }

    /// A name of the text that does not show it: its FNV-1a hash of 64 bits.
    pub fn fingerprint(&self) -> u64 {
        let known = self.0.fingerprint.get();
        known.unwrap_or_else(|| {
            let bytes = self.0.text.bytes();
            let fingerprint = bytes
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
            self.0.fingerprint.set(Some(fingerprint));
            fingerprint
        })
    }

    // Out of line, because a dozen callers need it.
    #[inline(never)]
    fn of(text: String) -> Self {
        Self(Rc::new(Text { text, fingerprint: Cell::new(None) }))
    }
}

/// Fast for ten thousand callers that each pass the refused token: shared texts and different fingerprints need no comparison of texts.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
            || self.0.text.len() == other.0.text.len()
                && self.fingerprint() == other.fingerprint()
                && self.0.text == other.0.text
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let mut bytes = core::mem::take(&mut self.text).into_bytes();
        bytes.fill(0);
        // Otherwise the compiler may remove a write to memory that is not read again.
        core::hint::black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_character_of_a_secret() {
        let shown = format!("{:?}", Some(Secret::new("tGzv3JOkF0XG5Qx2TlKWIA")));
        assert_eq!(shown, "Some([redacted])");
    }

    #[test]
    fn a_clone_shares_its_text_and_equality_is_that_of_the_texts() {
        let token = Secret::new("a".repeat(1000));
        let clone = token.clone();
        assert!(core::ptr::eq(token.reveal(), clone.reveal()));
        assert_eq!(token, clone);
        assert_eq!(token, Secret::new("a".repeat(1000)));
        assert_ne!(token, Secret::new("a".repeat(999) + "b"));
        assert_ne!(token, Secret::default());
    }
}

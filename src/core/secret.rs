//! Text that must not be seen: tokens, client secrets, assertions.
//! `Debug` prints `[redacted]`, there is no `Display`, and the bytes are overwritten when it is dropped
//! (RFC 6749 section 10.3 and 10.4: tokens are confidential in storage and in transit).

use alloc::string::String;
use core::fmt;

/// A token or another secret. Read it with [`Secret::reveal`], on purpose.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends or stores it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = core::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // Keeps the compiler from removing a write to memory that nobody reads again.
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
}

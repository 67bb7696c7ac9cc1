//! Steps through text byte by byte: JSON by its grammar (RFC 8259 section 2), and other text of tokens and separators.

use super::Json;

/// A position in text that is being read.
pub(in crate::core) struct Scanner<'a> {
    pub text: &'a str,
    pub at: usize,
    /// Number of JSON values read, at every depth.
    pub values: usize,
    /// Reading stops after this many values.
    pub most: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, values: 0, most: usize::MAX }
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        #[cfg(test)]
        work::count(1);
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Steps over `byte`, if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Steps over white space, and then over `byte` if it is next.
    pub fn skip(&mut self, byte: u8) -> bool {
        self.space();
        self.eat(byte)
    }

    /// One value, or `None` where there is none.
    pub(super) fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        self.space();
        self.values += 1;
        (self.values <= self.most).then_some(())?;
        let start = self.at;
        match self.peek()? {
            b'{' => self.list(depth.checked_sub(1)?, b'}')?,
            b'[' => self.list(depth.checked_sub(1)?, b']')?,
            b'"' => self.string()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at).map(Json)
    }

    /// The members of an object, or the items of an array.
    fn list(&mut self, depth: u32, close: u8) -> Option<()> {
        self.at += 1;
        if self.skip(close) {
            return Some(());
        }
        loop {
            if close == b'}' {
                self.space();
                self.string()?;
                self.skip(b':').then_some(())?;
            }
            self.value(depth)?;
            if !self.skip(b',') {
                return self.skip(close).then_some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"').then_some(())?;
        loop {
            let run = plain(self.text.as_bytes().get(self.at..)?);
            #[cfg(test)]
            work::count(run);
            self.at += run;
            match self.take()? {
                b'"' => return Some(()),
                b'\\' => match self.take()? {
                    b'u' => {
                        for _ in 0..4 {
                            self.take().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        for byte in word.bytes() {
            self.eat(byte).then_some(())?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while digit(self.peek()).is_some() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// The value of an ASCII digit.
pub(super) fn digit(byte: Option<u8>) -> Option<u64> {
    byte.filter(u8::is_ascii_digit).map(|byte| u64::from(byte & 15))
}

/// Number of bytes before the first quote, backslash or control character. Tokens are long, so this loop dominates the parser's time:
/// it checks four bytes at a time.
pub(super) fn plain(bytes: &[u8]) -> usize {
    // Sets the highest bit of each zero byte. Higher bytes may be wrong, but only whether any bit is set is used.
    let zero = |word: u32| word.wrapping_sub(0x0101_0101) & !word & 0x8080_8080;
    let mut at = 0;
    while let Some([one, two, three, four]) = bytes.get(at..at + 4) {
        let word = u32::from_le_bytes([*one, *two, *three, *four]);
        let special = zero(word ^ 0x2222_2222) | zero(word ^ 0x5c5c_5c5c) | zero(word & 0xe0e0_e0e0);
        if special != 0 {
            break;
        }
        at += 4;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}

/// Counts the bytes that were read, for tests that the cost is proportional to the length.
#[cfg(test)]
pub(in crate::core) mod work {
    use std::cell::Cell;

    std::thread_local!(static LOOKED_AT: Cell<usize> = const { Cell::new(0) });

    pub fn count(bytes: usize) {
        LOOKED_AT.set(LOOKED_AT.get() + bytes);
    }

    /// The count of `work`.
    pub fn of(work: impl FnOnce()) -> usize {
        LOOKED_AT.set(0);
        work();
        LOOKED_AT.get()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn a_run_of_plain_bytes_ends_at_the_first_special_one_wherever_it_stands() {
        for special in ['"', '\\', '\u{1f}', '\0'] {
            for before in 0..9 {
                let text =
                    format!("{}{special}xé\u{7f}\"", "\u{80} ]!".chars().cycle().take(before).collect::<String>());
                let wanted = text.find(special);
                assert_eq!(Some(plain(text.as_bytes())), wanted, "{text:?}");
            }
        }
        assert_eq!(plain("é".repeat(9).as_bytes()), 18);
        assert_eq!(plain(&[0x20, 0x21, 0xff, 0x80, 0x7f]), 5);
    }
}

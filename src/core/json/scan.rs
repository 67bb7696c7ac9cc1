//! Steps through text byte by byte: JSON by its grammar (RFC 8259 section 2), and whatever else is made of tokens and
//! separators.

use super::number::digit;
use super::Json;

/// A position in text that is being read.
pub(in crate::core) struct Scanner<'a> {
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Scanner<'a> {
    #[inline]
    pub fn peek(&self) -> Option<u8> {
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

    /// Steps over `byte`, if it is there.
    pub fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Steps over `byte` and the space before it, if it is there.
    pub fn skip(&mut self, byte: u8) -> bool {
        self.space();
        self.eat(byte)
    }

    /// One value, or `None` where there is none.
    pub(super) fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        self.space();
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
            self.at += plain(self.text.as_bytes().get(self.at..)?);
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

/// How many bytes stand for themselves in a string, up to the first that does not. Tokens are long: this is the loop that counts.
pub(super) fn plain(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(bytes.len())
}

//! A module taken apart: its instructions as symbols, and their operands by kind.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload};

/// What varies in an instruction. Each kind is a text of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    None = 0,
    /// A constant of 32 bits, with the sign in the lowest bit.
    Signed = 3,
    Signed64 = 4,
    /// Of a memory access.
    Offset = 5,
    /// A constant that is, as a rule, an address of static memory.
    Address = 6,
    /// The depth of a label.
    Label = 7,
    /// From here on a place in a list of indices, the one used last at the front.
    Function = 8,
    Local = 9,
    LocalSet = 10,
}

const TEXTS: usize = Operand::LocalSet as usize + 1;
/// A symbol of this kind and more has its local in itself: this is the one used last, and the next number the one before it.
pub const LOCAL_USED_LAST: u64 = TEXTS as u64;
/// The texts that are no operands: what the symbols stand for, symbols, declarations of locals.
const SYMBOLS: usize = 0;
pub const OPCODES: usize = 1;
pub const LOCALS: usize = 2;
/// Static memory begins there: above the stack. In LEB128 the sign makes no difference to what is below 2^20.
pub const STATIC_MEMORY: u64 = 65_536;
const LENGTHS: &str =
    "a length in the module's code is not in as few bytes as LEB128 has, which the decoder would write";

/// An instruction without its operand, or with it if the two are frequent together: the kind of the operand, and the bytes before it.
pub type Symbol = (u64, Vec<u8>);

pub struct Streams<'a> {
    /// What is before and after the bodies of functions.
    pub before: &'a [u8],
    pub after: &'a [u8],
    pub numbers: [Vec<u64>; TEXTS],
    pub functions: u64,
    pub most_locals: u64,
    pub called: u64,
}

impl<'a> Streams<'a> {
    /// The symbols have the given order, and those that are not in it follow.
    pub fn of(module: &'a [u8], order: &[Symbol]) -> Result<Self> {
        let mut reader = Reader { order, ..Reader::default() };
        let mut functions = 0;
        let mut outside = None;
        let (mut length, mut written) = (0, 0);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::CodeSectionStart { range, count, .. } => {
                    let first = range.start + leb128(u64::from(count)).len();
                    outside = Some((&module[..first], &module[range.end..]));
                    functions = u64::from(count);
                    length = range.end - first;
                }
                Payload::CodeSectionEntry(body) => {
                    reader.read(&body)?;
                    written += leb128(body.range().len() as u64).len() + body.range().len();
                }
                _ => {}
            }
        }
        let (before, after) = outside.context("the module has no code")?;
        if length != written {
            bail!(LENGTHS);
        }
        let Reader { mut numbers, symbols, functions: called, most_locals, .. } = reader;
        let ordered = ordered(&symbols, order);
        for (kind, bytes) in &ordered {
            numbers[SYMBOLS].extend([*kind, bytes.len() as u64]);
            push_bytes(&mut numbers[SYMBOLS], bytes);
        }
        let places: BTreeMap<_, _> = ordered.iter().zip(0..).collect();
        numbers[OPCODES] = symbols.iter().filter_map(|symbol| places.get(symbol).copied()).collect();
        Ok(Self { before, after, numbers, functions, most_locals, called: called.0.len() as u64 })
    }
}

/// After those of the given order the most frequent first: it is the one with the shortest number.
fn ordered(symbols: &[Symbol], order: &[Symbol]) -> Vec<Symbol> {
    let mut counts: BTreeMap<&Symbol, usize> = BTreeMap::new();
    for symbol in symbols {
        *counts.entry(symbol).or_default() += 1;
    }
    let mut others: Vec<_> = counts.into_iter().filter(|(symbol, _)| !order.contains(symbol)).collect();
    others.sort_by_key(|(symbol, count)| (usize::MAX - count, *symbol));
    order.iter().chain(others.into_iter().map(|(symbol, _)| symbol)).cloned().collect()
}

/// Indices, the one used last at the front: what was used lately is used again, and its place is a small number.
#[derive(Default)]
struct Recent(Vec<u64>);

impl Recent {
    /// The place of an index, which moves to the front. Indices that were not used yet are in order.
    fn place(&mut self, index: u64) -> u64 {
        self.0.extend(self.0.len() as u64..=index);
        let place = self.0.iter().position(|one| *one == index).unwrap_or_default();
        self.0[..=place].rotate_right(1);
        place as u64
    }
}

#[derive(Default)]
struct Reader<'a> {
    order: &'a [Symbol],
    numbers: [Vec<u64>; TEXTS],
    symbols: Vec<Symbol>,
    functions: Recent,
    locals: Recent,
    most_locals: u64,
}

impl Reader<'_> {
    fn read(&mut self, body: &FunctionBody<'_>) -> Result<()> {
        let mut operators = body.get_operators_reader()?;
        let locals = body.range().start..operators.original_position();
        let locals = &body.as_bytes()[..locals.len()];
        if locals.len() != usize::from(locals[0]) * 2 + 1 {
            bail!("a function has more than 127 locals of one type in a row, and the decoder reads no more");
        }
        push_bytes(&mut self.numbers[LOCALS], locals);
        while !operators.eof() {
            let start = operators.original_position();
            let operator = operators.read()?;
            let bytes =
                &body.as_bytes()[start - body.range().start..operators.original_position() - body.range().start];
            let mut again = Vec::new();
            for (operand, opcode, value) in pieces(&operator, bytes)? {
                again.extend(&opcode);
                if operand != Operand::None {
                    again.extend(encoded(operand, value));
                }
                self.push(operand, opcode, value);
            }
            if again != bytes {
                bail!(
                    "the operand of {operator:?} is not in as few bytes as LEB128 has, which the decoder would write"
                );
            }
        }
        self.most_locals = self.most_locals.max(std::mem::take(&mut self.locals).0.len() as u64);
        Ok(())
    }

    fn push(&mut self, operand: Operand, opcode: Vec<u8>, value: u64) {
        let number = match operand {
            Operand::Local | Operand::LocalSet => self.locals.place(value),
            Operand::Function => self.functions.place(value),
            _ => value,
        };
        let whole = match operand {
            Operand::None => return self.symbols.push((operand as u64, opcode)),
            Operand::Local | Operand::LocalSet => (LOCAL_USED_LAST + number, opcode.clone()),
            // only the decoder knows the place of a function
            Operand::Function => (operand as u64, Vec::new()),
            _ => (Operand::None as u64, [opcode.clone(), encoded(operand, value)].concat()),
        };
        // without an opcode, as a target of br_table is, an operand would look like an instruction
        if !opcode.is_empty() && self.order.contains(&whole) {
            return self.symbols.push(whole);
        }
        self.numbers[operand as usize].push(number);
        self.symbols.push((operand as u64, opcode));
    }
}

/// An instruction with one operand is a symbol and that, and one without is a symbol. Only a br_table has more: its first symbol has
/// the number of targets, and each target is a symbol without bytes.
fn pieces(operator: &Operator<'_>, bytes: &[u8]) -> Result<Vec<(Operand, Vec<u8>, u64)>> {
    let opcode = bytes[..1].to_vec();
    let (operand, value) = match operator {
        Operator::LocalGet { local_index } => (Operand::Local, u64::from(*local_index)),
        Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
            (Operand::LocalSet, u64::from(*local_index))
        }
        Operator::Call { function_index } => (Operand::Function, u64::from(*function_index)),
        Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
            (Operand::Label, u64::from(*relative_depth))
        }
        Operator::BrTable { targets } => {
            let mut pieces = vec![(Operand::Label, opcode, u64::from(targets.len()))];
            for target in targets.targets().chain([Ok(targets.default())]) {
                pieces.push((Operand::Label, Vec::new(), u64::from(target?)));
            }
            return Ok(pieces);
        }
        Operator::I32Const { value } => match u64::try_from(*value) {
            Ok(address) if (STATIC_MEMORY..STATIC_MEMORY * 2).contains(&address) => {
                (Operand::Address, address - STATIC_MEMORY)
            }
            _ => (Operand::Signed, zigzag(*value)),
        },
        Operator::I64Const { value } => match i32::try_from(*value) {
            Ok(value) => (Operand::Signed64, zigzag(value)),
            Err(_) => return Ok(vec![(Operand::None, bytes.to_vec(), 0)]),
        },
        _ => match bytes {
            // the loads and stores of MVP: opcode, alignment, offset
            [0x28..=0x3e, alignment, offset @ ..] => {
                let offset = BinaryReader::new(offset, 0).read_var_u64()?;
                return Ok(vec![(Operand::Offset, vec![bytes[0], *alignment], offset)]);
            }
            _ => return Ok(vec![(Operand::None, bytes.to_vec(), 0)]),
        },
    };
    Ok(vec![(operand, opcode, value)])
}

fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)) as u32)
}

/// As the decoder writes an operand.
fn encoded(operand: Operand, number: u64) -> Vec<u8> {
    if operand == Operand::Address {
        return leb128(number + STATIC_MEMORY);
    }
    if operand > Operand::Signed64 {
        return leb128(number);
    }
    let mut value = (number >> 1) as i32 ^ -((number & 1) as i32);
    let mut bytes = Vec::new();
    while !(-64..64).contains(&value) {
        bytes.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    bytes.push((value & 127) as u8);
    bytes
}

fn leb128(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn push_bytes(text: &mut Vec<u64>, bytes: &[u8]) {
    text.extend(bytes.iter().copied().map(u64::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(module (func (param i32) (result i64) local.get 0 drop i64.const N))`, with the length of its body as given.
    fn module_of(constant: &[u8], length: &[u8]) -> Vec<u8> {
        let code = [&[1], length, &[0, 0x20, 0, 0x1a, 0x42], constant, &[0x0b]].concat();
        let mut module = b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7e\x03\x02\x01\x00\x0a".to_vec();
        module.push(code.len() as u8);
        module.extend(code);
        module
    }

    fn module(constant: &[u8]) -> Vec<u8> {
        module_of(constant, &[6 + constant.len() as u8])
    }

    #[test]
    fn instructions_are_symbols_and_operands_are_apart() {
        let module = module(&[0x7f]);
        let streams = Streams::of(&module, &[]).expect("a module");
        assert_eq!((streams.functions, streams.numbers[SYMBOLS].len()), (1, 12));
        assert_eq!(streams.numbers[OPCODES], [3, 1, 2, 0]);
        assert_eq!(streams.numbers[Operand::Local as usize], [0]);
        assert_eq!(streams.numbers[Operand::Signed64 as usize], [1]);
    }

    #[test]
    fn a_symbol_of_the_order_has_its_operand_in_itself_and_stands_where_the_order_says() {
        let module = module(&[0x7f]);
        let order = [(Operand::None as u64, vec![0x42, 0x7f]), (LOCAL_USED_LAST, vec![0x20])];
        let streams = Streams::of(&module, &order).expect("a module");
        assert_eq!(streams.numbers[OPCODES], [1, 3, 0, 2]);
        assert!(streams.numbers[Operand::Local as usize..].iter().all(Vec::is_empty));
        assert_eq!((streams.most_locals, streams.called), (1, 0));
    }

    #[test]
    fn an_index_is_the_place_among_those_used_last() {
        let mut recent = Recent::default();
        assert_eq!([3, 3, 0, 3, 5, 1].map(|index| recent.place(index)), [3, 0, 1, 1, 5, 3]);
    }

    #[test]
    fn a_constant_of_more_than_32_bits_is_part_of_its_symbol() {
        let long = [0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        let module = module(&long);
        let streams = Streams::of(&module, &[]).expect("a module");
        assert!(streams.numbers[Operand::Signed64 as usize].is_empty());
        assert!(streams.numbers[SYMBOLS].windows(7).any(|bytes| bytes[0] == 0x42 && bytes[6] == 1));
    }

    #[test]
    fn what_the_decoder_would_write_otherwise_fails_the_build() {
        assert!(Streams::of(&module_of(&[1], &[7]), &[]).is_ok());
        assert!(Streams::of(&module_of(&[1], &[0x87, 0]), &[]).is_err());
        assert!(Streams::of(&module(&[0x81, 0]), &[]).is_err());
        assert!(Streams::of(b"\0asm\x01\0\0\0", &[]).is_err());
    }

    #[test]
    fn an_address_of_static_memory_is_a_small_number() {
        let value = |operand, number| BinaryReader::new(&encoded(operand, number), 0).read_var_i32().expect("LEB128");
        assert_eq!((value(Operand::Address, 0), value(Operand::Address, 65_535)), (65_536, 131_071));
    }

    #[test]
    fn constants_keep_their_sign() {
        for value in [0, 1, -1, 63, 64, -64, -65, i32::MAX, i32::MIN] {
            let bytes = encoded(Operand::Signed, zigzag(value));
            assert_eq!(BinaryReader::new(&bytes, 0).read_var_i32().expect("LEB128"), value);
        }
    }
}

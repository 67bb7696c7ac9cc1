// @ts-nocheck
// Generated: core.wasm. What is before and after the code is a text, byte by byte. The code is in texts of numbers: one has the symbols
// of the instructions, and others their operands, a kind each. A local or a function is its place in a list with the last one used in front.
// No rare branch reads an array: an engine that compiles a loop before it has seen such a branch compiles it again and again.
export default function bytes() {
  const numbers = new Uint32Array($NUMBERS);
  const next = new Uint32Array(texts.length + 1);
  texts.forEach((text, kind) => (next[kind + 1] = unpack(text, numbers, next[kind])));

  // What a symbol stands for: the text of its operand (0: none; $NEAREST and more: a place among the locals), then a number of bytes, and these.
  const symbols = [];
  for (let at = 0; at < next[1]; at += numbers[at + 1] + 2) symbols.push(at);

  const bytes = new Uint8Array($LENGTH);
  const functions = inOrder($CALLED);
  let end = put(before, bytes, 0);
  for (let left = $FUNCTIONS; left--; ) {
    // the length of a body stands before it: three bytes at most
    const start = end + 3;
    const length = body(numbers, next, symbols, functions, bytes, start) - start;
    end = leb128(length, 0, bytes, end);
    bytes.copyWithin(end, start, start + length);
    end += length;
  }
  put(after, bytes, end);
  return bytes;
}

function put(text, bytes, end) {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    bytes[end++] = code === $ESCAPE ? text.charCodeAt(++at) | 128 : code;
  }
  return end;
}

// The last digit of a number is below $LAST, and most numbers are one digit.
function unpack(text, numbers, end) {
  let number = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const digit = ((code === $STAND_IN ? $BACKSLASH : code) - $ZERO) % $DIGITS;
    number = (Math.imul(number, digit < $LAST ? $LAST : $OTHERS) + (digit & ($LAST - 1))) | 0;
    if (digit < $LAST) {
      numbers[end++] = number;
      number = 0;
    }
  }
  return end;
}

function leb128(number, bias, bytes, end) {
  for (; (number + bias) >>> 0 > 127; number >>= 7) bytes[end++] = number | 128;
  bytes[end++] = number & 127;
  return end;
}

function body(numbers, next, symbols, functions, bytes, end) {
  const locals = inOrder($MOST);
  for (let left = numbers[next[$LOCALS]] * 2 + 1; left--; ) bytes[end++] = numbers[next[$LOCALS]++];
  for (let depth = 1; depth; ) {
    let at = symbols[numbers[next[$OPCODES]++]];
    const text = numbers[at++];
    let left = numbers[at++];
    const opcode = numbers[at];
    while (left--) bytes[end++] = numbers[at++];
    if (text) {
      let number = text < $NEAREST ? numbers[next[text]++] + (text === $ADDRESS ? $STATIC : 0) : text - $NEAREST;
      if (text >= $FUNCTION) number = used(text > $FUNCTION ? locals : functions, number);
      const isSigned = text <= $SIGNED64;
      end = leb128(isSigned ? (number >>> 1) ^ -(number & 1) : number, isSigned ? 64 : 0, bytes, end);
    } else if (opcode === 11) depth--;
    else if (opcode > 1 && opcode < 5) depth++;
  }
  return end;
}

function inOrder(length) {
  return new Uint16Array(length).map((_, at) => at);
}

function used(list, place) {
  const index = list[place];
  list.copyWithin(1, 0, place);
  return (list[0] = index);
}

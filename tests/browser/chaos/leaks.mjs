// Searches all shown texts for pieces of secrets.

const PIECE = 8;

/** The texts that contain eight consecutive characters of a secret. The result does not contain the characters. */
export function leaks(texts, secrets) {
  const pieces = new Map();
  for (const text of texts)
    for (let at = 0; at + PIECE <= text.length; at++) pieces.set(text.slice(at, at + PIECE), text);
  const found = new Set();
  for (const secret of secrets)
    for (let at = 0; at + PIECE <= secret.length; at++) {
      const text = pieces.get(secret.slice(at, at + PIECE));
      if (text !== undefined) found.add(`a secret is in what was shown: ${text.slice(0, 24)}…`);
    }
  return [...found];
}

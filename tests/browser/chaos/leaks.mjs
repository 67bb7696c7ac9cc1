// Looks for pieces of secrets in everything that was shown.

const PIECE = 8;

/** Where eight characters in a row of a secret are in one of the texts; never says which. */
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

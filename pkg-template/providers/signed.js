// @ts-check

/** What a text is written in before it is signed. @param {string} text */
export const bytes = (text) => new TextEncoder().encode(text);

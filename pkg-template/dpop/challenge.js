// @ts-check

/** A member of the field: a scheme, a parameter, or both; commas in quotes divide nothing. */
const MEMBER = /(?:"(?:[^"\\]|\\.)*"|[^",])+/g;
const SCHEME = /^\s*([^\s=]+)(?:\s+[^\s=]|\s*$)/;
const ERROR = /^\s*(?:[^\s=]+\s+)?error\s*=\s*"?([\w.-]+)/i;

/**
 * The errors of that scheme's challenges. Parameters belong to their own challenge (RFC 9110 §11.6.1): what another scheme says is not
 * about the token that was sent. The core, which reads the field by its grammar, is not at hand where a proof or an SDK's request is made;
 * tests hold that both read the same.
 * @param {string | null} field  `WWW-Authenticate`. @param {"bearer" | "dpop"} scheme
 */
export function errorsOf(field, scheme) {
  let read = "";
  return (field?.match(MEMBER) ?? []).flatMap((member) => {
    read = SCHEME.exec(member)?.[1] ?? read;
    return (read.toLowerCase() == scheme && ERROR.exec(member)?.[1]) || [];
  });
}

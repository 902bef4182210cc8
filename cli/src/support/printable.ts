// C0 and C1 controls, DEL, and characters that reverse or hide text: a file name could rewrite a terminal with them

const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f`;
const INVISIBLE = String.raw`\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb`;
const LONE_SURROGATES = String.raw`[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]`;
const UNSAFE = new RegExp(`[${CONTROLS}${INVISIBLE}]|${LONE_SURROGATES}`, 'g');

const escape = (character: string) => {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** Escapes untrusted text to one line that is safe in a terminal. */
export const printable = (text: string): string => text.replaceAll(UNSAFE, escape);

/** A template tag that makes its values printable; for all text output. */
export const safe = (parts: TemplateStringsArray, ...values: readonly (string | number)[]): string =>
  String.raw({ raw: parts }, ...values.map((value) => printable(String(value))));

/** JSON on one line that is safe in a terminal. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Quotes a word for a shell command. */
export const quoted = (text: string): string =>
  /^[\w./:@%+-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", "'\\''")}'`;

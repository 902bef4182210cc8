// C0 and C1 controls, DEL, and what turns or hides text: whoever names a file could rewrite a terminal with them

const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f`;
const INVISIBLE = String.raw`\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb`;
const LONE_SURROGATES = String.raw`[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]`;
const UNSAFE = new RegExp(`[${CONTROLS}${INVISIBLE}]|${LONE_SURROGATES}`, 'g');

const escape = (character: string) => {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** Text that was made by others, as one line that a terminal only shows. */
export const printable = (text: string): string => text.replaceAll(UNSAFE, escape);

/** A template whose values are made printable: text for people is made with it. */
export const safe = (parts: TemplateStringsArray, ...values: readonly (string | number)[]): string =>
  String.raw({ raw: parts }, ...values.map((value) => printable(String(value))));

/** JSON on one line that a terminal only shows, too. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A word of a command that can be pasted into a shell, whoever chose it. */
export const quoted = (text: string): string =>
  /^[\w./:@%+-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", "'\\''")}'`;

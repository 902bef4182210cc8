import { isAscii, isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { ArchiveAllowance } from './allowances.js';
import type { EntryProblem } from './zip-error.js';

/**
 * IBM code page 437, the default encoding of names in a ZIP. The lower half is ASCII.
 *
 * @see https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT
 */
const CP437_UPPER =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Decodes a name of a ZIP without the UTF-8 flag. */
export function decodeCp437(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return isAscii(bytes)
    ? text
    : text.replace(/[\u0080-\u00ff]/g, (char) => CP437_UPPER.charAt(char.charCodeAt(0) - 0x80));
}

/** Decodes UTF-8; undefined if it is invalid. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) {
    return bytes.toString('latin1');
  }
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * Names that Windows reserves for devices, with any extension, and parts that it changes silently: a trailing dot or
 * space.
 */
const RESERVED =
  /(?:^|\/)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.[^/]*)?(?:\/|$)|[. ](?:\/|$)/i;

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Common plain names: one test instead of nine. Other names take the slow path. */
const PLAIN = /^(?:[A-Za-z0-9_][A-Za-z0-9_-]*\/)*[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\/?$/;

export interface NameRules {
  readonly maxNameBytes: number;
  readonly maxNameDepth: number;
  readonly allow: ReadonlySet<ArchiveAllowance>;
}

/** Why a name is unsafe to write, or undefined. `name` may end with a slash (a directory). */
export function problemOfName(name: string, nameBytes: number, rules: NameRules): EntryProblem | undefined {
  if (name === '') {
    return 'NAME_EMPTY';
  }
  if (nameBytes > rules.maxNameBytes || Buffer.byteLength(name) > rules.maxNameBytes) {
    return 'NAME_TOO_LONG';
  }
  if (name.length <= rules.maxNameDepth && PLAIN.test(name) && !RESERVED.test(name)) {
    return undefined;
  }
  const parts = withoutSlash(name).split('/');
  if (parts.length > rules.maxNameDepth) {
    return 'NAME_TOO_DEEP';
  }
  if (CONTROL.test(name)) {
    return 'NAME_CONTROL';
  }
  if (name.includes('\\')) {
    return 'NAME_BACKSLASH';
  }
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) {
    return 'NAME_ABSOLUTE';
  }
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'NAME_ESCAPES';
  }
  if (!rules.allow.has('reserved-names') && RESERVED.test(name)) {
    return 'NAME_RESERVED';
  }
  return undefined;
}

/** `a` and `a/` are the same path on disk. */
export function withoutSlash(name: string): string {
  return name.endsWith('/') ? name.slice(0, -1) : name;
}

/**
 * Folded names of all entries are kept in memory, and one letter can expand to eighteen: longer names are kept as a
 * hash.
 */
const MAX_FOLDED_LENGTH = 256;

/**
 * Names that denote the same file on a disk that ignores case or Unicode form have the same folded name, or its hash.
 */
export function foldName(name: string): string {
  const bare = withoutSlash(name);
  // Upper before lower case: ß and SS, ſ and s, the Kelvin sign and k are equal if case is ignored.
  const folded = /^[\x20-\x7e]*$/.test(bare)
    ? bare.toLowerCase()
    : bare.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC');
  return folded.length > MAX_FOLDED_LENGTH ? createHash('sha256').update(folded).digest('base64') : folded;
}

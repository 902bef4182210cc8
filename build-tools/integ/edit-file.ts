import { readFileSync, writeFileSync } from 'node:fs';
import { fail } from '../steps.ts';

/** Replaces each text by the other, once; ends this process when the file does not have it. */
export function editFile(file: string, edits: readonly (readonly [before: string, after: string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [before, after] of edits) {
    if (!text.includes(before)) {
      fail(`${file} has no \`${before}\``);
    }
    text = text.replace(before, () => after);
  }
  writeFileSync(file, text);
}

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(__dirname, '..', '..');

/** Every hand-written page of the repository; API.md is generated from doc comments, which rosetta compiles. */
export const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && file !== 'API.md' && existsSync(join(root, file)));

export const read = (page: string): string => readFileSync(join(root, page), 'utf8');

/** A fenced block of a page. */
export interface Fence {
  /** Page and line, as an editor opens it. */
  readonly at: string;
  readonly page: string;
  readonly language: string;
  /** The text after the language, which is not rendered. */
  readonly parameters: string;
  readonly text: string;
}

export const fences: readonly Fence[] = pages.flatMap((page) => {
  const text = read(page);
  return [...text.matchAll(/^( *)```(\S*) ?(.*)\n([\s\S]*?)^\1```$/gm)].map((found) => {
    const [, indent, language, parameters, block] = found;
    const at = `${page}:${text.slice(0, found.index).split('\n').length}`;
    return { at, page, language, parameters, text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
  });
});

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Part } from './parts';
import type { Outcome, Played } from './player';
import { page } from './table';

const root = resolve(__dirname, '..', '..');
const FOLDER = join(root, 'build', 'silence');

const read = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Played;

/** Keeps an outcome beside those of earlier runs with the same parts, and writes the page. */
export function keep(deployment: string, parts: readonly Part[], logicalId: string, outcome: Outcome): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${deployment}.json`;
  const known = existsSync(join(FOLDER, file)) ? read(file) : undefined;
  const outcomes = { ...known?.outcomes, [logicalId]: outcome };
  const result: Played = { deployment, parts, outcomes };
  writeFileSync(join(FOLDER, file), JSON.stringify(result));
  const deployments = readdirSync(join(root, 'examples', 'typescript')).toSorted();
  const text = page(readdirSync(FOLDER).toSorted().map(read), deployments);
  writeFileSync(join(root, 'docs', 'operations', 'silent-parts.md'), text);
}

import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Folders looked into; a project has fewer, and an app in `/` must not read the whole machine. */
const MAX_FOLDERS = 5_000;
const NOT_SOURCES = /^(\..*|node_modules|cdk\.out|__pycache__|venv)$/;

/**
 * The folder of the user's project that CDK copied to `staged`. It has what .dockerignore excludes from the copy: the
 * packages that are installed there.
 *
 * A cloud assembly does not name it. It holds the same Dockerfile, and entries of the same names; of several such
 * folders, only one with the same content is certain.
 */
export function sourceFolder(staged: string, dockerfile: string): string | undefined {
  const assembly = dirname(staged);
  const text = content(join(staged, dockerfile));
  const names = readdirSync(staged);
  const candidates = foldersBelow(dirname(assembly), assembly).filter(
    (folder) =>
      content(join(folder, dockerfile)) === text &&
      names.every((name) => statSync(join(folder, name), { throwIfNoEntry: false })),
  );
  return candidates.length > 1 ? candidates.find((folder) => hasSameFiles(staged, folder)) : candidates.at(0);
}

/** Nearest first. */
function foldersBelow(root: string, excluded: string): string[] {
  const folders = [root];
  for (const folder of folders) {
    if (folders.length >= MAX_FOLDERS) {
      break;
    }
    const below = entriesOf(folder)
      .filter((entry) => entry.isDirectory() && !NOT_SOURCES.test(entry.name))
      .map(({ name }) => join(folder, name))
      .filter((path) => path !== excluded);
    folders.push(...below);
  }
  return folders;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not every folder of a project is readable.
    return [];
  }
}

function hasSameFiles(staged: string, folder: string): boolean {
  return readdirSync(staged, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .every((file) => content(join(folder, relative(staged, file))) === content(file));
}

function content(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

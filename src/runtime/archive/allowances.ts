/**
 * What is refused unless it is named in `allow`:
 *
 * - `symlinks`: symbolic links are read as files that hold their target.
 * - `backslashes`: backslashes in names become slashes, before every other check.
 * - `reserved-names`: names that Windows keeps for devices or changes silently (`CON`, `aux.txt`, `a.`).
 * - `folded-duplicates`: names that differ only by case or by Unicode form.
 * - `prefixed-data`: bytes before the first entry, as in a self-extracting archive.
 * - `trailing-data`: bytes after the end of the archive.
 */
export type ArchiveAllowance =
  'symlinks' | 'backslashes' | 'reserved-names' | 'folded-duplicates' | 'prefixed-data' | 'trailing-data';

const ALLOWANCES: ReadonlySet<string> = new Set<ArchiveAllowance>([
  'symlinks',
  'backslashes',
  'reserved-names',
  'folded-duplicates',
  'prefixed-data',
  'trailing-data',
]);

/** @throws TypeError naming the allowance that does not exist */
export function resolveAllowances(allow: readonly ArchiveAllowance[] = []): ReadonlySet<ArchiveAllowance> {
  for (const name of allow) {
    if (!ALLOWANCES.has(name)) {
      throw new TypeError(`Unknown allowance \`${name}\`; known are ${[...ALLOWANCES].join(', ')}`);
    }
  }
  return new Set(allow);
}

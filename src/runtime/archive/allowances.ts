import { OptionChecks } from '../support/option-checks.js';

/**
 * Archives and entries that are refused unless allowed:
 *
 * - `symlinks`: symbolic links are read as files that hold their target.
 * - `backslashes`: backslashes in names become slashes, before every other check.
 * - `reserved-names`: names that Windows reserves for devices or changes silently (`CON`, `aux.txt`, `a.`).
 * - `folded-duplicates`: names that differ only by case or by Unicode form.
 * - `prefixed-data`: bytes before the first entry, as in a self-extracting archive.
 * - `trailing-data`: bytes after the end of the archive.
 */
export type ArchiveAllowance =
  'symlinks' | 'backslashes' | 'reserved-names' | 'folded-duplicates' | 'prefixed-data' | 'trailing-data';

const ALLOWANCES: readonly ArchiveAllowance[] = [
  'symlinks',
  'backslashes',
  'reserved-names',
  'folded-duplicates',
  'prefixed-data',
  'trailing-data',
];

/** @throws ConfigurationError naming each unknown allowance */
export function resolveAllowances(allow: readonly ArchiveAllowance[] = []): ReadonlySet<ArchiveAllowance> {
  const checks = new OptionChecks();
  allow.forEach((name) => checks.oneOf('allow', name, ALLOWANCES));
  checks.done();
  return new Set(allow);
}

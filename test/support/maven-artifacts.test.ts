import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyFiles } from './maven-artifacts';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const LIST = join(mkdtempSync(join(tmpdir(), 'maven-artifacts-')), 'hashes');
writeFileSync(LIST, `${EMPTY}  a.jar\n${EMPTY}  b.jar\n`);

function directoryOf(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'maven-artifacts-'));
  Object.entries(files).forEach(([name, content]) => writeFileSync(join(directory, name), content));
  return directory;
}

test('takes the files whose hashes are in the list', () => {
  expect(() => verifyFiles('The tool', directoryOf({ 'a.jar': '', 'b.jar': '' }), LIST)).not.toThrow();
});

test.each([
  ['another content', { 'a.jar': '', 'b.jar': 'x' }, 'b.jar'],
  ['a missing file', { 'b.jar': '' }, 'a.jar'],
  ['one that is not listed, which Java would load too', { 'a.jar': '', 'b.jar': '', 'c.jar': '' }, 'c.jar'],
])('fails on %s, with the file and the remedy', (_what, files, name) => {
  expect(() => verifyFiles('The tool', directoryOf(files), LIST)).toThrow(
    new RegExp(`^The tool: ${name} in .*delete them from ~/.m2/repository`),
  );
});

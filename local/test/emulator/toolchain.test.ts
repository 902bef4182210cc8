import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { EMULATOR_DIR, ensureToolchain } from '../../src/emulator/toolchain';

jest.setTimeout(120_000);

const WHEEL = 'tiny-1.0-py3-none-any.whl';
let folder: string;

/** A package in a directory, which pip takes instead of the index. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fileworks-local-toolchain-'));
  const zip = new ZipFile();
  const files = {
    'tiny.py': '',
    'tiny-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
    'tiny-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    'tiny-1.0.dist-info/RECORD': 'tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\n',
  };
  Object.entries(files).forEach(([name, content]) => zip.addBuffer(Buffer.from(content), name));
  zip.end();
  const wheel = await buffer(zip.outputStream);
  mkdirSync(join(folder, 'index'));
  writeFileSync(join(folder, 'index', WHEEL), wheel);
});

test('fails on a file with another hash, with the package and the remedy, and leaves nothing', async () => {
  const requirements = join(folder, 'requirements.txt');
  const toolsDir = join(folder, 'tools');
  const index = `--no-index\n--find-links ${join(folder, 'index')}\n`;
  writeFileSync(requirements, `${index}tiny==1.0 --hash=sha256:${'0'.repeat(64)}\n`);
  await expect(
    ensureToolchain({ toolsDir, python: 'python3', requirements, line: () => undefined }),
  ).rejects.toMatchObject({
    code: 'InstallFailed',
    message: expect.stringMatching(
      /^tiny==1\.0 from file:\S+tiny-1\.0-py3-none-any\.whl is not the file whose hash is in \S+requirements\.txt: .*run `pip cache purge`/,
    ),
  });
  expect(readdirSync(toolsDir)).toEqual([]);
});

test('every package of the emulator has a version and a hash', () => {
  const requirements = readFileSync(join(EMULATOR_DIR, 'requirements.txt'), 'utf8');
  const entries = requirements.split(/\n(?=[a-z])/i).slice(1);
  expect(entries.length).toBeGreaterThan(20);
  expect(entries.filter((entry) => !/^[\w.-]+==\S+.*(\n {4}--hash=sha256:[0-9a-f]{64}( \\)?)+/.test(entry))).toEqual(
    [],
  );
  const chosen = readFileSync(join(EMULATOR_DIR, 'requirements.in'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('=='));
  expect(chosen.filter((line) => !requirements.includes(`\n${line} \\`))).toEqual([]);
});

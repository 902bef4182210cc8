import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Stack {
  readonly Resources: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

/** Writes a cloud assembly of these stacks. */
export function writeApp(stacks: Readonly<Record<string, Stack>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'fileworks-local-app-'));
  const artifacts = Object.fromEntries(
    Object.entries(stacks).map(([name, template]) => {
      writeFileSync(join(directory, `${name}.template.json`), JSON.stringify(template));
      return [name, { type: 'aws:cloudformation:stack', properties: { templateFile: `${name}.template.json` } }];
    }),
  );
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '48.0.0', artifacts }));
  return directory;
}

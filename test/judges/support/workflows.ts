import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Our own workflows, those that an example has, and those that constructs write for users. */
export function workflows(): string[] {
  return ['.github/workflows', 'examples/.github/workflows', 'build/judges/workflows'].flatMap((folder) => {
    if (!existsSync(folder)) {
      throw new Error(`there are no workflows in ${folder}: run \`npm run judges\`, which makes them`);
    }
    return readdirSync(folder).map((file) => resolve(folder, file));
  });
}

/** A workflow with a fault for each judge: an injection, and a job that does not exist. */
export function faultyWorkflow(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'workflow-')), 'workflow.yml');
  const job = '{ runs-on: ubuntu-24.04, needs: missing, steps: [{ run: "echo ${{ github.event.issue.title }}" }] }';
  writeFileSync(file, `name: faulty\non: issues\njobs:\n  say: ${job}\n`);
  return file;
}

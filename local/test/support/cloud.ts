import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LocalCloud, LocalTask, TaskMap } from '../../src';

export const FIXTURES = resolve(__dirname, '..', 'fixtures');
export const APP = join(FIXTURES, 'app');
export const TOOLS = resolve(__dirname, '..', '..', '..', '.tools');

/** The fixture's image is a script of this repository. */
export const TASKS: TaskMap = {
  tasks: [{ asset: 'Pipeline/Worker/*', command: [process.execPath, join(FIXTURES, 'worker.js')] }],
};

/** A copy of the fixture app that a test may change. */
export function copyApp(): string {
  const directory = join(mkdtempSync(join(tmpdir(), 'fileworks-local-app-')), 'cdk.out');
  cpSync(APP, directory, { recursive: true });
  return directory;
}

export function editTemplate(app: string, stack: string, edit: (template: Template) => void): void {
  const file = join(app, `${stack}.template.json`);
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  edit(template);
  writeFileSync(file, JSON.stringify(template));
}

export interface Template {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test changes any part of it
  Resources: Record<string, any>;
  Outputs: Record<string, unknown>;
}

/** Polls until `look` finds something; the time is generous because two cores may be busy with other tests. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

export function running(cloud: LocalCloud, group?: string): LocalTask[] {
  return cloud
    .tasks()
    .filter(
      (task) =>
        task.lastStatus === 'RUNNING' &&
        task.desiredStatus === 'RUNNING' &&
        (group === undefined || task.group === group),
    );
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

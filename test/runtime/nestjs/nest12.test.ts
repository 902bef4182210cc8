import { execFile } from 'node:child_process';
import { nest12App } from '../../support/nest12.js';

/** The built package under NestJS 12, as a user's program loads it; NestJS 11 is under fileworks-module.test.ts. */

let app: string;

beforeAll(async () => {
  app = await nest12App();
}, 360_000);

it.each(['main.mjs', 'main.cjs'])(
  'works, answers Terminus and drains on SIGTERM under NestJS 12, loaded by %s',
  async (program) => {
    const { signal, output, errors } = await new Promise<{ signal: unknown; output: string; errors: string }>(
      (resolve) => {
        const child = execFile(
          process.execPath,
          [program],
          { cwd: app, timeout: 20_000, env: { PATH: process.env.PATH } },
          (_, output, errors) => {
            resolve({ signal: child.signalCode, output, errors });
          },
        );
      },
    );
    expect(errors).toBe('');
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual({
      nestOfRuntime: expect.stringContaining('nest-12.') as string,
      seen: ['a.zip', 'long.zip'],
      order: ['job ended', 'database closed'],
      deleted: 2,
      left: 0,
      ready: { status: 'ok', details: { fileworks: { status: 'up', problems: [] } } },
      notReady: { fileworks: { status: 'down', problems: ['worker is stopped'] } },
    });
    // Nest ends the process with the signal that it was given, after its hooks.
    expect(signal).toBe('SIGTERM');
  },
  30_000,
);

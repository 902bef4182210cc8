import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface BuildSpec {
  readonly env: { readonly 'variables'?: Readonly<Record<string, string>>; readonly 'secrets-manager'?: Readonly<Record<string, string>> };
  readonly phases: Readonly<Record<'install' | 'build', { readonly commands: readonly string[] }>>;
}

export interface BuildResult {
  readonly succeeded: boolean;
  readonly output: string;
}

/**
 * Runs a build as CodeBuild does: a fresh copy of the source, values of the secret in the environment, and each phase's commands one after the other in one
 * shell, which the first that fails ends.
 *
 * @param secret what Secrets Manager would answer
 */
export async function runBuild({ env, phases }: BuildSpec, source: string, secret: Readonly<Record<string, string>>): Promise<BuildResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fileworks-build-'));
  cpSync(source, folder, { recursive: true, verbatimSymlinks: true });
  const secrets = Object.entries(env['secrets-manager'] ?? {}).map(([name, from]) => [name, secret[from.split(':').at(-1) ?? '']]);
  const commands = [...phases.install.commands, ...phases.build.commands];
  const { PATH, HOME } = process.env;
  const environment = { PATH, HOME, ...env.variables, ...Object.fromEntries(secrets) as Record<string, string> };
  const shell = spawn('bash', ['-e', '-c', commands.join('\n')], { cwd: folder, env: environment });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((done) => shell.on('close', done));
  rmSync(folder, { recursive: true });
  return { succeeded: code === 0, output };
}

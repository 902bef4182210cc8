import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CA_FILE } from '../../src/constructs/database-delivery-pipeline/private/scripts';

export interface BuildSpec {
  readonly env: {
    readonly variables?: Readonly<Record<string, string>>;
    readonly 'secrets-manager'?: Readonly<Record<string, string>>;
  };
  readonly phases: Readonly<Record<'install' | 'build', { readonly commands: readonly string[] }>>;
}

export interface BuildResult {
  readonly succeeded: boolean;
  readonly output: string;
}

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
interface Project {
  readonly Source: { readonly BuildSpec: string | { readonly 'Fn::Join': readonly [string, readonly unknown[]] } };
}

/** The build of the project with this prefix of its logical id; values of a deployment are placeholders. */
export function buildSpecOf(resources: Resources, id: string): BuildSpec {
  const [, { Properties: properties }] = Object.entries(resources).find(
    ([name, { Type }]) => Type === 'AWS::CodeBuild::Project' && name.startsWith(id),
  )!;
  const { BuildSpec: text } = (properties as Project).Source;
  const parts = typeof text === 'string' ? [text] : text['Fn::Join'][1];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'deployed')).join('')) as BuildSpec;
}

export interface BuildMachine {
  /** File that replaces the download of RDS' certificate authorities. */
  readonly authority?: string;
  /** Folders of the programs that `runtime-versions` and package managers would put there. */
  readonly programs?: readonly string[];
}

/**
 * Runs a build like CodeBuild: with a copy of the source, values of the secret in the environment, and the commands of
 * each phase in one shell, until the first failure.
 *
 * @param secret the secret in Secrets Manager
 */
export async function runBuild(
  { env, phases }: BuildSpec,
  source: string,
  secret: Readonly<Record<string, string>>,
  { authority = '/dev/null', programs = [] }: BuildMachine = {},
): Promise<BuildResult> {
  const machine = mkdtempSync(join(tmpdir(), 'fileworks-build-'));
  const [folder, tools] = [join(machine, 'source'), join(machine, 'tools')];
  cpSync(source, folder, { recursive: true, verbatimSymlinks: true });
  mkdirSync(tools);
  writeFileSync(join(tools, 'curl'), `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp '${authority}' "$2"\n`, {
    mode: 0o755,
  });
  // Builds run in parallel on this machine, each in its own folder
  const onMachine = (text: string) => text.replaceAll(dirname(CA_FILE), machine);
  const secrets = Object.entries(env['secrets-manager'] ?? {}).map(([name, from]) => [
    name,
    secret[from.split(':').at(-1) ?? ''],
  ]);
  const variables = Object.entries(env.variables ?? {}).map(([name, value]) => [name, onMachine(value)]);
  const commands = [...phases.install.commands, ...phases.build.commands].map(onMachine);
  const { PATH = '', HOME } = process.env;
  const environment = {
    PATH: [tools, ...programs, PATH].join(':'),
    HOME,
    ...(Object.fromEntries([...variables, ...secrets]) as Record<string, string>),
  };
  // With a socket as its input, bash assumes a remote shell and reads ~/.bashrc
  const shell = spawn('bash', ['-e', '-c', commands.join('\n')], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (text: Buffer) => (output += text.toString()));
  }
  const code = await new Promise<number | null>((done) => shell.on('close', done));
  rmSync(machine, { recursive: true });
  return { succeeded: code === 0, output };
}

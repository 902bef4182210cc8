#!/usr/bin/env node
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ControlServer } from './control-server';
import { LocalCloudError, messageOf } from './errors';
import { LocalCloud } from './local-cloud';
import type { LocalCloudOptions } from './options';
import { watchStarters } from './starters';

const MIN_NODE = 22;

const USAGE = `Usage: fileworks-local [options]

Deploys a synthesized CDK app to an AWS emulator on this machine and runs its ECS tasks as processes, until Ctrl-C: tasks then have their stop
timeout to drain, as on ECS, and a second Ctrl-C kills them at once. When the process that started it ends, all of it ends at once.

  --app <dir>          directory of the synthesized app (default: cdk.out)
  --no-app             deploy nothing: another program deploys to the endpoint, for example \`cdk deploy\`
  --tasks <file>       the commands that stand for images (default: those of their Dockerfiles)
  --authorization <m>  what happens to calls that AWS would deny: enforce, audit or off (default: enforce)
  --queue-metrics <m>  what queues without messages send: active, as AWS documents it, or always, zeros (default: active)
  --speed <n>          run the clock of the cloud n times faster than real time, 0.1 to 600 (default: 1)
  --process-clock <c>  the clock of tasks and functions: real, or cloud, which runs with --speed (default: real)
  --port <n>           port of the AWS endpoint (default: a free one)
  --region <name>      region of stacks without one (default: us-east-1)
  --account <id>       account of stacks without one (default: 000000000000)
  --tools-dir <dir>    where the emulator is installed (default: FILEWORKS_TOOLS_DIR, else .tools)
  --python <command>   Python 3.10 or newer (default: python3)
  --log-dir <dir>      directory of log files (default: a new temporary one, which is kept)
  --docker-host <url>  Docker engine for images without an entry in that file (default: none)
  --dynamodb-engine <url>
                       engine with the items and streams of tables, such as DynamoDB Local (default: the emulator)
  --detached           keep running when the process that started it ends
  --help               print this text
`;

async function main(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < MIN_NODE) {
    throw new LocalCloudError(
      'OptionInvalid',
      `fileworks-local needs Node.js ${MIN_NODE} or newer, this is ${process.versions.node}`,
    );
  }
  const values = readArguments();
  if (values['help'] === true) {
    process.stdout.write(USAGE);
    return;
  }
  if (values['detached'] !== true) {
    // The children end with this process.
    watchStarters(() => process.exit(1));
  }
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  // Before it has started there is no cloud to stop: its children end with this process.
  let drain = (): Promise<void> => Promise.resolve();
  let stop = (): Promise<void> => Promise.resolve();
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      signals += 1;
      void (signals === 1 ? drain() : Promise.resolve()).then(() => stop()).then(() => process.exit(0));
    });
  }
  const cloud = await LocalCloud.start({
    logDir: mkdtempSync(join(tmpdir(), 'fileworks-local-')),
    ...optionsOf(values),
    on: listeners(print),
  });
  const control = new ControlServer(cloud);
  drain = () => {
    const running = cloud.tasks().filter(({ lastStatus }) => lastStatus === 'RUNNING').length;
    print(running === 0 ? 'stopping' : `stopping: ${running} tasks drain; Ctrl-C again kills them at once`);
    return cloud.drain();
  };
  stop = async () => {
    await control.stop();
    await cloud.stop();
  };
  print('');
  print(`endpoint  ${cloud.endpoint}   region ${cloud.region}`);
  print(`export    ${environmentOf(cloud)}`);
  print(`control   ${await control.start()}   GET /tasks /calls /alarms /scaling, POST /faults/…`);
  print(`          with the header authorization: Bearer ${cloud.credentials.sessionToken}`);
  print(`logs      ${cloud.logDir}`);
  for (const stack of cloud.stacks()) {
    Object.entries(cloud.outputs(stack)).forEach(([name, value]) => print(`output    ${stack}.${name} = ${value}`));
  }
  print('');
  cloud.once('end', () => process.exit(1));
}

/** The variables that point AWS SDKs, the AWS CLI and `npx fileworks` at the cloud, as a shell sets them. */
function environmentOf({ endpoint, region, credentials }: LocalCloud): string {
  return Object.entries({
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Listeners that print a line for each event. */
function listeners(print: (line: string) => void): LocalCloudOptions['on'] {
  return {
    line: print,
    task: ({ task }) => {
      const codes = task.containers.map(({ exitCode }) => exitCode).filter((code) => code !== undefined);
      const state =
        task.lastStatus === task.desiredStatus ? task.lastStatus : `${task.lastStatus} → ${task.desiredStatus}`;
      const exit = codes.length > 0 ? `exit ${codes.join(', ')}` : '';
      print(
        ['task     ', shortId(task.taskArn), state, task.group, task.stoppedReason, exit].filter(Boolean).join('  '),
      );
    },
    output: ({ taskArn, container, line }) => print(`${shortId(taskArn)} ${container} | ${line}`),
    alarm: ({ alarm, from, to, reason }) => print(`alarm     ${alarm}  ${from} → ${to}  ${reason}`),
    scaling: ({ resourceId, from, to, cause }) => print(`scaling   ${resourceId}  ${from} → ${to}  ${cause}`),
  };
}

type Arguments = Partial<Record<string, unknown>>;

function readArguments(): Arguments {
  const text = { type: 'string' } as const;
  const parse = (): ReturnType<typeof parseArgs> =>
    parseArgs({
      options: {
        app: text,
        'no-app': { type: 'boolean' },
        tasks: text,
        authorization: text,
        'queue-metrics': text,
        speed: text,
        'process-clock': text,
        port: text,
        region: text,
        account: text,
        'tools-dir': text,
        python: text,
        'log-dir': text,
        'docker-host': text,
        'dynamodb-engine': text,
        detached: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  try {
    return parse().values;
  } catch (error) {
    throw new LocalCloudError('OptionInvalid', `${messageOf(error).split('. ')[0] ?? ''}; see fileworks-local --help`, {
      cause: error,
    });
  }
}

function optionsOf(values: Arguments): LocalCloudOptions {
  const names = {
    app: 'app',
    tasks: 'tasks',
    authorization: 'authorization',
    'queue-metrics': 'queueMetrics',
    'process-clock': 'processClock',
    region: 'region',
    account: 'account',
    'tools-dir': 'toolsDir',
    python: 'python',
    'log-dir': 'logDir',
    'docker-host': 'dockerHost',
  } as const;
  const texts = Object.entries(names).flatMap(([option, key]) =>
    values[option] === undefined ? [] : [[key, values[option]]],
  );
  const numbers = ['speed', 'port'].flatMap((key) =>
    values[key] === undefined ? [] : [[key, numberOf(key, values[key] as string)]],
  );
  if (values['no-app'] === true && values['app'] !== undefined) {
    throw new LocalCloudError(
      'OptionInvalid',
      `--no-app deploys nothing, so leave out --app ${values['app'] as string}`,
    );
  }
  const noApp = values['no-app'] === true ? [['app', false]] : [];
  const dynamodb = values['dynamodb-engine'];
  const engines = dynamodb === undefined ? [] : [['engines', { dynamodb }]];
  return Object.fromEntries([...texts, ...noApp, ...numbers, ...engines]) as LocalCloudOptions;
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) {
    throw new LocalCloudError('OptionInvalid', `--${option} must be a number, got: ${text}`);
  }
  return value;
}

function shortId(taskArn: string): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1).slice(0, 8);
}

main().catch((error: unknown) => {
  process.stderr.write(`fileworks-local: ${messageOf(error)}\n`);
  process.exit(1);
});

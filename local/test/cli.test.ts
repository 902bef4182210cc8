import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { alive, APP, copyApp, editTemplate, FIXTURES, TOOLS, until } from './support/cloud';

jest.setTimeout(120_000);

const CLI = resolve(__dirname, 'support', 'cli.js');
const started: ChildProcess[] = [];

interface Run {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  readonly ended: Promise<number | null>;
}

function run(args: string[], env: Record<string, string> = {}, program = process.execPath, before = [CLI]): Run {
  const child = spawn(program, [...before, ...args], {
    env: { ...process.env, FILEWORKS_TOOLS_DIR: TOOLS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const result: Run = {
    child,
    stdout: '',
    stderr: '',
    ended: new Promise((done) => child.once('close', (code) => done(code))),
  };
  child.stdout.on('data', (data: Buffer) => {
    result.stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    result.stderr += data.toString();
  });
  return result;
}

/** Every process whose environment or command line names this run. */
function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark) &&
          !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
        );
      } catch {
        return false;
      }
    });
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function tasksFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'fileworks-local-cli-')), 'tasks.json');
  writeFileSync(
    file,
    JSON.stringify({ tasks: [{ container: 'worker', command: [process.execPath, join(FIXTURES, 'worker.js')] }] }),
  );
  return file;
}

/** The app with one task running from the start. */
function busyApp(): string {
  const app = copyApp();
  editTemplate(app, 'Pipeline', ({ Resources }) => {
    Resources.Service.Properties.DesiredCount = 1;
  });
  return app;
}

afterAll(() => {
  started.forEach((child) => child.kill('SIGKILL'));
});

test('runs an app, shows what happens, takes faults, and ends everything on Ctrl-C with exit code 0', async () => {
  const mark = `FILEWORKS_MARK_${process.pid}_A`;
  const cli = run(['--app', busyApp(), '--tasks', tasksFile(), '--speed', '60'], { TZ: mark });
  // A task may print all of its output before the addresses are printed, the last of which is that of the logs
  await until(
    () => cli.stdout.includes('"metadata"') && /^logs /m.test(cli.stdout),
    `a task to run; stderr: ${cli.stderr}`,
    60_000,
  );
  expect(cli.stdout).toMatch(/^endpoint {2}http:\/\/127\.0\.0\.1:\d+ {3}region us-east-1/m);
  expect(cli.stdout).toMatch(/^output {4}Pipeline\.QueueUrl = http:/m);
  expect(processesOf(mark).length).toBeGreaterThanOrEqual(3);

  const control = /^control {3}(\S+)/m.exec(cli.stdout)![1];
  const authorization = /^ {10}with the header authorization: (Bearer \S+)$/m.exec(cli.stdout)![1];
  const headers = { authorization };
  const [task] = (await (await fetch(`${control}/tasks`, { headers })).json()) as { taskArn: string }[];
  const id = task.taskArn.split('/').at(-1)!.slice(0, 8);
  for (const wrong of [undefined, 'Bearer x', authorization.slice(0, -1)]) {
    for (const path of ['/tasks', '/nothing']) {
      const refused = await fetch(`${control}${path}`, {
        headers: wrong === undefined ? {} : { authorization: wrong },
      });
      expect([refused.status, await refused.json()]).toEqual([
        401,
        {
          message:
            'send the session token that the local cloud printed at its start as `authorization: Bearer <token>`',
        },
      ]);
    }
  }
  const killed = await fetch(`${control}/faults/kill`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ task: id }),
  });
  expect(killed.status).toBe(204);
  await until(
    () => new RegExp(`^task +${id} +STOPPED .*exit 137$`, 'm').test(cli.stdout),
    'a line about the killed task',
  );

  const clock = async () => ((await (await fetch(`${control}/clock`, { headers })).json()) as { now: number }).now;
  const advance = (seconds: number) =>
    fetch(`${control}/clock/advance`, { method: 'POST', headers, body: JSON.stringify({ seconds }) });
  const before = await clock();
  expect((await advance(7_200)).status).toBe(204);
  expect((await clock()) - before).toBeGreaterThanOrEqual(7_200_000);
  expect((await advance(-1)).status).toBe(400);

  cli.child.kill('SIGINT');
  expect(await cli.ended).toBe(0);
  expect(processesOf(mark)).toEqual([]);
});

test('lets its tasks drain on the first Ctrl-C and kills them at once on the second', async () => {
  const start = async (drainMs: number): Promise<Run> => {
    const tasks = join(mkdtempSync(join(tmpdir(), 'fileworks-local-cli-')), 'tasks.json');
    const script = `
      process.on('SIGTERM', () => { console.log('draining'); setTimeout(() => { console.log('drained'); process.exit(0); }, ${drainMs}); });
      setInterval(() => {}, 1000);
      console.log('ready');`;
    writeFileSync(
      tasks,
      JSON.stringify({ tasks: [{ container: 'worker', entrypoint: [process.execPath, '-e', script] }] }),
    );
    const cli = run(['--app', busyApp(), '--tasks', tasks]);
    await until(
      () => cli.stdout.includes('| ready') && /^logs /m.test(cli.stdout),
      `a task to run; stderr: ${cli.stderr}`,
      60_000,
    );
    cli.child.kill('SIGINT');
    await until(() => cli.stdout.includes('| draining'), 'the drain');
    return cli;
  };
  const patient = await start(500);
  expect(await patient.ended).toBe(0);
  expect(patient.stdout).toContain('| drained');
  expect(patient.stdout).toContain('stopping: 1 tasks drain; Ctrl-C again kills them at once');

  const hasty = await start(60_000);
  hasty.child.kill('SIGINT');
  expect(await hasty.ended).toBe(0);
  expect(hasty.stdout).not.toContain('| drained');
});

test('leaves nothing running when it is killed with SIGKILL', async () => {
  const mark = `FILEWORKS_MARK_${process.pid}_B`;
  const cli = run(['--app', busyApp(), '--tasks', tasksFile()], { TZ: mark });
  await until(() => cli.stdout.includes('"metadata"'), 'a task to run', 60_000);
  const pids = processesOf(mark);
  expect(pids.length).toBeGreaterThanOrEqual(4);
  cli.child.kill('SIGKILL');
  await cli.ended;
  await until(() => pids.filter(alive).length === 0, `the end of ${pids.join(', ')}`, 30_000);
});

describe('started by npx, which a script calls', () => {
  /** The processes of the local cloud, and a handle on each process above. */
  async function start(mark: string, options: string): Promise<{ script: Run; npx: number; pids: number[] }> {
    const npx = `npx --offline -c '"$NODE" "$CLI" --app "$APP" --tasks "$TASKS" ${options}; exit $?'`;
    const env = { TZ: mark, NODE: process.execPath, CLI, APP: busyApp(), TASKS: tasksFile() };
    const script = run([`${npx} & echo "npx is $!"; wait`], env, 'sh', ['-c']);
    await until(() => /"metadata"/.test(script.stdout) && /^logs /m.test(script.stdout), 'a task to run', 60_000);
    const pids = processesOf(mark).filter((pid) => pid !== script.child.pid);
    return { script, npx: Number(/^npx is (\d+)$/m.exec(script.stdout)![1]), pids };
  }

  test.each(['npx', 'script'] as const)('ends when the %s is killed', async (killed) => {
    const mark = `FILEWORKS_MARK_${process.pid}_${killed}`;
    const { script, npx, pids } = await start(mark, '');
    expect(pids.length).toBeGreaterThanOrEqual(6);
    process.kill(killed === 'npx' ? npx : script.child.pid!, 'SIGKILL');
    await until(() => processesOf(mark).filter((pid) => pid !== npx).length === 0, 'the end of all', 30_000);
  });

  afterEach(() => {
    processesOf(`FILEWORKS_MARK_${process.pid}_detached`).forEach((pid) => process.kill(pid, 'SIGKILL'));
  });

  test('keeps running with --detached, until it is stopped', async () => {
    const mark = `FILEWORKS_MARK_${process.pid}_detached`;
    const { script, npx } = await start(mark, '--detached');
    process.kill(npx, 'SIGKILL');
    script.child.kill('SIGKILL');
    await until(() => !alive(npx) && !alive(script.child.pid!), 'the end of what started it');
    const endpoint = /^endpoint {2}(\S+)/m.exec(script.stdout)![1];
    await new Promise((done) => setTimeout(done, 2_000));
    expect((await fetch(endpoint)).status).toBeLessThan(500);
    const cli = processesOf(mark).find((pid) => commandOf(pid).includes(`${CLI}\0--app`))!;
    process.kill(cli, 'SIGTERM');
    await until(() => processesOf(mark).length === 0, 'the end of all', 30_000);
  });
});

describe('fails with one sentence and exit code 1, and leaves nothing running', () => {
  async function failure(args: string[], env: Record<string, string> = {}): Promise<string> {
    const mark = `FILEWORKS_MARK_${process.pid}_${started.length}`;
    const cli = run(args, { TZ: mark, ...env });
    expect(await cli.ended).toBe(1);
    expect(processesOf(mark)).toEqual([]);
    expect(cli.stderr.trim().split('\n')).toHaveLength(1);
    return cli.stderr.trim();
  }

  test('no app', async () => {
    expect(await failure(['--app', '/nowhere'])).toMatch(
      /^fileworks-local: cannot read \/nowhere\/manifest\.json: no such file; synthesize the app first$/,
    );
  });

  test('a template with an unknown type', async () => {
    const app = copyApp();
    editTemplate(app, 'Network', ({ Resources }) => {
      Resources.Thing = { Type: 'AWS::New::Thing' };
    });
    expect(await failure(['--app', app])).toBe(
      'fileworks-local: stack Network: the emulator does not support AWS::New::Thing (Thing), and it is not among the types that may be left out',
    );
  });

  test('a resource that cannot be made, in a stack with more events than one page holds', async () => {
    const app = copyApp();
    editTemplate(app, 'Network', ({ Resources }) => {
      const queues = Array.from({ length: 60 }, (_, index) => `Queue${index}`);
      queues.forEach((queue) => (Resources[queue] = { Type: 'AWS::SQS::Queue' }));
      Resources.Broken = {
        Type: 'AWS::CloudWatch::Alarm',
        DependsOn: queues,
        Properties: { MetricName: 'm', Namespace: 'n', EvaluationPeriods: 1, Threshold: 1 },
      };
    });
    expect(await failure(['--app', app])).toMatch(
      /^fileworks-local: stack Network ended in ROLLBACK_COMPLETE: Broken \(AWS::CloudWatch::Alarm\): ComparisonOperator is required.*; logs are in \/\S+$/,
    );
  });

  test('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      expect(await failure(['--app', APP, '--port', String(port)])).toBe(
        `fileworks-local: port ${port} of 127.0.0.1 is in use; choose another with --port, or none for a free one`,
      );
    } finally {
      server.close();
    }
  });

  test.each([
    [['--speed', '0'], 'speed must be a number from 0.1 to 600, got: 0'],
    [['--no-app', '--app', 'x'], '--no-app deploys nothing, so leave out --app x'],
    [['--speed', 'fast'], '--speed must be a number, got: fast'],
    [['--port', '70000'], 'port must be a whole number from 1 to 65535, got: 70000'],
    [['--account', '1'], 'account must have 12 digits, got: 1'],
    [
      ['--dynamodb-engine', 'http://db.example.com:8000'],
      'engines.dynamodb must look like http://127.0.0.1:8000, on this machine, got: http://db.example.com:8000',
    ],
    [['--wrong'], "Unknown option '--wrong'; see fileworks-local --help"],
    [['--tasks', '/nowhere.json'], 'cannot read the task map /nowhere.json: ENOENT'],
    [['--docker-host', 'x'], 'dockerHost must look like unix:///var/run/docker.sock or tcp://127.0.0.1:2375, got: x'],
  ])('%j', async (args, message) => {
    expect(await failure(['--app', APP, ...args])).toContain(`fileworks-local: ${message}`);
  });

  describe('on the first run', () => {
    const fresh = (): Record<string, string> => ({
      FILEWORKS_TOOLS_DIR: mkdtempSync(join(tmpdir(), 'fileworks-local-tools-')),
    });

    test('without Python', async () => {
      expect(await failure(['--app', APP, '--python', '/nowhere/python3'], fresh())).toBe(
        'fileworks-local: the emulator needs Python 3.10 or newer, and `/nowhere/python3` does not run; install it or name another with --python',
      );
    });

    test('with a Python that is too old', async () => {
      const python = join(mkdtempSync(join(tmpdir(), 'fileworks-local-python-')), 'python3');
      writeFileSync(python, '#!/bin/sh\necho 3.9\n');
      chmodSync(python, 0o755);
      expect(await failure(['--app', APP, '--python', python], fresh())).toBe(
        `fileworks-local: the emulator needs Python 3.10 or newer, and \`${python}\` is 3.9; install a newer one or name it with --python`,
      );
    });

    test('without network', async () => {
      const env = fresh();
      expect(
        await failure(['--app', APP], {
          ...env,
          PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
          PIP_CONFIG_FILE: '/dev/null',
          PIP_NO_CACHE_DIR: '1',
        }),
      ).toMatch(
        /^fileworks-local: the emulator is installed from the Python package index on the first run, and it cannot be reached/,
      );
      expect(readdirSync(env.FILEWORKS_TOOLS_DIR)).toEqual([]);
    });
  });
});

test('prints its usage', async () => {
  const cli = run(['--help']);
  expect(await cli.ended).toBe(0);
  expect(cli.stdout).toContain('Usage: fileworks-local [options]');
});

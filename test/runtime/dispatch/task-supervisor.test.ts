import { MemoryStore } from './support/memory-store';
import { arrival, fileIn, policy } from './support/rows';
import {
  Dispatcher,
  FileTask,
  type FileRow,
  type LaunchedTask,
  type LaunchResult,
  type TaskHost,
  type TaskState,
  TaskSupervisor,
} from '../../../src/runtime/dispatch/index.js';

/** A host that answers what a test says, and notes what it was asked. */
class ScriptedHost implements TaskHost {
  readonly launches: string[] = [];
  readonly stopped: string[] = [];
  launched: LaunchResult = { kind: 'sent' };
  tasks: readonly LaunchedTask[] | undefined;
  state: TaskState = { kind: 'unknown' };

  launch({ id, epoch }: FileRow): Promise<LaunchResult> {
    this.launches.push(`${id}-${epoch}`);
    return Promise.resolve(this.launched);
  }

  tasksOf(): Promise<readonly LaunchedTask[] | undefined> {
    return Promise.resolve(this.tasks);
  }

  cancel(): Promise<boolean> {
    this.stopped.push(...(this.tasks ?? []).map(({ worker }) => worker));
    return Promise.resolve((this.tasks ?? []).length === 0);
  }

  describe(): Promise<TaskState> {
    return Promise.resolve(this.state);
  }

  stop(worker: string): Promise<void> {
    this.stopped.push(worker);
    return Promise.resolve();
  }
}

const MINUTE = 60_000;
/** How often a launch is looked at. */
const LAUNCH_CHECK_MINUTES = 15;
const times = { ...policy, hangTimeoutMs: 15 * MINUTE, maxRuntimeMs: 60 * MINUTE };
let now: number;
let store: MemoryStore;
let host: ScriptedHost;
let supervisor: TaskSupervisor;

beforeEach(async () => {
  now = 1_000_000;
  store = new MemoryStore();
  host = new ScriptedHost();
  const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now });
  supervisor = new TaskSupervisor({ store, dispatcher, host, now: () => now });
  await dispatcher.register(arrival('1', { policy: times }));
});

const row = () => store.files.get('1')!;
const begin = (worker = 'w') => FileTask.begin({ store, fileId: '1', epoch: row().epoch, worker, now: () => now });
/** What the sweeper does for a while, once a minute. */
async function sweepFor(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    now += MINUTE;
    await supervisor.sweep();
  }
}

test('a paused file is not launched until it is resumed', async () => {
  const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now });
  await dispatcher.pause('A', 'maintenance');
  await expect(supervisor.tick('1')).resolves.toBe(false);
  expect(host.launches).toEqual([]);
  await dispatcher.resume('A');
  await expect(supervisor.tick('1')).resolves.toBe(true);
  expect(host.launches).toEqual(['1-1']);
});

test('a refused launch is reported', async () => {
  const refused: string[] = [];
  const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now });
  const onRefused = (file: FileRow, reason: string) => refused.push(`${file.id}: ${reason}`);
  host.launched = { kind: 'refused', reason: 'no capacity' };
  await new TaskSupervisor({ store, dispatcher, host, now: () => now, onRefused }).tick('1');
  expect(refused).toEqual(['1: no capacity']);
});

test('a failure of one file does not end the sweep', async () => {
  await new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now }).register(
    arrival('2', { type: 'B', sequence: 'B', policy: times }),
  );
  now += LAUNCH_CHECK_MINUTES * MINUTE;
  const failures: string[] = [];
  const launch = jest.spyOn(host, 'launch').mockRejectedValue(new Error('ECS is unavailable'));
  await supervisor.sweep(undefined, (about) => failures.push(about));
  expect(failures).toEqual(['1', '2']);
  expect(launch).toHaveBeenCalledTimes(2);
});

test('a task that runs is left alone before its time', async () => {
  host.state = { kind: 'alive' };
  await begin('task-1');
  now = row().dueAt! - 1;
  await supervisor.tick('1');
  expect(host.stopped).toEqual([]);
  now += 1;
  await supervisor.tick('1');
  expect(host.stopped).toEqual(['task-1']);
});

test('the end of a task that its host interrupted uses up no attempt; another one does', async () => {
  await begin('task-1');
  await supervisor.handleTaskState('1', 1, 'task-1', { kind: 'stopped', reason: 'Spot', interrupted: true });
  expect(row()).toMatchObject({ status: 'waiting', attempts: 0, interruptions: 1 });
  now = row().notBefore!;
  await supervisor.tick('1');
  await begin('task-2');
  await supervisor.handleTaskState('1', 2, 'task-2', { kind: 'stopped', reason: 'exit code 1', interrupted: false });
  expect(row()).toMatchObject({ attempts: 1, interruptions: 1, reason: 'exit code 1' });
});

describe('a message that may have been lost', () => {
  test('is sent again each time after twice the wait, for the same launch', async () => {
    await supervisor.tick('1');
    const sentAt: number[] = [];
    const start = now;
    for (let minute = 1; minute <= 260; minute += 1) {
      const before = host.launches.length;
      await sweepFor(1);
      if (host.launches.length > before) {
        sentAt.push((now - start) / MINUTE);
      }
    }
    expect(sentAt).toEqual([15, 30, 60, 120, 240]);
    expect(new Set(host.launches)).toEqual(new Set(['1-1']));
    await expect(begin()).resolves.toMatchObject({ attempt: 1 });
  });

  test('keeps its worker while it sends heartbeats, and fails the attempt once they are missing', async () => {
    await supervisor.tick('1');
    const task = await begin();
    await sweepFor(14);
    await task.heartbeat();
    await sweepFor(14);
    expect(row().status).toBe('running');
    await sweepFor(1);
    expect(row()).toMatchObject({
      status: 'waiting',
      attempts: 1,
      reason: 'no heartbeat in time, or maximum run time exceeded',
    });
    expect(host.stopped).toEqual([]);
    await expect(task.heartbeat()).rejects.toThrow('too late');
  });
});

describe('a task that does not begin its file', () => {
  beforeEach(async () => {
    host.launched = { kind: 'launched', ended: false };
    host.tasks = [{ worker: 'task-1' }];
    await supervisor.tick('1');
  });

  test('is left alone until its containers run', async () => {
    await sweepFor(120);
    expect([host.stopped, row().status]).toEqual([[], 'starting']);
    await expect(begin('task-1')).resolves.toMatchObject({ attempt: 1 });
  });

  test('is stopped when it has run for the time of a hang, and fails the attempt once it has stopped', async () => {
    await sweepFor(20);
    host.tasks = [{ worker: 'task-1', startedAt: now }];
    await sweepFor(14);
    expect(host.stopped).toEqual([]);
    await sweepFor(LAUNCH_CHECK_MINUTES);
    expect([host.stopped, row().status]).toEqual([['task-1'], 'starting']);
    await supervisor.handleTaskState('1', 1, 'task-1', { kind: 'stopped', reason: 'StopTask', interrupted: false });
    expect(row()).toMatchObject({ status: 'waiting', attempts: 1, reason: 'StopTask' });
  });

  test('is started again with the same token when it has ended unnoticed, and a new one when the token is old', async () => {
    host.tasks = [];
    await sweepFor(15);
    expect(host.launches).toEqual(['1-1', '1-1']);
    await sweepFor(31);
    expect(row()).toMatchObject({ status: 'waiting', interruptions: 1, attempts: 0 });
  });
});

describe('a worker that honours a signal to stop', () => {
  beforeEach(async () => {
    host.launched = { kind: 'launched', ended: false };
    host.state = { kind: 'alive' };
    await supervisor.tick('1');
  });
  /** Another launch, once the backoff is over. */
  async function launchAgain(worker: string) {
    now = row().notBefore!;
    await supervisor.tick('1');
    return begin(worker);
  }

  test('uses up an attempt when it was stopped at the end of its time', async () => {
    for (const attempt of [1, 2]) {
      const task = attempt === 1 ? await begin('task-1') : await launchAgain('task-2');
      now = row().dueAt!;
      await supervisor.sweep();
      await task.interrupt('the container was requested to stop');
      expect(row()).toMatchObject({ attempts: attempt, interruptions: 0 });
    }
    expect(host.stopped).toEqual(['task-1', 'task-2']);
    expect(row()).toMatchObject({ status: 'parked', reason: 'no heartbeat in time, or maximum run time exceeded' });
  });

  test('is not stopped if it completed its file before the request was recorded', async () => {
    const task = await begin('task-1');
    now = row().dueAt!;
    jest.spyOn(host, 'describe').mockImplementation(async () => {
      await task.complete();
      return { kind: 'alive' };
    });
    await supervisor.sweep();
    expect([host.stopped, row().status]).toEqual([[], 'completed']);
  });

  test('uses up no attempt when its host interrupts it, and blocks when that has lasted three days', async () => {
    let launches = 0;
    for (let task = await begin('task-0'); row().status !== 'blocked'; task = await launchAgain(`task-${launches}`)) {
      launches += 1;
      now += 20 * 60 * MINUTE;
      await task.interrupt('Spot');
      if (row().status === 'blocked') {
        break;
      }
    }
    expect(launches).toBe(5);
    expect(row()).toMatchObject({ attempts: 0, interruptions: 5 });
    expect(row().reason).toMatch(/^interrupted again 48\d\d minutes after the first time: Spot$/);

    await supervisor.tick('1');
    await new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now }).apply('1', { type: 'redrive' });
    await (await begin('task-9')).interrupt('Spot');
    expect(row().status).toBe('waiting');
  });

  test('has the time of its type for interruptions, which begins again with an attempt that counts', async () => {
    store.files.set('1', { ...row(), policy: { ...times, maxInterruptionMs: 60 * MINUTE } });
    await (await begin('task-1')).interrupt('Spot');
    now += 61 * MINUTE;
    await supervisor.tick('1');
    await (await begin('task-2')).fail(new Error('broken'));
    expect(row()).toMatchObject({ status: 'waiting', attempts: 1 });
    await (await launchAgain('task-3')).interrupt('Spot');
    expect(row().status).toBe('waiting');
    now += 61 * MINUTE;
    await supervisor.tick('1');
    await (await begin('task-4')).interrupt('Spot');
    expect(row().status).toBe('blocked');
  });
});

describe('a canceled file', () => {
  const cancel = () =>
    new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now }).apply('1', {
      type: 'cancel',
      reason: 'by hand',
    });
  const skipped = { status: 'skipped', reason: 'by hand', slot: undefined };

  beforeEach(() => {
    host.launched = { kind: 'launched', ended: false };
    host.state = { kind: 'alive' };
  });

  test('whose task runs is skipped when the task has stopped, not before', async () => {
    await supervisor.tick('1');
    const task = await begin('task-1');
    await expect(cancel()).resolves.toBe('changed');
    await expect(cancel()).resolves.toBe('kept');
    await supervisor.tick('1');
    expect([host.stopped, row().status]).toEqual([['task-1'], 'running']);
    await expect(task.heartbeat()).rejects.toThrow('file 1 was canceled: by hand');
    host.state = { kind: 'stopped', reason: 'UserInitiated', interrupted: false };
    await sweepFor(1);
    expect(row()).toEqual(expect.objectContaining({ status: 'skipped', reason: 'by hand' }));
    expect(row()).not.toHaveProperty('slot');
    expect((await store.heads('A'))[0]).not.toHaveProperty('holder');
  });

  test.each<[string, (task: FileTask) => Promise<void>, object]>([
    ['reports that it was interrupted', (task) => task.interrupt('SIGTERM'), skipped],
    ['fails', (task) => task.fail(new Error('broken')), skipped],
    ['completes its file first', (task) => task.complete(), { status: 'completed' }],
  ])('whose task %s', async (_, act, expected) => {
    await supervisor.tick('1');
    const task = await begin('task-1');
    await cancel();
    await act(task);
    expect({ slot: undefined, ...row() }).toMatchObject(expected);
  });

  test('whose task has not begun cannot be begun, and is skipped when the task has stopped', async () => {
    await supervisor.tick('1');
    await cancel();
    host.tasks = [{ worker: 'task-1' }];
    await supervisor.tick('1');
    expect([host.stopped, row().status]).toEqual([['task-1'], 'starting']);
    await expect(begin('task-1')).rejects.toThrow('not starting');
    host.tasks = [];
    await sweepFor(1);
    expect(row()).toMatchObject({ status: 'skipped', reason: 'by hand' });
    expect(host.launches).toEqual(['1-1']);
  });

  test('that is not launched yet is not launched', async () => {
    await cancel();
    await supervisor.tick('1');
    expect([host.launches, row().status]).toEqual([[], 'skipped']);
  });

  test('of a queue is skipped when its worker has missed its heartbeats', async () => {
    host.state = { kind: 'unknown' };
    await supervisor.tick('1');
    await begin('worker-1');
    await cancel();
    await sweepFor(14);
    expect(row().status).toBe('running');
    await sweepFor(1);
    expect(row().status).toBe('skipped');
  });

  test('that waits for its next attempt is skipped at once', async () => {
    await supervisor.tick('1');
    await (await begin('task-1')).fail(new Error('broken'));
    await cancel();
    expect(row()).toMatchObject({ status: 'skipped' });
  });
});

describe('an execution, for which its host speaks', () => {
  beforeEach(async () => {
    host.launched = { kind: 'launched', ended: false, worker: 'execution-1' };
    host.state = { kind: 'working' };
    await supervisor.tick('1');
  });

  test('has begun its turn by being started', () => {
    expect(row()).toMatchObject({ status: 'running', worker: 'execution-1' });
  });

  test('works as long as its host says so, and is stopped at the end of its time', async () => {
    await sweepFor(59);
    expect(host.stopped).toEqual([]);
    await sweepFor(1);
    expect(host.stopped).toEqual(['execution-1']);
    expect(row().status).toBe('running');
    host.state = { kind: 'stopped', reason: 'ABORTED', interrupted: false };
    await sweepFor(1);
    expect(row()).toMatchObject({ status: 'waiting', reason: 'ABORTED' });
  });

  test('is done according to its host, even without an event', async () => {
    host.state = { kind: 'done' };
    await sweepFor(15);
    expect(row().status).toBe('completed');
  });

  test('ends once, regardless of duplicate events, and does not affect a later attempt', async () => {
    await expect(
      supervisor.handleTaskState('1', 1, 'execution-1', { kind: 'stopped', reason: 'FAILED', interrupted: false }),
    ).resolves.toBe('changed');
    await expect(
      supervisor.handleTaskState('1', 1, 'execution-1', { kind: 'stopped', reason: 'FAILED', interrupted: false }),
    ).resolves.toBe('refused');
    await expect(supervisor.handleTaskState('1', 1, 'execution-1', { kind: 'done' })).resolves.toBe('refused');
    expect(row()).toMatchObject({ status: 'waiting', attempts: 1 });
  });

  test('that is at work is not news', async () => {
    await expect(supervisor.handleTaskState('1', 1, 'execution-1', { kind: 'working' })).resolves.toBe('kept');
  });
});

test('a sweep that was ended early goes on with the next one, for due files and for sequences', async () => {
  const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now });
  for (const id of ['2', '3', '4', '5']) {
    await dispatcher.register(arrival(id, { sequence: `A/${id}`, policy: times }));
    await dispatcher.register(arrival(`${id}b`, { sequence: `A/${id}`, policy: times }));
  }
  now += 15 * MINUTE;
  const visited: string[] = [];
  const note = (text: string) => visited.push(text);
  jest.spyOn(supervisor, 'tick').mockImplementation((id) => Promise.resolve(note(`file ${id}`) < 0));
  jest.spyOn(Dispatcher.prototype, 'drive').mockImplementation((sequence) => Promise.resolve(void note(sequence)));
  /** A pass that has time for so many steps. */
  async function pass(steps: number) {
    const controller = new AbortController();
    const until = visited.length + steps;
    const signal = Object.defineProperty(controller.signal, 'aborted', { get: () => visited.length >= until });
    await supervisor.sweep(signal);
  }
  const everything = [
    ...['1', '2', '3', '4', '5'].map((id) => `file ${id}`),
    ...['2', '3', '4', '5'].map((id) => `A/${id}`),
  ];
  for (let passes = 0; passes < 3; passes += 1) {
    await pass(2);
  }
  // Due files that nothing moved on are due again
  expect(visited).toEqual(everything.slice(0, 6));
  jest.spyOn(store, 'dueFiles').mockImplementation(async function* () {
    // None
  });
  await pass(2);
  await pass(1);
  expect([...visited].sort()).toEqual([...everything].sort());
  jest.restoreAllMocks();
});

describe('a sweep in a new process begins with the sequences that the last one did not reach', () => {
  const SEQUENCES = Array.from({ length: 60 }, (_, index) => `B/${String(index).padStart(2, '0')}`);
  let driven: string[];

  beforeEach(async () => {
    for (const sequence of SEQUENCES) {
      await store.commit([{ kind: 'insert', row: fileIn('queued', { id: sequence, type: 'B', sequence, rev: 1 }) }]);
    }
    driven = [];
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const newProcess = () => {
    const dispatcher = new Dispatcher({ store, wake: () => Promise.resolve(), now: () => now });
    return new TaskSupervisor({ store, dispatcher, host, now: () => now });
  };

  test('after it ran out of time', async () => {
    jest.spyOn(Dispatcher.prototype, 'drive').mockImplementation((sequence) => {
      driven.push(sequence);
      return Promise.resolve();
    });
    for (let passes = 1; passes <= 6; passes += 1) {
      const signal = Object.defineProperty(new AbortController().signal, 'aborted', {
        get: () => driven.length >= passes * 10,
      });
      await newProcess().sweep(signal);
    }
    expect(driven).toEqual(SEQUENCES);
    // A whole sweep leaves no position
    await newProcess().sweep();
    driven = [];
    await newProcess().sweep();
    expect(driven).toEqual(SEQUENCES);
  });

  test('after its process was killed', async () => {
    jest.spyOn(Dispatcher.prototype, 'drive').mockImplementation((sequence) => {
      driven.push(sequence);
      return driven.length === 31 ? new Promise(() => undefined) : Promise.resolve();
    });
    void newProcess().sweep();
    while (driven.length < 31) {
      await new Promise(setImmediate);
    }
    await newProcess().sweep();
    expect(driven.slice(31, 66)).toEqual(SEQUENCES.slice(25));
  });
});

test('an execution whose end is reported before its start is recorded is done', async () => {
  await expect(supervisor.handleTaskState('1', 1, 'execution-1', { kind: 'done' })).resolves.toBe('changed');
  expect(row()).toMatchObject({ status: 'completed', worker: 'execution-1' });
});

test('an execution that ended before its start was recorded reports its result', async () => {
  host.launched = { kind: 'launched', ended: true, worker: 'execution-1' };
  host.state = { kind: 'stopped', reason: 'FAILED: States.Timeout', interrupted: false };
  await supervisor.tick('1');
  expect(row()).toMatchObject({ status: 'waiting', reason: 'FAILED: States.Timeout', attempts: 1 });
});

test('an execution whose file went another way while it was started is stopped', async () => {
  host.launched = { kind: 'launched', ended: false, worker: 'execution-1' };
  const launch = host.launch.bind(host);
  jest.spyOn(host, 'launch').mockImplementation(async (file) => {
    await begin('somebody else');
    return launch(file);
  });
  await supervisor.tick('1');
  expect(host.stopped).toEqual(['execution-1']);
  expect(row()).toMatchObject({ status: 'running', worker: 'somebody else' });
});

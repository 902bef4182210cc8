// Plays the outages of one duration, all at the same time, and measures what follows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalCloud } from 'fileworks-local';
import { Account } from './account.ts';
import { imageOf, synthesize } from './app.ts';
import { ALL_JOBS, type Cell, JOBS } from './cell.ts';
import { constructOf } from './cells.ts';
import { Api } from './dependencies/api.ts';
import { beginAwsOutage } from './dependencies/aws.ts';
import { Database } from './dependencies/database.ts';
import type { Measured } from './measured.ts';

export interface PlayOptions {
  readonly cells: readonly Cell[];
  /** Length of the outages. */
  readonly seconds: number;
  readonly speed: number;
  readonly toolsDir: string;
  readonly line: (line: string) => void;
}

const MINUTE_MS = 60_000;
/** After this time of the clock, and real time for tasks on a busy machine, what is not done is lost. */
const PATIENCE_MS = 30 * MINUTE_MS;
/** After this time, tasks that have nothing but jobs that wait are stopped. */
const ONE_TASK_AFTER_MS = 25 * MINUTE_MS;
/** Real time for the start of tasks on a busy machine. */
const START_MS = 240_000;
const LOOK_MS = 50;
const APART_MS = 300;
const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));

interface Evidence {
  readonly outage: 'call' | 'done';
  readonly cell: string;
  readonly id: string;
  readonly at: number;
  readonly task: string;
}

export async function play({ cells, seconds, speed, toolsDir, line }: PlayOptions): Promise<Measured[]> {
  const withDatabase = cells.filter(
    (cell) => cell.dependency === 'PostgreSQL' || constructOf(cell).usesDatabase === true,
  );
  const api = new Api();
  const apiUrl = await api.listen();
  const database = withDatabase.length > 0 ? await Database.start(withDatabase) : undefined;
  const app = mkdtempSync(join(tmpdir(), 'fileworks-outages-'));
  const evidence: Evidence[] = [];
  let stop = (): Promise<void> => Promise.resolve();
  try {
    synthesize(app, cells, (cell) => ({
      API_URL: apiUrl,
      ...(withDatabase.includes(cell) && { DATABASE_URL: database!.urlOf(cell), DATABASE_CA: database!.ca }),
    }));
    const cloud = await LocalCloud.start({
      app,
      toolsDir,
      speed,
      processClock: 'cloud',
      tasks: { tasks: programsOf(cells) },
      on: {
        output: ({ taskArn, line: text }) => {
          if (text.startsWith('{"outage"')) {
            evidence.push({ ...(JSON.parse(text) as Evidence), task: taskArn });
          } else if (process.env.FILEWORKS_OUTAGES_OUTPUT !== undefined) {
            line(text);
          }
        },
      },
    });
    stop = () => cloud.stop();
    const account = new Account(cloud);
    const begin = async (cell: Cell): Promise<() => unknown> => {
      await constructOf(cell).begin?.(account, cell, api);
      if (cell.form === 'secret rotated') {
        const token = `rotated-${cell.id}`;
        api.requireToken(cell.id, token);
        await account.putSecret(`${cell.id}SecretName`, token);
      }
      return cell.dependency === 'HTTP API'
        ? api.begin(cell)
        : cell.dependency === 'PostgreSQL'
          ? database!.begin(cell)
          : beginAwsOutage(cloud, cell);
    };
    for (const cell of cells) {
      await constructOf(cell).prepare?.(account, cell);
    }
    const player = { account, database: database!, evidence, begin, seconds, line };
    // At a distance: all of them in one moment would be a test of this machine
    return await Promise.all(cells.map((cell, index) => delay(index * APART_MS).then(() => playCell(player, cell))));
  } finally {
    await stop();
    await database?.stop();
    api.close();
    rmSync(app, { recursive: true, force: true });
  }
}

/** The commands of images. */
function programsOf(cells: readonly Cell[]): { image: string; command: string[] }[] {
  const programs = new Set(cells.flatMap((cell) => constructOf(cell).program ?? []));
  return [...programs].map((program) => ({
    image: imageOf(program),
    command: [process.execPath, join(PROGRAMS, program)],
  }));
}

interface Player {
  readonly account: Account;
  /** There is none if no cell needs it. */
  readonly database: Database;
  readonly evidence: Evidence[];
  readonly begin: (cell: Cell) => Promise<() => unknown>;
  readonly seconds: number;
  readonly line: (line: string) => void;
}

async function playCell({ account, database, evidence, begin, seconds, line }: Player, cell: Cell): Promise<Measured> {
  const { cloud } = account;
  const construct = constructOf(cell);
  let sent = 0;
  const send = async (count: number) => {
    for (const last = sent + count; sent < last; sent++) {
      await construct.send(account, cell, sent);
    }
  };
  const own = () => evidence.filter(({ cell: id }) => id === cell.id);
  const done = () => own().filter(({ outage }) => outage === 'done');
  const ids = () => new Set(done().map(({ id }) => id));
  /** What no program prints. */
  const look = async () => {
    const found = (await construct.done?.(cell, database, account)) ?? [];
    for (const id of found.slice(done().length)) {
      evidence.push({ outage: 'done', cell: cell.id, id, at: cloud.clock.now(), task: '' });
    }
  };
  await send(JOBS.before);
  const startedBy = Date.now() + START_MS;
  while (ids().size < JOBS.before) {
    if (Date.now() > startedBy) {
      throw new Error(`${cell.id} has done nothing in ${START_MS / 1_000} s`);
    }
    await delay(LOOK_MS);
    await look();
  }
  const alarm = () =>
    cloud.alarms().find(({ logicalId }) => logicalId.startsWith(`${cell.id}${cell.alarm}`))?.transitions ?? [];
  const end = await begin(cell);
  const beganAt = cloud.clock.now();
  await send(JOBS.beginning);
  await until(cloud, beganAt + (seconds * 1_000) / 2);
  await send(JOBS.middle);
  await until(cloud, beganAt + seconds * 1_000);
  await look();
  const doneBefore = done().length;
  await end();
  const endedAt = cloud.clock.now();
  await send(JOBS.end);
  const patientUntil = Date.now() + START_MS;
  while (cloud.clock.now() < endedAt + PATIENCE_MS || Date.now() < patientUntil) {
    const isOk = alarm().at(-1)?.to !== 'ALARM';
    if (ids().size === ALL_JOBS && isOk) {
      break;
    }
    await delay(LOOK_MS);
    await look();
  }
  const calls = own().filter(({ outage, at }) => outage === 'call' && at >= beganAt && at < endedAt);
  const invocations = await account.countInvocations(`${cell.id}Functions`, beganAt, endedAt);
  const late = calls.filter(({ at }) => at >= beganAt + ONE_TASK_AFTER_MS);
  const after = (from: number, at: number | undefined) =>
    at === undefined ? undefined : Math.round((at - from) / 1_000);
  const results = await construct.results(account, cell, database);
  line(
    `${cell.id}: done ${ids().size} of ${ALL_JOBS}, ${doneBefore} of them before the end of the outage, ${calls.length} calls`,
  );
  return {
    cell,
    seconds,
    jobs: ALL_JOBS,
    lost: ALL_JOBS - results,
    doubled: done().length - ids().size,
    deadLetters: await construct.deadLetters(account, cell),
    alarmAfterSeconds: after(beganAt, alarm().find(({ to, at }) => to === 'ALARM' && at >= beganAt)?.at),
    okAfterSeconds: after(endedAt, alarm().find(({ to, at }) => to === 'OK' && at >= endedAt)?.at),
    workAfterSeconds: after(endedAt, done().at(doneBefore)?.at),
    calls: Math.max(0, calls.length + invocations - JOBS.beginning),
    lateCallers: new Set(late.map(({ task }) => task)).size,
  };
}

async function until(cloud: LocalCloud, moment: number): Promise<void> {
  while (cloud.clock.now() < moment) {
    await delay(Math.min(LOOK_MS * 10, (moment - cloud.clock.now()) / cloud.clock.speed));
  }
}

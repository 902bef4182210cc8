import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ExportApiClient } from '../../../src/runtime/exports/index.js';
import { CircuitWatch, ExportMetrics } from '../../../src/runtime/jobs/export/index.js';
import type { CircuitBreakerEvents } from '../../../src/runtime/support/circuit-breaker.js';
import type { SdkClient } from '../../../src/runtime/support/sdk-client.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

interface Call {
  readonly input: {
    readonly ExpressionAttributeValues?: { readonly ':until': { readonly N: string } };
    readonly SuspendedState?: { readonly DynamicScalingOutSuspended: boolean };
  };
}

/** The one item that tasks share. */
let openUntil: string | undefined;
let failing: boolean;
/** The states set in Application Auto Scaling, in order. */
let states: unknown[];
let clock: ManualClock;
const started: CircuitWatch[] = [];

beforeEach(() => {
  openUntil = undefined;
  failing = false;
  states = [];
  clock = new ManualClock();
});

afterEach(() => Promise.all(started.splice(0).map((watch) => watch.stop())));

const client = {
  send: ({ input }: Call) => {
    if (failing) {
      return Promise.reject(new Error('away too'));
    }
    openUntil = input.ExpressionAttributeValues?.[':until'].N ?? openUntil;
    return Promise.resolve({ Item: openUntil === undefined ? undefined : { openUntil: { N: openUntil } } });
  },
} as unknown as DynamoDBClient;
const autoScaling = {
  send: ({ input }: Call) => Promise.resolve(void states.push(input.SuspendedState?.DynamicScalingOutSuspended)),
} as unknown as SdkClient;

class FakeApi {
  circuitOpen = false;
  readonly #listeners: CircuitBreakerEvents[] = [];

  onCircuit(events: CircuitBreakerEvents): void {
    this.#listeners.push(events);
  }

  set(open: boolean): void {
    this.circuitOpen = open;
    this.#listeners.forEach(({ onOpen, onClose }) => (open ? onOpen : onClose)());
  }
}

function watch(suspends: boolean, metrics?: ExportMetrics): FakeApi {
  const api = new FakeApi();
  const circuitWatch = new CircuitWatch({
    api: api as unknown as ExportApiClient,
    client,
    tableName: 'jobs',
    name: 'exports',
    clock,
    ...(suspends && { suspends: { client: autoScaling, service: 'service/cluster/worker' } }),
    ...(metrics && { metrics }),
  });
  started.push(circuitWatch);
  circuitWatch.start();
  return api;
}

it('sets at its start what is right, and then says nothing while all is well', async () => {
  watch(true);
  await clock.advance(600_000);
  expect(states).toEqual([false]);
});

it('suspends the scale-out at once, keeps it so, and ends it within 40 seconds after the API is back', async () => {
  const api = watch(true);
  await clock.advance(1_000);
  api.set(true);
  await clock.advance(0);
  expect(states).toEqual([false, true]);
  await clock.advance(120_000);
  expect(states.at(-1)).toBe(true);
  api.set(false);
  await clock.advance(40_000);
  expect(states.at(-1)).toBe(false);
});

it('does so for a task that cannot itself, also when that dies', async () => {
  watch(true);
  const other = watch(false);
  other.set(true);
  await clock.advance(20_000);
  expect(states.at(-1)).toBe(true);
  await started[1].stop();
  await clock.advance(60_000);
  expect(states.at(-1)).toBe(false);
});

it('says for five minutes that the suspension is over, and no longer', async () => {
  const api = watch(true);
  api.set(true);
  await clock.advance(0);
  api.set(false);
  await clock.advance(600_000);
  const calls = states.length;
  expect(states.slice(-20)).not.toContain(true);
  await clock.advance(600_000);
  expect(states).toHaveLength(calls);
});

it('continues checking when the table does not respond', async () => {
  const api = watch(true);
  await clock.advance(1_000);
  failing = true;
  api.set(true);
  await clock.advance(10_000);
  expect(states).toEqual([false]);
  failing = false;
  await clock.advance(10_000);
  expect(states.at(-1)).toBe(true);
});

it('reports the metric, with half open as open', async () => {
  const lines: string[] = [];
  const api = watch(false, new ExportMetrics('Pipeline/Exports', { clock, write: (line) => lines.push(line) }));
  await clock.advance(5_000);
  api.circuitOpen = true;
  await clock.advance(60_000);
  expect(JSON.parse(lines[0])).toMatchObject({ ExportService: 'Pipeline/Exports', CircuitOpen: [0, 1, 1, 1, 1, 1] });
});

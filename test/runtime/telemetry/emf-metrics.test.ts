import { EmfMetrics } from '../../../src/runtime/telemetry/index.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

function setup() {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const metrics = new EmfMetrics({ clock, write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { clock, lines, metrics };
}

it('writes the sums of a minute, one line for each queue, with the queue as the only dimension', async () => {
  const { clock, lines, metrics } = setup();
  metrics.count('jobs', 'jobsSucceeded');
  metrics.count('jobs', 'jobsSucceeded');
  metrics.count('jobs', 'apiCalls', 5);
  metrics.duration('jobs', 40);
  metrics.duration('jobs', 60);
  metrics.count('other', 'leasesLost');
  await clock.advance(59_000);
  expect(lines).toEqual([]);
  await clock.advance(1_000);
  expect(lines).toEqual([
    expect.objectContaining({ QueueName: 'jobs', JobsSucceeded: 2, ApiCalls: 5, JobDuration: [40, 60] }),
    expect.objectContaining({ QueueName: 'other', LeasesLost: 1 }),
  ]);
  expect(lines[0]?._aws).toMatchObject({
    CloudWatchMetrics: [{ Namespace: 'Fileworks', Dimensions: [['QueueName']] }],
  });
});

it('writes nothing in a minute without work', async () => {
  const { clock, lines } = setup();
  await clock.advance(300_000);
  expect(lines).toEqual([]);
});

it('keeps a sample of 99 durations, whatever their number', () => {
  const { lines, metrics } = setup();
  for (let n = 0; n < 10_000; n += 1) {
    metrics.duration('jobs', n);
  }
  metrics.flush();
  const durations = lines[0]?.JobDuration as number[];
  expect(durations).toHaveLength(99);
  expect(Math.max(...durations)).toBeGreaterThan(5_000);
});

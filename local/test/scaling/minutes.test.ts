import { clientConfig, makeAccessKeys } from '../../src/clients';
import { Autoscaler } from '../../src/scaling/autoscaler';

const MINUTE_MS = 60_000;

test('every minute that has ended since the start is evaluated once, in order, and none before', async () => {
  let now = 100.5 * MINUTE_MS;
  const reported: number[] = [];
  const keys = makeAccessKeys();
  const autoscaler = new Autoscaler({
    clientConfig: (environment) => clientConfig('http://127.0.0.1:1', keys, environment),
    clock: { now: () => now, untilNextMinute: () => 1_000_000 },
    report: (minute) => {
      reported.push(minute);
      return Promise.resolve({ data: [], alarms: {} });
    },
    line: (line) => {
      throw new Error(line);
    },
    alarm: () => undefined,
    scaling: () => undefined,
  });
  // GIVEN an app whose deployment takes ten minutes of the clock.
  now += 10 * MINUTE_MS;
  autoscaler.start();
  await autoscaler.minutes();
  expect(reported).toEqual([]);
  now += 3 * MINUTE_MS;
  await Promise.all([autoscaler.minutes(), autoscaler.minutes()]);
  expect(reported).toEqual([110, 111, 112]);
  await autoscaler.stop();
});

import { untilWritten } from '../../../src/runtime/support/until-written.js';
import { ManualClock } from '../../../src/runtime/testing/index.js';

const denied = () => Object.assign(new Error('denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

test('a result is written again until the dependency takes it, at most once in five seconds', async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  const written = untilWritten(
    () => {
      at.push(clock.now());
      return clock.now() < 3_600_000 ? Promise.reject(denied()) : Promise.resolve('written');
    },
    { clock },
  );
  await clock.advance(2 * 3_600_000);
  expect(await written).toBe('written');
  expect(Math.min(...at.slice(1).map((time, index) => time - at[index]))).toBeGreaterThanOrEqual(5_000);
  expect(at.at(-1)).toBeLessThanOrEqual(3_660_000);
});

test('a result that is wrong itself is not written again', async () => {
  const write = jest.fn(() => Promise.reject(new Error('too large')));
  await expect(untilWritten(write)).rejects.toThrow('too large');
  expect(write).toHaveBeenCalledTimes(1);
});

test('the end of the lease ends the attempts, with the error of the last one', async () => {
  const clock = new ManualClock();
  const lease = new AbortController();
  const written = untilWritten(() => Promise.reject(denied()), { clock, signal: lease.signal });
  const ended = expect(written).rejects.toThrow('denied');
  await clock.advance(60_000);
  lease.abort();
  await clock.advance(0);
  await ended;
});

import { Circuit } from '../../../src/runtime/support/circuit-breaker.js';
import { until } from '../support/until.js';

function setup() {
  const log: string[] = [];
  const circuit = new Circuit(
    { minimumJobs: 4, resetSeconds: 0.2 },
    { onOpen: () => log.push('open'), onClose: () => log.push('close') },
    (error) => (error as Error).message !== 'no failure',
  );
  const fail = (text = 'failure') =>
    circuit.run(() => Promise.reject(new Error(text))).catch((caught: unknown) => caught);
  return { circuit, fail, log };
}

it('opens when most jobs fail, holds jobs that come, and lets them run when it closes', async () => {
  const { circuit, fail, log } = setup();
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  expect(log).toEqual(['open']);
  let runs = 0;
  const held = [1, 2].map(() => circuit.run(() => Promise.resolve((runs += 1))));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(runs).toBe(0);
  await Promise.all(held);
  expect(runs).toBe(2);
  expect(log).toEqual(['open', 'close', 'close']);
});

it('opens again when the job that tries fails too', async () => {
  const { fail, log } = setup();
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  await until(() => log.includes('close'));
  await fail();
  expect(log).toEqual(['open', 'close', 'open']);
});

it('holds many jobs without a warning about listeners', async () => {
  const { circuit, fail } = setup();
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  for (let n = 0; n < 4; n += 1) {
    await fail();
  }
  await Promise.all(Array.from({ length: 50 }, () => circuit.run(() => Promise.resolve())));
  expect(warn).not.toHaveBeenCalled();
});

it('fails with the options that are out of range', () => {
  const nothing = () => undefined;
  const create = () =>
    new Circuit({ failurePercentage: 0, resetSeconds: -1 }, { onOpen: nothing, onClose: nothing }, () => true);
  expect(create).toThrow(/`failurePercentage`[^]*`resetSeconds`/);
});

it('does not count what is no failure', async () => {
  const { fail, log } = setup();
  for (let n = 0; n < 20; n += 1) {
    await fail('no failure');
  }
  expect(log).toEqual([]);
});

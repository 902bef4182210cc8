import { parseExpression } from '../../local/src/scaling/metric-math';
import { backlogOf, notStartedOf } from '../../src/contract/queue-metrics';

type Minute = Readonly<Record<string, number>>;

const evaluate = (expression: string, minute: Minute) => parseExpression(expression)((id) => minute[id]);
const one = [['visible'], ['inFlight']] as const;
const two = [
  ['visible', 'visible2'],
  ['inFlight', 'inFlight2'],
] as const;

describe('the backlog', () => {
  it.each<[string, Minute, number | undefined]>([
    ['counts both', { visible: 2, inFlight: 3 }, 5],
    ['of an idle queue is 0 when AWS reports zeros', { visible: 0, inFlight: 0 }, 0],
    ['of an idle queue is 0 when AWS reports nothing in flight', { visible: 0 }, 0],
    ['has no data point for an inactive queue, or while its data is late', {}, undefined],
    ['has no data point while the visible messages are late', { inFlight: 3 }, undefined],
  ])('of one queue: %s', (_, minute, expected) => {
    expect(evaluate(backlogOf(...one), minute)).toBe(expected);
  });

  it.each<[string, Minute, number | undefined]>([
    ['counts all', { visible: 1, visible2: 2, inFlight: 3, inFlight2: 4 }, 10],
    ['counts an inactive queue as empty', { visible2: 2, inFlight2: 4 }, 6],
    ['of idle queues is 0', { visible: 0, visible2: 0 }, 0],
    ['of an idle queue beside an inactive one is 0', { visible2: 0 }, 0],
    ['has no data point for inactive queues, or while their data is late', {}, undefined],
  ])('of two queues: %s', (_, minute, expected) => {
    expect(evaluate(backlogOf(...two), minute)).toBe(expected);
  });
});

describe('jobs that are not started', () => {
  it.each<[string, Minute, number | undefined]>([
    ['are the visible ones while AWS reports none in flight', { visible: 2 }, 2],
    ['are the visible ones while AWS reports zeros', { visible: 2, inFlight: 0 }, 2],
    ['are none while one is in flight', { visible: 2, inFlight: 1 }, 0],
    ['are unknown without metrics', {}, undefined],
  ])('%s', (_, minute, expected) => {
    expect(evaluate(notStartedOf(...one), minute)).toBe(expected);
  });

  it('are those of all queues', () => {
    expect(evaluate(notStartedOf(...two), { visible2: 2 })).toBe(2);
    expect(evaluate(notStartedOf(...two), { visible: 1, visible2: 2, inFlight2: 1 })).toBe(0);
    expect(evaluate(notStartedOf(...two), {})).toBeUndefined();
  });
});

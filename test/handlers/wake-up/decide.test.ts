import { decide, MAX_WATCH_SECONDS, WATCH_SECONDS, type Observation } from '../../../src/handlers/wake-up/decide';

const sizing = { minTasks: 0, maxTasks: 20, messagesPerTask: 4 };
const asleep: Observation = { ageSeconds: 120, justArrived: false, backlog: 0, reported: [] };

describe('the floor', () => {
  it.each([
    [1, 1],
    [4, 1],
    [5, 2],
    [41, 11],
    [80, 20],
    [81, 20],
    [100_000, 20],
  ])('for a backlog of %i is %i tasks', (backlog, floor) => {
    expect(decide({ ...asleep, backlog }, sizing)).toEqual({ floor, again: true });
  });

  it('is one task for an arrival that the queue does not count yet', () => {
    expect(decide({ ...asleep, ageSeconds: 2, justArrived: true }, sizing)).toEqual({ floor: 1, again: true });
  });

  it('is never below minTasks', () => {
    expect(decide({ ...asleep, backlog: 1 }, { ...sizing, minTasks: 3 })).toEqual({ floor: 3, again: true });
  });

  it('counts with shares of a task, which a latency target gives', () => {
    expect(decide({ ...asleep, backlog: 7 }, { ...sizing, messagesPerTask: 2.5 }).floor).toBe(3);
  });
});

describe('the metrics', () => {
  it.each<[string, number[]]>([
    ['sleep', []],
    ['still show an empty queue, for which the idle alarm is in ALARM', [0, 0, 0]],
    ['show the backlog for the first time, which an alarm may not have evaluated', [40]],
    ['showed a smaller backlog before', [40, 12]],
    ['show a part of the burst', [20, 20]],
  ])('leave the floor while they %s', (_, reported) => {
    expect(decide({ ...asleep, backlog: 40, reported }, sizing)).toEqual({ floor: 10, again: true });
  });

  it.each<[string, number[]]>([
    ['show the whole backlog in two minutes', [40, 40, 0]],
    ['show more, because it is being processed', [60, 80]],
    ['ask for as many tasks, if not for as many jobs', [37, 37]],
  ])('take the floor over once they %s', (_, reported) => {
    expect(decide({ ...asleep, ageSeconds: WATCH_SECONDS, backlog: 40, reported }, sizing)).toEqual({
      floor: 0,
      again: false,
    });
  });

  it('take it over when both ask for all the tasks that there are', () => {
    expect(decide({ ...asleep, backlog: 5_000, reported: [900, 100] }, sizing).floor).toBe(0);
  });
});

describe('the watch', () => {
  it('continues while SQS deduplicates further arrivals, although the minimum is reset', () => {
    expect(decide({ ...asleep, ageSeconds: WATCH_SECONDS - 1 }, sizing)).toEqual({ floor: 0, again: true });
    expect(decide({ ...asleep, ageSeconds: WATCH_SECONDS }, sizing)).toEqual({ floor: 0, again: false });
    expect(WATCH_SECONDS).toBeGreaterThan(300 + 60);
  });

  it('continues without metrics, and resets the minimum when they never resume', () => {
    expect(decide({ ...asleep, ageSeconds: MAX_WATCH_SECONDS - 1, backlog: 8 }, sizing)).toEqual({
      floor: 2,
      again: true,
    });
    expect(decide({ ...asleep, ageSeconds: MAX_WATCH_SECONDS, backlog: 8 }, sizing)).toEqual({
      floor: 0,
      again: false,
    });
  });
});

describe('a burst, an empty queue, and a burst again within five minutes', () => {
  /** The queue each minute after an arrival whose message holds back all others of the next five minutes. */
  const backlogs = [0, 40, 12, 0, 40, 40, 12, 0, 0, 0];
  /** What alarms know at a look is one minute old and was measured over the minute before. */
  const look = (minute: number): Observation => ({
    ageSeconds: 5 + 60 * minute,
    justArrived: minute === 0,
    backlog: backlogs[minute],
    reported: backlogs.slice(0, Math.max(0, minute - 1)).reverse(),
  });

  it('starts tasks for both, with one message, and ends without a floor', () => {
    const decisions = backlogs.map((_, minute) => decide(look(minute), sizing));
    const last = decisions.findIndex(({ again }) => !again);

    expect(decisions.slice(0, last + 1)).toEqual([
      { floor: 1, again: true },
      { floor: 10, again: true },
      { floor: 3, again: true },
      { floor: 0, again: true },
      { floor: 10, again: true },
      { floor: 10, again: true },
      { floor: 3, again: true },
      { floor: 0, again: false },
    ]);
  });
});

import { readScaling } from '../../simulator/template/read-scaling';
import { readWorker, type Worker } from '../../simulator/template/read-worker';
import { calm, dayOf, fixedScaling, jobsAt, plainWorker, run, scaledTemplate } from './support';

const spotWorker: Worker = { ...plainWorker, capacity: [{ spot: true, base: 0, weight: 1 }] };

function scaled(follows?: 'backlog' | 'visible') {
  const template = scaledTemplate(follows);
  const worker = readWorker(template);
  return { worker, scaling: readScaling(template, worker.service) };
}

describe('waiting', () => {
  test('a job on an idle task does not wait', () => {
    expect(run(plainWorker, fixedScaling(1), jobsAt([100, 60])).waits[0]).toBeCloseTo(0, 3);
  });

  test('a job behind another waits for it, and not with a second slot', () => {
    const workload = jobsAt([100, 60], [110, 60]);

    expect(run(plainWorker, fixedScaling(1), workload).waits[1]).toBeCloseTo(50, 1);
    expect(run({ ...plainWorker, slots: 2 }, fixedScaling(1), workload).waits[1]).toBeCloseTo(0, 3);
  });

  test('the first job of a service at zero waits for the metric, the alarm and the start of a task', () => {
    const { worker, scaling } = scaled();

    // Sent at 100 s: the minute ends at 120, alarms see it a minute later, the task takes 30 s.
    expect(run(worker, scaling, jobsAt([100, 60])).waits[0]).toBeCloseTo(120 + calm.metricDelaySeconds + 30 - 100, 0);
  });

  test('metrics of a queue that was idle for more than six hours resume late', () => {
    const { worker, scaling } = scaled();
    const workload = dayOf([
      {
        count: 1,
        atHour: 7,
        overMinutes: 1e-9,
        duration: { distribution: 'loguniform', fromSeconds: 60, toSeconds: 60 },
      },
    ]);

    const asleep = run(worker, scaling, workload).waits[0];
    const awake = run(worker, scaling, workload, { ...calm, queueSleepSeconds: Infinity }).waits[0];

    expect(awake).toBeLessThan(180);
    expect(asleep).toBeGreaterThan(awake + 60);
    expect(asleep).toBeLessThan(awake + calm.queueWakeSeconds + 60);
  });
});

describe('wake-up', () => {
  const workload = dayOf([
    { count: 40, atHour: 7, overMinutes: 1, duration: { distribution: 'loguniform', fromSeconds: 60, toSeconds: 60 } },
  ]);

  test('starts a task on arrival and keeps it until the metrics report the work', () => {
    const { worker, scaling } = scaled();

    const { activities, waits } = run({ ...worker, wake: 'one' }, scaling, workload);

    expect(activities[0]).toMatchObject({ policy: 'wake-up', from: 0, to: 1 });
    expect(activities[1].from).toBe(1);
    expect(activities[1].to).toBeGreaterThan(1);
    expect(Math.min(...waits)).toBeCloseTo(calm.wakeSeconds + 30, 0);
  });

  test('starts what the backlog needs when it follows it', () => {
    const { worker, scaling } = scaled();

    const { activities } = run({ ...worker, wake: 'backlog' }, scaling, workload);

    // Some of the 40 jobs of that minute have arrived by then, more than the maximum of 4 tasks.
    expect(activities[0]).toMatchObject({ policy: 'wake-up', from: 0, to: 4 });
  });
});

describe('scale-in', () => {
  /** Three jobs start four tasks; one job works on while nothing waits. */
  const workload = jobsAt([100, 600], [101, 60], [102, 60]);

  test('kills jobs of tasks that are not protected, and they start again', () => {
    const { worker, scaling } = scaled('visible');

    const results = [1, 2, 3, 4, 5].map((seed) => run(worker, scaling, workload, calm, seed));

    expect(results.some(({ killed }) => killed.scaleIn > 0)).toBe(true);
    for (const { waits, killed } of results.filter(({ unfinished }) => unfinished === 0)) {
      expect(waits).toHaveLength(3);
      // A restarted job has lost its earlier work, at least the stop timeout.
      if (killed.scaleIn > 0) {
        expect(Math.max(...waits)).toBeGreaterThan(worker.stopTimeoutSeconds);
      }
    }
  });

  test('does not stop protected tasks', () => {
    const { worker, scaling } = scaled('visible');

    for (const seed of [1, 2, 3, 4, 5]) {
      expect(run({ ...worker, protection: true }, scaling, workload, calm, seed).killed.scaleIn).toBe(0);
    }
  });

  test('lets a stopping task finish what it can within its stop timeout', () => {
    const { worker, scaling } = scaled('visible');
    const short = dayOf(
      [{ count: 600, hourlyWeights: [1, 1], duration: { distribution: 'loguniform', fromSeconds: 20, toSeconds: 25 } }],
      2,
    );

    expect(run({ ...worker, stopTimeoutSeconds: 30 }, scaling, short).killed.scaleIn).toBe(0);
    expect(run({ ...worker, stopTimeoutSeconds: 2 }, scaling, short).killed.scaleIn).toBeGreaterThan(0);
  });
});

describe('Spot', () => {
  const workload = dayOf(
    [
      {
        count: 200,
        hourlyWeights: [1, 1, 1, 1],
        duration: { distribution: 'loguniform', fromSeconds: 600, toSeconds: 600 },
      },
    ],
    4,
  );

  test('reclaims kill jobs, which then start again; on-demand tasks are never reclaimed', () => {
    const often = { ...calm, spotReclaimsPerTaskHour: 1 };

    const spot = run(spotWorker, fixedScaling(20), workload, often);

    expect(spot.killed.spot).toBeGreaterThan(0);
    expect(spot.waits).toHaveLength(200);
    expect(run(plainWorker, fixedScaling(20), workload, often).killed.spot).toBe(0);
  });

  test('a message that is received too often goes to the dead-letter queue', () => {
    const scaling = { ...fixedScaling(20), queue: { name: 'Queue', maxReceiveCount: 1 } };

    const { deadLetters, killed, waits } = run(spotWorker, scaling, workload, { ...calm, spotReclaimsPerTaskHour: 1 });

    expect(deadLetters).toBe(killed.spot);
    expect(waits).toHaveLength(200 - deadLetters);
  });

  test('base and weights decide which tasks run on it', () => {
    const mixed: Worker = {
      ...plainWorker,
      capacity: [
        { spot: false, base: 2, weight: 1 },
        { spot: true, base: 0, weight: 3 },
      ],
    };

    const { billed } = run(mixed, fixedScaling(10), jobsAt([0, 60]));

    expect(billed.spotSeconds / billed.onDemandSeconds).toBeCloseTo(6 / 4, 5);
  });
});

describe('limits and bills', () => {
  test('tasks start no faster than Fargate launches them for a service', () => {
    const { worker, scaling } = scaled();

    const { minutes } = run(worker, scaling, jobsAt([1, 600], [1, 600], [1, 600]), { ...calm, launchesPerMinute: 1 });

    // Wanted at 120 s, launched at 180, 240, 300 and 360 s, running 30 s later.
    expect(minutes.slice(2, 7).map(({ running }) => running)).toEqual([0, 1, 2, 3, 4]);
  });

  test('a service never wants more tasks than the quota', () => {
    const { worker, scaling } = scaled();

    const { minutes } = run(worker, scaling, jobsAt([1, 600], [1, 600], [1, 600]), { ...calm, tasksPerService: 3 });

    expect(Math.max(...minutes.map(({ running }) => running))).toBe(3);
  });

  test('bills a task from its image pull to its end', () => {
    const { billed } = run(plainWorker, fixedScaling(2), jobsAt([100, 60]));

    expect(billed.onDemandSeconds).toBeCloseTo(2 * (2 * 3_600 - calm.unbilledStartSeconds), 0);
  });

  test('the same seed gives the same result, another one does not', () => {
    const { worker, scaling } = scaled();
    const workload = dayOf(
      [{ count: 100, hourlyWeights: [1, 1], duration: { distribution: 'exponential', meanSeconds: 30 } }],
      2,
    );

    expect(run(worker, scaling, workload, calm, 7)).toEqual(run(worker, scaling, workload, calm, 7));
    expect(run(worker, scaling, workload, calm, 8).waits).not.toEqual(run(worker, scaling, workload, calm, 7).waits);
  });
});

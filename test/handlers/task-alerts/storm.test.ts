import * as fc from 'fast-check';
import { AlertSeverity } from '../../../src/contract/task-alerts';
import type { Alert } from '../../../src/handlers/task-alerts/classify';
import { localDynamoDb, type LocalDynamoDb } from '../../formats/support/local-dynamodb';
import { AlertWorld, type TopicState } from './alert-world';

jest.setTimeout(300_000);

const budget = { periodSeconds: 900, maxAlerts: 4, maxAlertsPerGroup: 2 };
const PERIOD_MINUTES = 15;
/** A shrunk storm would exceed the timeout, and a failed one can be replayed by its seed and path. */
const endOnFailure = true;

let dynamoDb: LocalDynamoDb;
let worlds = 0;

beforeAll(async () => {
  dynamoDb = await localDynamoDb();
});
beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => dynamoDb.stop());

const newWorld = () => AlertWorld.create(dynamoDb.client, `alerts-${++worlds}`, budget);

type Step =
  | { readonly alerts: readonly (readonly [AlertSeverity, string])[]; readonly twice: boolean }
  | { readonly minutes: number }
  | { readonly topic: TopicState }
  | { readonly failingCalls: readonly boolean[] };

const oneAlert = fc.tuple(
  fc.constantFrom(...Object.values(AlertSeverity)),
  fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
);
const alerts = fc.record({ alerts: fc.array(oneAlert, { minLength: 1, maxLength: 8 }), twice: fc.boolean() });
const minutes = fc.record({ minutes: fc.integer({ min: 1, max: 16 }) });
const topics = fc.record({
  topic: fc.constantFrom<TopicState>('refuses', 'refuses', 'accepts without an answer', 'accepts'),
});
const failingCalls = fc.record({ failingCalls: fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }) });
const storm = (...more: fc.Arbitrary<Step>[]) =>
  fc.array(fc.oneof<fc.Arbitrary<Step>[]>(alerts, minutes, ...more), { minLength: 4, maxLength: 10 });

/** Plays a storm, and then time without failures until every budget has opened again. */
async function play(world: AlertWorld, steps: readonly Step[], check: () => Promise<void>): Promise<Alert[]> {
  const raised: Alert[] = [];
  for (const step of steps) {
    if ('alerts' in step) {
      const created = step.alerts.map(([severity, group]) => world.alert(severity, group));
      raised.push(...created);
      await world.deliver(step.twice ? [...created, ...created] : created);
    } else if ('minutes' in step) {
      await world.passMinutes(step.minutes);
    } else if ('topic' in step) {
      world.topic = step.topic;
    } else {
      world.failingCalls.push(...step.failingCalls);
    }
    await check();
  }
  world.topic = 'accepts';
  world.failingCalls.length = 0;
  await world.passMinutes(PERIOD_MINUTES + 3);
  return raised;
}

const periodOf = (time: number) => Math.floor(time / 1_000 / budget.periodSeconds);
const raisedIn = ({ time }: Alert) => periodOf(Date.parse(time));

function counts(keys: readonly string[]): number[] {
  const found = new Map<string, number>();
  keys.forEach((key) => found.set(key, (found.get(key) ?? 0) + 1));
  return [...found.values()];
}

const idsOf = (world: AlertWorld) => world.published.flatMap(({ changeIds }) => changeIds);

test('every alert is published, and none is remembered as sent before, whatever fails in between', async () => {
  await fc.assert(
    fc.asyncProperty(storm(alerts, topics, failingCalls), async (steps) => {
      const world = await newWorld();
      const raised = await play(world, steps, async () => {
        const published = new Set(idsOf(world));
        const { sent } = await world.remembered();
        expect(sent.filter((id) => !published.has(id))).toEqual([]);
      });
      expect([...new Set(idsOf(world))].sort()).toEqual(raised.map(({ changeId }) => changeId).sort());
      expect((await world.remembered()).held).toEqual([]);
    }),
    { numRuns: 10, endOnFailure },
  );
});

test('without failures, every alert is published once and within the budgets', async () => {
  await fc.assert(
    fc.asyncProperty(storm(), async (steps) => {
      const world = await newWorld();
      const raised = await play(world, steps, () => Promise.resolve());
      // Two instances that handle the same event at the same time may both publish it
      const twice = steps.some((step) => 'twice' in step && step.twice);
      const ids = idsOf(world);
      expect((twice ? [...new Set(ids)] : ids).sort()).toEqual(raised.map(({ changeId }) => changeId).sort());
      const single = world.published.flatMap(({ alert, time }) =>
        alert ? [{ ...alert, period: periodOf(time) }] : [],
      );
      const bySeverity = counts(single.map(({ period, severity }) => `${period} ${severity}`));
      const byGroup = counts(single.map(({ period, severity, group }) => `${period} ${severity} ${group}`));
      expect(Math.max(0, ...bySeverity)).toBeLessThanOrEqual(budget.maxAlerts);
      expect(Math.max(0, ...byGroup)).toBeLessThanOrEqual(budget.maxAlertsPerGroup);
    }),
    { numRuns: 6, endOnFailure },
  );
});

test('the first alert of a group in a period is published at once, or in a digest within a minute if many groups fail', async () => {
  await fc.assert(
    fc.asyncProperty(storm(), async (steps) => {
      const world = await newWorld();
      // Two instances that handle the same event at the same time both take of the budget
      const once = steps.map((step) => ('twice' in step ? { ...step, twice: false } : step));
      const raised = await play(world, once, () => Promise.resolve());
      const sameGroup = (one: Alert, other: Alert) =>
        one.severity === other.severity && one.group === other.group && raisedIn(one) === raisedIn(other);
      for (const alert of raised) {
        const firstPublished = world.published.find(({ changeIds }) =>
          raised.some(({ changeId }, index) => sameGroup(raised[index], alert) && changeIds.includes(changeId)),
        )!;
        const firstRaised = raised.find((other) => sameGroup(other, alert))!;
        const failing = raised.filter(
          ({ severity }, index) => severity === alert.severity && raisedIn(raised[index]) === raisedIn(alert),
        );
        // Half of the budget is kept for the first alerts of groups
        const manyFail = new Set(failing.map(({ group }) => group)).size > budget.maxAlerts / 2;
        const delay = firstPublished.time - Date.parse(firstRaised.time);
        expect(delay).toBeLessThanOrEqual(manyFail ? 60_000 : 0);
      }
    }),
    { numRuns: 6, endOnFailure },
  );
});

test('25 Spot warnings of one service, and warnings of others, do not hold back errors', async () => {
  const world = await newWorld();
  const warnings = [...Array<string>(25).fill('spot'), 'a', 'b', 'c', 'd'];
  await world.deliver(warnings.map((group) => world.alert(AlertSeverity.warning, group)));
  const outOfMemory = ['memory', 'spot'].map((group) => world.alert(AlertSeverity.error, group));
  await world.deliver(outOfMemory);
  expect(idsOf(world)).toEqual(expect.arrayContaining(outOfMemory.map(({ changeId }) => changeId)));
  await world.passMinutes(PERIOD_MINUTES);
  expect(idsOf(world)).toHaveLength(warnings.length + 2);
});

test('tasks that wait for a dependency are in one digest for each period, and use up no budget', async () => {
  const world = await newWorld();
  for (let minute = 0; minute < 2 * PERIOD_MINUTES; minute++) {
    await world.deliver([{ ...world.alert(AlertSeverity.warning, 'a'), canWait: true }]);
    await world.passMinutes(1);
  }
  expect(world.published.map(({ alert, changeIds }) => [alert, changeIds.length])).toEqual([
    [undefined, PERIOD_MINUTES],
    [undefined, PERIOD_MINUTES],
  ]);
  await world.deliver([world.alert(AlertSeverity.warning, 'a')]);
  expect(world.published.at(-1)?.alert).toBeDefined();
});

test('while the topic refuses, one attempt a minute; afterwards everything within a minute, and no budget is spent', async () => {
  const world = await newWorld();
  world.topic = 'refuses';
  await world.deliver([world.alert(AlertSeverity.error, 'a')]);
  for (let minute = 0; minute < 10; minute++) {
    await world.deliver([world.alert(AlertSeverity.error, 'a'), world.alert(AlertSeverity.warning, 'b')]);
    await world.passMinutes(1);
  }
  expect(world.published).toEqual([]);
  expect(world.attempts).toBe(1 + 10);
  world.topic = 'accepts';
  await world.passMinutes(2);
  expect(idsOf(world)).toHaveLength(21);
  world.published.length = 0;
  for (let number = 0; number < budget.maxAlertsPerGroup; number++) {
    await world.deliver([world.alert(AlertSeverity.error, 'a')]);
  }
  expect(world.published.map(({ alert }) => alert?.group)).toEqual(['a', 'a']);
});

test('while the table is unavailable, events fail and are handled again', async () => {
  const world = await newWorld();
  world.failingCalls.push(...Array.from({ length: 40 }, () => true));
  await world.deliver([world.alert(AlertSeverity.error, 'a')]);
  await world.passMinutes(2);
  expect(world.published).toEqual([]);
  world.failingCalls.length = 0;
  await world.passMinutes(1);
  expect(idsOf(world)).toEqual(['change-1']);
});

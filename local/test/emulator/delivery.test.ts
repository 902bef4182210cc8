import { probe } from '../support/probe';

jest.setTimeout(120_000);

/** Plays deliveries to a target that never answers, on a clock that only the waits move. */
const PLAY = `
import json, sys
import clock
from targets import dead_letters, delivery, permissions
from targets.errors import DeliveryError

def play(policy, transient):
    now, waiting, ended, attempts = [0.0], [], [], [0]
    def later(seconds, function, *args):
        waiting.append((now[0] + seconds, function, args))
    def attempt(target, event, rule, view):
        attempts[0] += 1
        assert event[delivery.ATTEMPT] == attempts[0]
        raise DeliveryError("ERROR_FROM_TARGET", "no capacity", api_code="AmazonECSException", transient=transient)
    def send(delivery, error, retries, exhausted):
        ended.append({"retries": retries, "exhausted": exhausted, "hours": now[0] / 3600})
    clock.now, clock.later, dead_letters.send, permissions.check = lambda: now[0], later, send, lambda *_: None
    delivery._deliver(attempt, ({"Arn": "arn:t", "RetryPolicy": policy}, {}, {"Name": "r", "Arn": "arn:aws:events:us-east-1:000000000000:rule/r"}, None), 0.0, 0)
    while waiting:
        now[0], function, args = waiting.pop()
        function(*args)
    [end] = ended
    return {**end, "attempts": attempts[0]}

print(json.dumps([play(policy, transient) for policy, transient in json.loads(sys.argv[1])]))
`;

const play = (...cases: readonly [policy: object, transient: boolean][]) => probe<unknown>(PLAY, JSON.stringify(cases));

test('a target is called again until its retries are exhausted, or the event is too old', async () => {
  const [byDefault, attempts, age, forGood] = (await play(
    [{}, true],
    [{ MaximumRetryAttempts: '3' }, true],
    [{ MaximumEventAgeInSeconds: '60' }, true],
    [{}, false],
  )) as { hours: number }[];
  expect(byDefault).toMatchObject({ retries: 185, exhausted: 'MaximumRetryAttempts', attempts: 186 });
  expect(byDefault.hours).toBeGreaterThan(12);
  expect(byDefault.hours).toBeLessThan(24);
  expect(attempts).toMatchObject({ retries: 3, exhausted: 'MaximumRetryAttempts', attempts: 4 });
  expect(age).toMatchObject({ exhausted: 'MaximumEventAgeInSeconds' });
  expect(age.hours).toBeLessThanOrEqual(60 / 3600);
  expect(forGood).toEqual({ retries: 0, exhausted: null, attempts: 1, hours: 0 });
});

import { longestCronGap } from '../../../src/constructs/private/cron-gap';

const HOUR = 60;
const DAY = 24 * HOUR;

it.each<[string, number | undefined]>([
  ['cron(0 2 * * ? *)', DAY],
  ['cron(30 2 ? * * *)', DAY],
  ['cron(0 2,14 * * ? *)', 12 * HOUR],
  ['cron(0 8-17 * * ? *)', 15 * HOUR],
  ['cron(0/15 * * * ? *)', 15],
  ['cron(*/10 8-9 * * ? *)', 24 * HOUR - (HOUR + 50)],
  ['cron(0 2 ? * MON-FRI *)', 3 * DAY],
  ['cron(0 2 ? * 2-6 *)', 3 * DAY],
  ['cron(0 2 ? * sun *)', 7 * DAY],
  ['cron(0 2 ? * MON,THU *)', 4 * DAY],
  ['cron(0 6,18 ? * TUE-SAT *)', 3 * DAY - 12 * HOUR],
  ['cron(0 2 1 * ? *)', 31 * DAY],
  ['cron(0 2 1,15 * ? *)', 17 * DAY],
  // No 29 February in 1900 or 2100; the next ones are four years apart
  ['cron(0 2 29 2 ? *)', 4 * 365 * DAY + DAY],
  ['cron(0 2 1 JAN-MAR ? *)', 306 * DAY],
  ['cron(0 2 L * ? *)', undefined],
  ['cron(0 2 ? * 2#1 *)', undefined],
  ['cron(0 2 15W * ? *)', undefined],
  ['cron(0 2 31 2 ? *)', undefined],
  ['cron(0 2 * * ? 2027)', undefined],
  ['cron(0 2 * *)', undefined],
  ['cron(0 2/0 * * ? *)', undefined],
  ['rate(1 hour)', undefined],
  ['at(2027-01-01T00:00:00)', undefined],
])('the longest time between two runs of %s is %p minutes', (expression, minutes) => {
  expect(longestCronGap(expression)).toBe(minutes);
});

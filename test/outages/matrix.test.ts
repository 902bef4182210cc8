import { nameOf } from './cell';
import { CELLS } from './cells';
import { EXPECTED_FAILURES } from './expected-failures';
import { findings, type Measured } from './measured';
import { report } from './report';

const kept: Measured = {
  cell: { ...CELLS[0], callers: 1 },
  seconds: 600,
  jobs: 10,
  lost: 0,
  doubled: 0,
  deadLetters: 0,
  alarmAfterSeconds: 480,
  okAfterSeconds: 300,
  workAfterSeconds: 120,
  calls: 60,
  lateCallers: 1,
};

test('each cell has a name and an id of its own', () => {
  expect(new Set(CELLS.map(nameOf)).size).toBe(CELLS.length);
  expect(new Set(CELLS.map(({ id }) => id.toLowerCase())).size).toBe(CELLS.length);
});

test('each line of the expected failures is about a cell', () => {
  const names = CELLS.map(nameOf);
  expect(EXPECTED_FAILURES.filter(({ cells }) => !names.some((name) => cells.test(name)))).toEqual([]);
});

test('what is within the promise has no findings', () => {
  expect(findings(kept)).toEqual([]);
  expect(findings({ ...kept, seconds: 30, calls: 3, alarmAfterSeconds: undefined, okAfterSeconds: undefined })).toEqual(
    [],
  );
});

test.each<[Partial<Measured>, string]>([
  [{ lost: 1 }, '1 jobs have no result'],
  [{ doubled: 2 }, '2 jobs were done more than once'],
  [{ deadLetters: 3 }, '3 jobs are in the dead-letter queue'],
  [{ workAfterSeconds: 121 }, 'work: after 121 s, not within 120 s'],
  [{ workAfterSeconds: undefined }, 'work: never'],
  [{ alarmAfterSeconds: 481 }, 'ALARM: after 481 s, not within 480 s'],
  [{ alarmAfterSeconds: undefined }, 'ALARM: never'],
  [{ okAfterSeconds: 301 }, 'OK: after 301 s, not within 300 s'],
  [{ okAfterSeconds: undefined }, 'OK: never'],
  [{ calls: 200 }, '200 calls, at most 60 are allowed'],
  [{ lateCallers: 2 }, '2 tasks probed after the first 25 minutes'],
])('%j is a finding', (change, finding) => {
  expect(findings({ ...kept, ...change })).toEqual([finding]);
});

test('the page has a table for each duration that was measured, and no others', () => {
  const page = report([
    { duration: '30s', measured: { ...kept, seconds: 30, calls: 1 } },
    { duration: '10min', measured: { ...kept, lost: 2 } },
  ]);
  expect(page.match(/^## .+$/gm)).toEqual(['## 30 seconds', '## 10 minutes']);
  expect(page).toContain('| queue worker | S3 results | denied | 0 | 0 | 0 | – | – | 120 s | 1 of 3 | yes |');
  expect(page).toContain('| 2 | 0 | 0 | 480 s | 300 s | 120 s | 60 of 60 | no: 2 jobs have no result |');
});

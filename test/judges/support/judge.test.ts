import { type Finding, problems } from './judge';

const finding: Finding = { rule: 'W1', where: 'app/Stack/Queue', message: 'no encryption' };
const suppression = { rule: 'W1', where: 'Queue$', reason: 'a reason' };

test('a finding with a reason is no problem', () => {
  expect(problems([finding, finding], { allowed: 1, suppressions: [suppression] })).toEqual([]);
});

test.each([
  ['another rule', { ...finding, rule: 'W2' }],
  ['another place', { ...finding, where: 'app/Stack/Topic' }],
])('a finding of %s is a problem, and so is the suppression without a finding', (_what, other) => {
  expect(problems([other], { allowed: 1, suppressions: [suppression] })).toEqual([
    `${other.rule} in ${other.where}: no encryption`,
    'the suppression of W1 in Queue$ is not needed: remove it',
  ]);
});

test('a suppression needs a reason', () => {
  expect(problems([finding], { allowed: 1, suppressions: [{ ...suppression, reason: '' }] })).toEqual([
    'the suppression of W1 has no reason',
  ]);
});

test.each([0, 2])('with %i allowed, one suppression is a problem: the number only falls', (allowed) => {
  expect(problems([finding], { allowed, suppressions: [suppression] })).toEqual([
    expect.stringMatching(`^1 suppressions, and ${allowed} are allowed`),
  ]);
});

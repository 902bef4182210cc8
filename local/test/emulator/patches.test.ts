import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { ensureToolchain, EMULATOR_DIR } from '../../src/emulator/toolchain';
import { TOOLS } from '../support/cloud';

jest.setTimeout(120_000);

/** Applies every patch in a fresh interpreter; runs its probe before and after. */
const PROBE = `
import json, patches
names = [m.__name__.rsplit(".", 1)[-1] for m in patches.ALL]
before = {n: m.needed() for n, m in zip(names, patches.ALL)}
applied = dict(patches.apply_all())
after = {n: m.needed() for n, m in zip(names, patches.ALL)}
from ministack.services import ecs
left = [len(list(s.all_items())) for s in (ecs._clusters, ecs._tasks, ecs._task_defs)]
print(json.dumps({"before": before, "applied": applied, "after": after, "left": left}))
`;

/** An addition of ours: no probe can find that it is not needed. */
const ALWAYS = ['ecs_placement'];

let answer: {
  before: Record<string, boolean>;
  applied: Record<string, string>;
  after: Record<string, boolean>;
  left: number[];
};

beforeAll(async () => {
  const python = await ensureToolchain({ toolsDir: TOOLS, python: 'python3', line: () => undefined });
  answer = JSON.parse(
    execFileSync(python, ['-B', '-c', PROBE], {
      cwd: resolve(EMULATOR_DIR),
      env: { PATH: process.env.PATH, PYTHONPATH: join(EMULATOR_DIR), MINISTACK_ACCOUNT_ID: '000000000000' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n')
      .at(-1)!,
  ) as typeof answer;
});

test('the pinned emulator needs every patch: remove a patch that it does not need', () => {
  expect(Object.entries(answer.before).filter(([, needed]) => !needed)).toEqual([]);
});

test('a patch fixes what its probe finds, so it would not be applied twice', () => {
  expect(Object.keys(answer.after).filter((name) => answer.after[name])).toEqual(ALWAYS);
});

test('probes leave no state behind', () => {
  expect(answer.left).toEqual([0, 0, 0]);
});

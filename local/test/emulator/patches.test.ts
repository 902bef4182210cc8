import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMULATOR_DIR } from '../../src/emulator/toolchain';
import { probe } from '../support/probe';

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
reports = {n: m.__doc__ for n, m in zip(names, patches.ALL)}
print(json.dumps({"before": before, "applied": applied, "after": after, "left": left, "reports": reports}))
`;

/** An addition of ours: no probe can find that it is not needed. */
const ALWAYS = ['ecs_placement'];

let answer: {
  before: Record<string, boolean>;
  applied: Record<string, string>;
  after: Record<string, boolean>;
  left: number[];
  reports: Record<string, string>;
};

beforeAll(async () => {
  answer = await probe(PROBE);
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

test('says of the pinned release which report upstream makes it superfluous, or that there is none', () => {
  const [, version] = /^ministack==(.+)$/m.exec(readFileSync(join(EMULATOR_DIR, 'requirements.in'), 'utf8'))!;
  const silent = Object.entries(answer.reports).filter(
    ([, text]) => !/upstream/i.test(text) || !text.includes(`ministack ${version}`),
  );
  expect(silent.map(([name]) => name)).toEqual([]);
});

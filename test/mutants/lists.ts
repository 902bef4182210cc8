import { decideMutants } from './decide.ts';
import { handlerMutants } from './handlers.ts';
import type { Mutant } from './mutant.ts';
import { storeMutants } from './stores.ts';
import { turnMutants } from './turns.ts';

export const lists: Readonly<Record<string, readonly Mutant[]>> = {
  dispatch: [...decideMutants, ...storeMutants, ...turnMutants, ...handlerMutants],
};

/** Configuration of Jest with the reference store in place of DynamoDB. */
export const IN_MEMORY = 'jest.in-memory.json';

const runtime = (...names: string[]) => names.map((name) => `test/runtime/dispatch/${name}.test`);
const CORE = [
  ...runtime(
    'identity',
    'run-file-task',
    'task-supervisor',
    'store',
    'storable-result',
    'model-based',
    'round-trips',
    'limit-turns',
  ),
  '--testNamePattern=^(?!.*(DynamoDB Local|PostgreSQL))',
];
const HANDLERS = [
  ...['-c', IN_MEMORY, '--testPathIgnorePatterns=dispatch-gate', '--testNamePattern=^(?!.*without a queue)'],
  ...['--testPathPatterns', 'test/handlers/dispatch', 'test/handlers/shared'],
];
const storeTests = (others: string) => [
  ...runtime('store-conditions', 'dynamodb-requests', 'throttled-commit', 'store'),
  `--testNamePattern=^(?!.*(${others}))`,
];
const tests: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^runtime\/dispatch\/decide/, runtime('guard-table')],
  [/^runtime\/dispatch\/dynamodb\//, storeTests('memory|PostgreSQL')],
  [/^runtime\/dispatch\/postgres\//, storeTests('memory|DynamoDB Local')],
  [/^runtime\/dispatch\//, CORE],
  [/^handlers\//, HANDLERS],
];

/** Arguments of Jest: the fast tests of a file. */
export const testsOf = (file: string): readonly string[] => {
  const found = tests.find(([pattern]) => pattern.test(file));
  if (found === undefined) {
    throw new Error(`test/mutants/lists.ts names no tests of ${file}`);
  }
  return found[1];
};

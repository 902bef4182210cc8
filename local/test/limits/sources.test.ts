import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { EventBridgeLimits, FargateSizes, SqsLimits } from '../../../src/contract/service-limits';
import { EMULATOR_DIR, ensureToolchain } from '../../src/emulator/toolchain';
import { TOOLS } from '../support/cloud';

jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '..', '..', '..');
const NUMBERS = `
import json
from limits import buses, queues, tasks
print(json.dumps({
    "pattern": buses.PATTERN_CHARACTERS, "attributes": queues.MAX_ATTRIBUTES, "ranges": queues.ATTRIBUTE_RANGES, "sizes": tasks.FARGATE_SIZES,
}))
`;

test('constructs and the local cloud know the same limits', async () => {
  const python = await ensureToolchain({ toolsDir: TOOLS, python: 'python3', line: () => undefined });
  const printed = execFileSync(python, ['-B', '-c', NUMBERS], {
    cwd: EMULATOR_DIR,
    env: { PATH: process.env.PATH, PYTHONPATH: join(EMULATOR_DIR) },
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  expect(JSON.parse(printed)).toEqual({
    pattern: EventBridgeLimits.maxPatternCharacters,
    attributes: SqsLimits.maxAttributes,
    ranges: expect.objectContaining({
      DelaySeconds: [0, SqsLimits.maxDelaySeconds],
      MessageRetentionPeriod: [SqsLimits.minRetentionSeconds, SqsLimits.maxRetentionSeconds],
      ReceiveMessageWaitTimeSeconds: [0, SqsLimits.maxReceiveWaitSeconds],
      VisibilityTimeout: [0, SqsLimits.maxVisibilityTimeoutSeconds],
    }) as unknown,
    sizes: FargateSizes,
  });
});

test('resource-properties.json is what @aws-cdk/aws-service-spec says', () => {
  const check = ['build-tools/resource-properties.ts', '--check'];
  expect(() => execFileSync(process.execPath, check, { cwd: ROOT, stdio: 'pipe' })).not.toThrow();
});

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { EventBridgeLimits, FargateSizes, SqsLimits } from '../../../src/contract/service-limits';
import { probe } from '../support/probe';

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
  expect(await probe(NUMBERS)).toEqual({
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

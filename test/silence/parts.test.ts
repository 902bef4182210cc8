import { Template } from 'aws-cdk-lib/assertions';
import { createEachConstruct } from '../support/each-construct';
import { type Part, partsIn } from './parts';
import type { Outcome } from './player';
import { switchOf } from './switches';
import { page } from './table';

const parts: Part[] = partsIn('All', Template.fromStack(createEachConstruct()).toJSON());
const ofType = (type: string) => parts.filter((part) => part.type === type);

test('every type of resource of our constructs has a switch, or a reason why it has none', () => {
  expect(() => parts.map(switchOf)).not.toThrow();
});

test('a part of a type that is not known is refused with the place of its switch', () => {
  const part: Part = { stack: 'All', logicalId: 'New', type: 'AWS::New::Thing', properties: {} };
  expect(() => switchOf(part)).toThrow(
    'New is a AWS::New::Thing: add its switch, or why it has none, to test/silence/switches.ts',
  );
});

test('only buckets that send events can be switched off', () => {
  const buckets = ofType('AWS::S3::Bucket').map((part) => [
    JSON.stringify(part.properties['NotificationConfiguration'] ?? '').includes('EventBridge'),
    typeof switchOf(part) !== 'string',
  ]);
  expect(buckets).toContainEqual([true, true]);
  expect(buckets.every(([sends, has]) => sends === has)).toBe(true);
});

test('the page has a row for each part, measured or not, and a reason for what is not switched off', () => {
  const rule = ofType('AWS::Events::Rule')[0];
  const mapping = ofType('AWS::Lambda::EventSourceMapping')[0];
  const table = ofType('AWS::DynamoDB::Table')[0];
  const outcome: Outcome = { kind: 'found', alarm: 'LoaderNotStartingAlarmD9400BFC', minutes: 11 };
  const played = { deployment: 'all', parts: [rule, mapping, table], outcomes: { [mapping.logicalId]: outcome } };
  const text = page([played], ['all', 'other']);
  expect(text).toContain('Not played: `other`.');
  expect(text).toContain('| Lambda EventSourceMapping | disabled | `LoaderNotStartingAlarm` after 11 min |');
  expect(text).toContain('| Events Rule | disabled | not measured |');
  expect(text).toContain('| DynamoDB Table | no switch; a stream that is enabled again is another one |');
});

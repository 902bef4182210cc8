import type { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { createDispatcher, type Fixture, findingsIn } from './support';
import { DispatchTarget, FileIngestBucket, IngestTarget, type DispatchTypeOptions, UnmatchedFile } from '../../../src';
import { image, synth } from '../../support/cdk-stacks';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function statementsOf(template: Template, role: string): readonly Statement[] {
  return Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(role))
    .flatMap(
      ([, policy]) =>
        (policy as { Properties: { PolicyDocument: { Statement: readonly Statement[] } } }).Properties.PolicyDocument
          .Statement,
    );
}

/** The objects that a role may read: their keys as in ARNs. */
const readable = (template: Template, role: string): string[] =>
  statementsOf(template, role)
    .filter(({ Action: actions }) => [actions].flat().includes('s3:GetObject'))
    .flatMap(({ Resource: resource }) => [resource].flat())
    .map((resource) => /"(\/[^"]*)"\]/.exec(JSON.stringify(resource))?.[1] ?? JSON.stringify(resource))
    .sort();

const leadingKeys = (template: Template, role: string): unknown[] =>
  statementsOf(template, role)
    .filter(({ Action: actions }) => [actions].flat().includes('dynamodb:UpdateItem'))
    .map(({ Condition: condition }) => condition);

const only = (...keys: string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['F#*', ...keys] },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

/** A type with a task role of its own. */
function addWithOwnRole(fixture: Fixture, id: string, options: Partial<DispatchTypeOptions>): void {
  const { stack, cluster } = fixture;
  const taskDefinition = new ecs.FargateTaskDefinition(stack, `Own${id}`);
  taskDefinition.addContainer('worker', { image });
  fixture.add(id, { target: DispatchTarget.ecsTask({ cluster, taskDefinition }), ...options });
}

test('a task role may read the objects of its type and change the slots of its sequences, whatever is added first', () => {
  const fixture = createDispatcher();
  const { stack, dispatcher } = fixture;
  addWithOwnRole(fixture, 'A', { keys: ['in/a/{customer}/{number}.csv', 'in/extra/**'] });
  dispatcher.addBucket('Inbox', new FileIngestBucket(stack, 'Inbox'), 'in/');
  addWithOwnRole(fixture, 'B', { keys: undefined, prefixes: ['in/b/'], suffixes: ['.json'] });
  const template = synth(fixture);
  expect(readable(template, 'OwnATaskRole')).toEqual(['/in/a/?*/?*.csv*', '/in/extra/*']);
  expect(readable(template, 'OwnBTaskRole')).toEqual(['/in/b/*.????*']);
  expect(leadingKeys(template, 'OwnATaskRole')).toEqual([only('S#A', 'S#A/*')]);
  expect(leadingKeys(template, 'OwnBTaskRole')).toEqual([only('S#B', 'S#B/*')]);
  expect(findingsIn(fixture)).toEqual([]);
});

test('a role of several types has the permissions of each', () => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'));
  fixture.add('A', { keys: ['a/**'] });
  fixture.add('B', { keys: ['b/**'] });
  const template = synth(fixture);
  expect(readable(template, 'TaskTaskRole')).toEqual(['/a/*', '/b/*']);
  expect(leadingKeys(template, 'TaskTaskRole')).toEqual([only('S#A', 'S#A/*', 'S#B', 'S#B/*')]);
});

test.each<[string, Partial<DispatchTypeOptions>, string[]]>([
  ['a pattern that is wider than the prefix of the source', { keys: ['**'] }, ['/in/*']],
  ['a pattern of other keys', { keys: ['out/**'] }, []],
  ['characters that a policy takes for others', { keys: [String.raw`in/\*?$ü\{x\}`] }, ['/in/???*{x}*']],
  ['a type without a condition on keys', { keys: undefined, contentTypes: ['text/csv'] }, ['/in/*']],
])('%s', (_, options, expected) => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'in/');
  fixture.add('A', options);
  expect(readable(synth(fixture), 'TaskTaskRole')).toEqual(expected);
});

test('a type of files that no type matches may read all of them', () => {
  const fixture = createDispatcher({ unmatched: UnmatchedFile.asType('A') });
  new FileIngestBucket(fixture.stack, 'Inbox').addRoute('Files', {
    prefixes: ['in/', 'more/'],
    target: IngestTarget.dispatcher(fixture.dispatcher),
  });
  fixture.add('A', { keys: ['in/a/**'] });
  addWithOwnRole(fixture, 'B', { keys: ['more/b/**'] });
  const template = synth(fixture);
  expect(readable(template, 'TaskTaskRole')).toEqual(['/in/*', '/more/*']);
  expect(readable(template, 'OwnBTaskRole')).toEqual(['/more/b/*']);
});

test('a worker of queues takes the turns of every type, or of those that it is granted', () => {
  const fixture = createDispatcher();
  const { stack, dispatcher } = fixture;
  dispatcher.addBucket('Inbox', new FileIngestBucket(stack, 'Inbox'), 'in/');
  fixture.add('A', { keys: ['in/a/**'] });
  const [every, one] = ['Every', 'One'].map(
    (id) => new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }),
  );
  dispatcher.grantTakeTurns(every);
  dispatcher.grantTakeTurns(every, 'A');
  dispatcher.grantTakeTurns(one, 'A');
  expect(() => dispatcher.grantTakeTurns(one, 'B')).toThrow(
    'typeId must be a type of the dispatcher, got: B; add it with addType before',
  );
  const template = synth(fixture);
  expect(readable(template, 'Every')).toEqual(['/in/*']);
  expect(leadingKeys(template, 'Every')).toEqual([only('S#*')]);
  expect(readable(template, 'One')).toEqual(['/in/a/*']);
  expect(leadingKeys(template, 'One')).toEqual([only('S#A', 'S#A/*')]);
});

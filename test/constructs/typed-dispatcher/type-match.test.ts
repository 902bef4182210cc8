import { Duration, Lazy, Size } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { type DispatchTypeOptions, FileIngestBucket, FileOrder, TypeConcurrency, UnmatchedFile } from '../../../src';
import type { DispatchRules } from '../../../src/contract/dispatch-config';
import { synth } from '../../support/cdk-stacks';
import { createDispatcher, findingsIn, type Fixture, variablesOf } from './support';

const rulesOf = (fixture: Fixture) =>
  JSON.parse(variablesOf(synth(fixture), 'Ingress').RULES as string) as DispatchRules;
const takes = (fixture: Fixture, key: string) =>
  rulesOf(fixture).rules[0].keys.some((pattern) => new RegExp(pattern, 'su').test(key));
const matchFunctionOf = ({ stack }: Fixture) =>
  new lambda.Function(stack, 'Match', {
    code: lambda.Code.fromInline('exports.handler = () => ({ match: true })'),
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_24_X,
  });

test.each<[string, Partial<DispatchTypeOptions>, string, boolean]>([
  ['a prefix', { prefixes: ['in/', 'more+/'] }, 'more+/1', true],
  ['another prefix', { prefixes: ['in/'] }, 'x/in/1', false],
  ['a suffix in any case', { suffixes: ['.csv'] }, 'a/1.CsV', true],
  ['another suffix', { suffixes: ['.csv'] }, 'a.csv/1', false],
  ['a suffix whose dot is no wildcard', { suffixes: ['.csv'] }, 'acsv', false],
  ['a prefix and a suffix', { prefixes: ['in/'], suffixes: ['.csv', '.ß'] }, 'in/1.ß', true],
  ['a prefix and a suffix that share characters', { prefixes: ['aba'], suffixes: ['aba'] }, 'aba', false],
])('takes by %s: %j takes %s: %s', (_, options, key, expected) => {
  const fixture = createDispatcher();
  fixture.add('A', { keys: undefined, ...options });
  expect(takes(fixture, key)).toBe(expected);
});

test.each<[string, string, boolean]>([
  ['a\\*/\\{b\\}', 'a*/{b}', true],
  ['a\\*', 'ab', false],
  ['a\\\\*', 'a\\b', true],
  ['a\\\\*', 'a*', false],
  ['a.b\\**', 'a.b*c', true],
  ['\\{{id}\\}', '{1}', true],
])('takes by the pattern %s the key %s: %s', (pattern, key, expected) => {
  const fixture = createDispatcher();
  fixture.add('A', { keys: [pattern] });
  expect(takes(fixture, key)).toBe(expected);
});

test('compares escaped characters of other types as literals', () => {
  const fixture = createDispatcher();
  fixture.add('A', { keys: ['a\\*'] });
  fixture.add('B', { keys: ['ab'] });
  Annotations.fromStack(fixture.stack).hasNoWarning('*', Match.stringLikeRegexp('overlappingTypes'));
  fixture.add('C', { keys: ['a*'] });
  Annotations.fromStack(fixture.stack).hasWarning('*', Match.stringLikeRegexp('overlappingTypes'));
});

test.each(['a\\b', 'a/\\', 'a\\\n'])('throws for a backslash before another character: %j', (pattern) => {
  const fixture = createDispatcher();
  expect(() => {
    fixture.add('A', { keys: [pattern] });
  }).toThrow(
    new Error(
      `keys can contain a backslash only before *, {, } or another backslash, got: ${pattern}; write \\\\ for a backslash in a key [at Pipeline/Dispatcher/TypeA]`,
    ),
  );
});

test('tells the function what objects must have', () => {
  const fixture = createDispatcher();
  fixture.add('A', { contentTypes: ['Text/CSV', 'image/*'], metadata: { Kind: 'Invoice' }, tags: { Class: 'a' } });
  expect(rulesOf(fixture).rules[0]).toMatchObject({
    keys: ['^.*$'],
    contentTypes: ['text/csv', 'image/*'],
    metadata: { kind: 'Invoice' },
    tags: { Class: 'a' },
  });
});

const policyOfIngress = (fixture: Fixture) => {
  const [policy] = Object.entries(synth(fixture).findResources('AWS::IAM::Policy')).filter(([id]) =>
    id.startsWith('DispatcherIngressRole'),
  );
  const { Statement: statements } = (
    policy[1] as { Properties: { PolicyDocument: { Statement: { Action: string | string[] }[] } } }
  ).Properties.PolicyDocument;
  return statements
    .flatMap(({ Action }) => Action)
    .filter((action) => /^(s3|lambda):/.test(action))
    .sort();
};

test.each<[string, Partial<DispatchTypeOptions>, string[]]>([
  ['key and size', { keys: ['a/**'], minSize: Size.bytes(1) }, []],
  ['content type', { contentTypes: ['text/csv'] }, ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']],
  ['metadata', { metadata: { a: 'b' } }, ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']],
  ['tags', { tags: { a: 'b' } }, ['s3:GetObjectTagging', 's3:GetObjectVersionTagging', 's3:ListBucket']],
])('may ask S3 only what types by %s are about, whichever comes first', (_, options, actions) => {
  for (const sourceFirst of [true, false]) {
    const fixture = createDispatcher();
    const addSource = () => fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'in/');
    if (sourceFirst) {
      addSource();
    }
    fixture.add('A', options);
    if (!sourceFirst) {
      addSource();
    }
    expect(policyOfIngress(fixture)).toEqual(actions);
  }
});

test('invokes the match function and no other', () => {
  const fixture = createDispatcher();
  fixture.add('A', {
    keys: ['{customer}/**'],
    matchFunction: matchFunctionOf(fixture),
    concurrency: TypeConcurrency.sequentialPer('region'),
    order: FileOrder.byKeyPart('number'),
  });
  const template = synth(fixture);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        {
          Action: 'lambda:InvokeFunction',
          Effect: 'Allow',
          Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Match'), 'Arn'] },
        },
      ]),
    },
  });
  expect(JSON.stringify(variablesOf(template, 'Ingress').RULES)).toMatch(/matchFunction[^}]*"Fn::GetAtt":\["Match/);
});

const overlapWarnings = ({ stack }: Fixture) =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('overlappingTypes'))
    .map(({ id, entry }) => `${id}: ${entry.data as string}`);

test.each<[string, Partial<DispatchTypeOptions>, Partial<DispatchTypeOptions>, string | undefined]>([
  ['patterns apart', { keys: ['a/{x}.csv'] }, { keys: ['a/{x}.json', 'b/*'] }, undefined],
  ['a narrow pattern before a wide one', { keys: ['in/{customer}/*.csv'] }, { prefixes: ['in/'] }, '"in/x/.csv"'],
  ['a suffix in another case', { keys: ['**.CSV'] }, { suffixes: ['.csv'] }, '".CSV"'],
  ['sizes apart', { maxSize: Size.bytes(5) }, { minSize: Size.bytes(6) }, undefined],
  ['sizes that meet', { maxSize: Size.bytes(5) }, { minSize: Size.bytes(5) }, '""'],
  ['content types apart', { contentTypes: ['text/csv'] }, { contentTypes: ['image/*'] }, undefined],
  ['content types within one another', { contentTypes: ['image/png'] }, { contentTypes: ['image/*'] }, '""'],
  ['tags with other values', { tags: { a: '1' } }, { tags: { a: '2' } }, undefined],
  ['tags with other names', { tags: { a: '1' } }, { tags: { b: '1' } }, '""'],
  ['metadata with other values', { metadata: { A: '1' } }, { metadata: { a: '2' } }, undefined],
])('warns of %s when a file can fit both', (_, first, second, example) => {
  const fixture = createDispatcher();
  fixture.add('A', { keys: undefined, ...first });
  fixture.add('B', { keys: undefined, ...second });
  const warnings = overlapWarnings(fixture);
  expect(warnings).toHaveLength(example === undefined ? 0 : 1);
  if (example !== undefined) {
    expect(warnings[0]).toContain(
      `/Pipeline/Dispatcher/TypeB: Some files also match A, such as ${example}, which gets the type A because`,
    );
  }
  if (example !== undefined) {
    expect(warnings[0]).toContain('[ack: cdk-fileworks:TypedDispatcher.overlappingTypes]');
  }
});

test('does not warn where a function decides', () => {
  const fixture = createDispatcher();
  fixture.add('A', { matchFunction: matchFunctionOf(fixture) });
  fixture.add('B');
  expect(overlapWarnings(fixture)).toEqual([]);
});

test('gives a type to files that no type matches', () => {
  const fixture = createDispatcher({ unmatched: UnmatchedFile.asType('A') });
  fixture.add('A', { keys: ['a/*'] });
  expect(rulesOf(fixture).unmatched).toEqual({ type: 'A' });
});

test.each<[string, Partial<DispatchTypeOptions>, RegExp]>([
  ['is not there', {}, /unmatched must be a type of the dispatcher, got: Z; add it with addType/],
  [
    'makes sequences by a part',
    { keys: ['{part}/*'], concurrency: TypeConcurrency.sequentialPer('part') },
    /cannot be the type Z, which needs the part \{part\}/,
  ],
  [
    'orders by a part',
    { keys: ['{number}.csv'], order: FileOrder.byKeyPart('number') },
    /cannot be the type Z, which needs the part \{number\}/,
  ],
])('throws for unmatched files of a type that %s', (name, options, message) => {
  const fixture = createDispatcher({ unmatched: UnmatchedFile.asType('Z') });
  fixture.add(name === 'is not there' ? 'A' : 'Z', options);
  expect(() => synth(fixture)).toThrow(message);
});

test.each<[string, Partial<DispatchTypeOptions>, RegExp]>([
  ['no condition', { keys: undefined }, /needs at least one of keys, prefixes, .*use keys: \['\*\*'\]/],
  ['patterns beside prefixes', { keys: ['a'], prefixes: ['b'] }, /prefixes cannot be set together with keys/],
  ['an empty prefix', { keys: undefined, prefixes: [''] }, /prefixes cannot be empty or contain an empty string/],
  ['no suffix', { keys: undefined, suffixes: [] }, /suffixes cannot be empty/],
  [
    'a pattern that only the deployment knows',
    { keys: [Lazy.string({ produce: () => 'a' })] },
    /keys must be known at synth/,
  ],
  [
    'a content type with a parameter',
    { contentTypes: ['text/csv; charset=utf-8'] },
    /contentTypes must be like text\/csv or image\/\*, without parameters, got: text\/csv; charset=utf-8/,
  ],
  ['a content type without a kind', { contentTypes: ['csv'] }, /contentTypes must be like/],
  ['no tag', { tags: {} }, /tags must contain at least one value/],
  [
    'sizes the wrong way round',
    { minSize: Size.bytes(2), maxSize: Size.bytes(1) },
    /minSize cannot be more than maxSize, got: 2 and 1 bytes/,
  ],
  [
    'a size that only the deployment knows',
    { minSize: Size.bytes(Lazy.number({ produce: () => 1 })) },
    /minSize must be known at synth/,
  ],
  [
    'a part that no pattern has',
    { keys: undefined, suffixes: ['.csv'], concurrency: TypeConcurrency.sequentialPer('a') },
    /needs the part \{a\} in every pattern of keys, got: no keys/,
  ],
])('throws for %s', (_, options, message) => {
  expect(() => createDispatcher().add('A', { settle: Duration.seconds(1), ...options })).toThrow(message);
});

test('is clean by cdk-nag with every condition', () => {
  const fixture = createDispatcher();
  fixture.dispatcher.addBucket('Inbox', new FileIngestBucket(fixture.stack, 'Inbox'), 'in/');
  fixture.add('A', {
    contentTypes: ['text/csv'],
    metadata: { a: 'b' },
    tags: { a: 'b' },
    matchFunction: matchFunctionOf(fixture),
  });
  expect(findingsIn(fixture)).toEqual([]);
});

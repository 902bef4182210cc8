import * as fc from 'fast-check';
import { commonKey, type RouteFilter } from '../../../src/constructs/file-ingest-bucket/private/route-overlap';
import type { KeyFilter } from '../../../src/constructs/file-ingest-bucket/private/key-filter';

function route(key: Partial<KeyFilter>, rest: Partial<Omit<RouteFilter, 'key'>> = {}): RouteFilter {
  return {
    key: { prefixes: [], suffixes: [], ignoreCase: false, patterns: [], excludes: [], ...key },
    minSize: 1,
    maxSize: Infinity,
    reasons: [],
    ...rest,
  };
}

/** What a route takes, read off its definition and not off globs. */
function takes({ key }: RouteFilter, text: string): boolean {
  const matches = (pattern: string) =>
    new RegExp(
      `^${pattern
        .split('*')
        .map((part) => part.replace(/\W/g, '\\$&'))
        .join('.*')}$`,
      's',
    ).test(text);
  if (key.excludes.length > 0) {
    return !key.excludes.some(matches);
  }
  if (key.patterns.length > 0) {
    return key.patterns.some(matches);
  }
  const orNone = (values: readonly string[]) => (values.length === 0 ? [''] : values);
  const cased = (value: string) => (key.ignoreCase ? value.toLowerCase() : value);
  // The prefix and the suffix of a route do not share characters: a rule asks for both by one wildcard
  return orNone(key.prefixes).some((prefix) =>
    orNone(key.suffixes).some(
      (suffix) => text.startsWith(prefix) && cased(text.slice(prefix.length)).endsWith(cased(suffix)),
    ),
  );
}

describe('commonKey', () => {
  it.each<[string, RouteFilter, RouteFilter, boolean]>([
    ['the same prefix', route({ prefixes: ['a/'] }), route({ prefixes: ['a/'] }), true],
    ['a prefix below another', route({ prefixes: ['a/'] }), route({ prefixes: ['x/', 'a/b/'] }), true],
    ['other prefixes', route({ prefixes: ['a/'] }), route({ prefixes: ['b/'] }), false],
    ['a prefix and a suffix', route({ prefixes: ['a/'] }), route({ suffixes: ['.csv'] }), true],
    ['suffixes that differ in case', route({ suffixes: ['.csv'] }), route({ suffixes: ['.CSV'] }), false],
    [
      'suffixes that differ in case, which does not count',
      route({ suffixes: ['.csv'], ignoreCase: true }),
      route({ suffixes: ['.CSV'] }),
      true,
    ],
    ['a suffix of a suffix', route({ suffixes: ['.gz'] }), route({ suffixes: ['.tar.gz'] }), true],
    ['wildcards with a common text', route({ patterns: ['a*c'] }), route({ patterns: ['*b*'] }), true],
    ['wildcards without', route({ patterns: ['a*c'] }), route({ patterns: ['b*'] }), false],
    ['an escaped star', route({ patterns: ['a\\*'] }), route({ patterns: ['ab'] }), false],
    ['everything and what it leaves out', route({ excludes: ['logs/*'] }), route({ prefixes: ['logs/'] }), false],
    ['everything and more than it leaves out', route({ excludes: ['logs/*'] }), route({ prefixes: ['l'] }), true],
    [
      'a suffix in any case and one spelling of it left out',
      route({ suffixes: ['.csv'], ignoreCase: true }),
      route({ excludes: ['*.csv'] }),
      true,
    ],
    [
      'a suffix without letters, left out',
      route({ suffixes: ['.7'], ignoreCase: true }),
      route({ excludes: ['*.7'] }),
      false,
    ],
    [
      'a prefix left out, though the case of suffixes does not count',
      route({ prefixes: ['logs/'], ignoreCase: true }),
      route({ excludes: ['logs/*'] }),
      false,
    ],
    ['sizes apart', route({}, { maxSize: 9 }), route({}, { minSize: 10 }), false],
    ['sizes that touch', route({}, { maxSize: 10 }), route({}, { minSize: 10 }), true],
    ['reasons apart', route({}, { reasons: ['PutObject'] }), route({}, { reasons: ['CopyObject'] }), false],
    ['one reason of all', route({}, { reasons: ['PutObject'] }), route({}), true],
  ])('tells of %s', (_, a, b, expected) => {
    expect(commonKey(a, b) !== undefined).toBe(expected);
    expect(commonKey(b, a) !== undefined).toBe(expected);
  });

  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '/'), maxLength: 4 });
  const pattern = fc
    .string({ unit: fc.constantFrom('a', 'b', '/', '*'), minLength: 1, maxLength: 5 })
    .map((value) => value.replace(/\*+/g, '*'));
  const some = (values: fc.Arbitrary<string>) => fc.array(values, { minLength: 1, maxLength: 2 });
  const filter = fc
    .oneof(
      fc.record({
        prefixes: fc.array(text, { maxLength: 2 }),
        suffixes: fc.array(text, { maxLength: 2 }),
        ignoreCase: fc.boolean(),
      }),
      fc.record({ patterns: some(pattern) }),
      fc.record({ excludes: some(pattern) }),
    )
    .map((key) => route(key));

  it('never says no when some key is taken by both', () => {
    fc.assert(
      fc.property(filter, filter, text, (a, b, key) => {
        fc.pre(takes(a, key) && takes(b, key));
        expect(commonKey(a, b)).toBeDefined();
      }),
      { numRuns: 20_000 },
    );
  });

  it('names a key that both take, if it names one', () => {
    let named = 0;
    fc.assert(
      fc.property(filter, filter, (a, b) => {
        const key = commonKey(a, b) ?? '';
        fc.pre(key !== '');
        named += 1;
        expect([takes(a, key), takes(b, key)]).toEqual([true, true]);
      }),
      { numRuns: 5_000 },
    );
    expect(named).toBeGreaterThanOrEqual(5_000);
  });

  it.each([
    [route({ prefixes: ['a/'] }), route({ suffixes: ['.CSV'], ignoreCase: true }), 'a/.CSV'],
    [route({ patterns: ['in/*/orders-*.csv'] }), route({ prefixes: ['in/eu/'] }), 'in/eu/orders-.csv'],
    [route({}), route({}), ''],
  ])('gives a short example', (a, b, example) => {
    expect(commonKey(a, b)).toBe(example);
  });
});

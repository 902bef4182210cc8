import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import type { LoadRoute } from '../../../src/contract/load-route';
import { copyText } from '../../../src/runtime/database/copy-text';
import { RouteReader } from '../../../src/runtime/database/file-rows';
import { ConfigurationError } from '../../../src/runtime/errors';
import { parseExactly, withPlainNumbers } from '../../../src/runtime/database/json-numbers';

const route = (more: Partial<LoadRoute>): LoadRoute => ({
  format: 'json',
  table: 't',
  columns: [{ name: 'a' }, { name: 'b' }],
  ...more,
});
const pieces = (text: string | Buffer, size: number) => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
};
async function read(given: Partial<LoadRoute>, text: string | Buffer, size = 7): Promise<string> {
  const { chunks } = new RouteReader(route(given)).read(Readable.from(pieces(text, size)));
  let rows = '';
  for await (const chunk of chunks) {
    rows += chunk.toString();
  }
  return rows;
}

test.each<[string, Partial<LoadRoute>, string, string]>([
  ['one object', {}, '{"a":1,"b":"x"}', '1\tx\n'],
  ['an array', {}, '[{"a":1},{"b":true}]', '1\t\\N\n\\N\tt\n'],
  ['the array at a pointer', { rowsAt: '/data/0/ro~1ws' }, '{"data":[{"ro/ws":[{"a":null,"b":2.5}]}]}', '\\N\t2.5\n'],
  [
    'pointers into a row, and the whole of it',
    {
      columns: [
        { name: 'a', source: '/x/1' },
        { name: 'b', source: '' },
      ],
    },
    '{"x":[1,{"y":2}]}',
    '{"y":2}\t{"x":[1,{"y":2}]}\n',
  ],
  [
    'no inherited properties',
    {
      columns: [
        { name: 'a', source: 'constructor' },
        { name: 'b', source: '/toString' },
      ],
    },
    '{}',
    '\\N\t\\N\n',
  ],
  ['an empty file, which has no rows', {}, '', ''],
  ['an empty CSV file', { format: 'csv' }, '', ''],
  ['a byte order mark', {}, '\uFEFF{"a":1,"b":2}', '1\t2\n'],
  ['lines, blank ones between', { format: 'json-lines' }, '{"a":1}\r\n\n  \n{"a":2,"b":"é"}', '1\t\\N\n2\té\n'],
  [
    'what COPY would take for its own',
    { format: 'json-lines' },
    '{"a":"\\\\N","b":"a\\tb\\nc\\rd\\\\"}',
    '\\\\N\ta\\tb\\nc\\rd\\\\\n',
  ],
  ['CSV by its header, in any order', { format: 'csv' }, 'x,b,a\n9,2,1\n', '1\t2\n'],
  [
    'CSV with quotes, line feeds and empty values',
    { format: 'csv' },
    'a,b\n"say ""hi""\nthere",\n\n',
    'say "hi"\\nthere\t\\N\n',
  ],
  [
    'CSV of another delimiter and NULL',
    { format: 'csv', delimiter: ';', nullValue: '-' },
    '\uFEFFa;b\n;-\n',
    '\t\\N\n',
  ],
])('reads %s', async (_, given, text, expected) => {
  for (const size of [1, 7, 1_000]) {
    expect(await read(given, text, size)).toBe(expected);
  }
});

test.each<[string, Partial<LoadRoute>, string | Buffer, object]>([
  ['rows that are not where they should be', { rowsAt: '/rows' }, '{}', { pointer: '/rows' }],
  [
    'an object where the rows should be',
    { rowsAt: '/rows' },
    '{"rows":{}}',
    { pointer: '/rows', reason: 'expected an array of rows' },
  ],
  ['a bad line', { format: 'json-lines' }, '{"a":1}\n\n{"a":}', { line: 3 }],
  [
    'UTF-8 that is cut',
    { format: 'json-lines' },
    Buffer.from([0x22, 0xc3]),
    { reason: expect.stringContaining('UTF-8') },
  ],
  ['a header without a column', { format: 'csv' }, 'a,c\n1,2\n', { line: 1, reason: 'the header has no column b' }],
  ['a CSV line with more values than the header', { format: 'csv' }, 'a,b\n1,2\n1,2,3\n', { line: 3 }],
  [
    'a CSV quote that does not end',
    { format: 'csv' },
    'a,b\n1,"2\n',
    { reason: expect.stringContaining('Quote Not Closed') },
  ],
  [
    'a NUL in CSV',
    { format: 'csv' },
    'a,b\n1,2\0\n',
    { line: 2, pointer: '/b', reason: expect.stringContaining('NUL') },
  ],
  [
    'CSV text where the schema wants a number',
    { format: 'csv', schema: { properties: { a: { type: 'integer' } } } },
    'a,b\n1,2\nx,2\n',
    { line: 3, pointer: '/a', reason: 'must be integer' },
  ],
  [
    'a property that the schema does not know',
    { schema: { properties: { a: {} }, additionalProperties: false } },
    '[{"a":1},{"z":1}]',
    { pointer: '/1', reason: expect.stringContaining(': z') },
  ],
  [
    'a value that a format refuses',
    { schema: { properties: { a: { type: 'string', format: 'date-time' } } } },
    '{"a":"yesterday"}',
    { pointer: '/a' },
  ],
  [
    'rows that are nested deeper than a validator can go',
    { schema: {}, format: 'json-lines' },
    `\n{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    { line: 2, reason: expect.stringMatching(/^nested too deep/) },
  ],
  [
    'a 2020-12 tuple',
    {
      schema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        properties: { a: { prefixItems: [{ type: 'string' }] } },
      },
    },
    '{"a":[1]}',
    { pointer: '/a/0' },
  ],
])('rejects %s', async (_, given, text, expected) => {
  await expect(read(given, text)).rejects.toMatchObject({ code: 'ERR_FILE_REJECTED', ...expected });
});

test('says nothing of what a file holds when it is no JSON', async () => {
  const error: unknown = await read({ format: 'json-lines' }, '{"password":"hunter2",}').catch(
    (thrown: unknown) => thrown,
  );
  expect((error as Error).message).not.toContain('hunter2');
});

test.each([[{ schema: { type: 'nonsense' } }], [{ rowsAt: 'rows' }]])(
  'throws for a route that cannot be used: %j',
  (given) => {
    expect(() => new RouteReader(route(given))).toThrow(ConfigurationError);
  },
);

test('keeps what it parses, numbers to the last digit', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(withPlainNumbers(parseExactly(text))).toEqual(JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 10n ** 17n, max: 10n ** 30n }), (number) => {
      expect(copyText((parseExactly(`{"n":${number}}`) as { n: unknown }).n)).toBe(String(number));
    }),
  );
});

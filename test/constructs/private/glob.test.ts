import fc from 'fast-check';
import { commonText, type Glob, type GlobPart, literal } from '../../../src/constructs/private/glob';

const any: GlobPart = { kind: 'any', within: false };
const within: GlobPart = { kind: 'any', within: true };
const one: GlobPart = { kind: 'one' };

test.each<[string, Glob, Glob, string | undefined]>([
  ['the same text', literal('a/b'), literal('a/b'), 'a/b'],
  ['different texts', literal('a'), literal('b'), undefined],
  ['a text and anything', literal('a/b'), [any], 'a/b'],
  ['a text with a slash and anything within a folder', literal('a/b'), [within], undefined],
  ['two ends', [any, ...literal('.csv')], [any, ...literal('.gz')], undefined],
  ['an end of an end', [any, ...literal('.tar.gz')], [any, ...literal('.gz')], '.tar.gz'],
  ['a beginning and an end', [...literal('in/'), any], [any, ...literal('.csv')], 'in/.csv'],
  ['one character that both have open', [one], [one], 'x'],
  ['one character and a slash', [one], literal('/'), undefined],
  ['no character', [one], literal(''), undefined],
  ['a letter whose case does not count', literal('.CSV'), literal('.csv', true), '.CSV'],
  ['a letter whose case counts', literal('.CSV'), literal('.csv'), undefined],
])('%s', (_, a, b, common) => {
  expect(commonText(a, b)).toBe(common);
  expect(commonText(b, a)).toBe(common);
});

const part = fc.constantFrom<GlobPart>(any, within, one, ...literal('ab/'));
const glob = fc.array(part, { maxLength: 7 });
const expressionOf = (parts: Glob) =>
  new RegExp(
    `^${parts
      .map((each) => {
        if (each.kind === 'is') {
          return each.character;
        }
        return each.kind === 'one' ? '[^/]' : each.within ? '[^/]*' : '.*';
      })
      .join('')}$`,
  );
const texts = [
  '',
  ...['a', 'b', '/', 'x'].flatMap((first) =>
    ['', 'a', 'b', '/', 'x'].flatMap((second) => ['', 'a', 'b', '/', 'x'].map((third) => first + second + third)),
  ),
];

test('what is named as common fits both, and nothing common is missed', () => {
  fc.assert(
    fc.property(glob, glob, (a, b) => {
      const [left, right] = [expressionOf(a), expressionOf(b)];
      const common = commonText(a, b);
      if (common !== undefined) {
        return left.test(common) && right.test(common);
      }
      return !texts.some((text) => left.test(text) && right.test(text));
    }),
  );
});

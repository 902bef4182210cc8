import type { Random } from './random.ts';

type Holder = Record<string, unknown>;

/** As text, because some of it could not be written as a literal: a property that is really called `__proto__`. */
const VALUES = [
  'null',
  'true',
  'false',
  '0',
  '1',
  '2',
  '-1',
  '1.5',
  '1e308',
  '-0',
  '9007199254740993',
  '12345678901234567890.5',
  '""',
  '"a"',
  '"0"',
  '[]',
  '[null]',
  '{}',
  '[[]]',
  '{"toString":null,"valueOf":null}',
  '{"toString":1}',
  '{"length":1e9}',
  '{"then":1}',
  '["a"]',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u2028"',
  '"%"',
  '"%E0%A4%A"',
  '"+"',
  '"../.."',
  '"2026-02-30T00:00:00Z"',
  '"//evil.example"',
  '"http://[::1"',
  '"\\n"',
  `"${'a'.repeat(1_025)}"`,
  `"${'-'.repeat(1_000)}"`,
  `"${'f'.repeat(64)}"`,
  `["${'f'.repeat(64)}"]`,
];

/**
 * Changes one to three values of a JSON document into what a reader may not expect; `other` lends values. Undefined
 * when either is no JSON.
 */
export function mutateJson(input: string, other: string, random: Random): string | undefined {
  try {
    const document: unknown = { root: JSON.parse(input) };
    const lender = placesOf({ root: JSON.parse(other) });
    for (let times = 1 + random(3); times > 0; times--) {
      change(placesOf(document), lender, random);
    }
    return JSON.stringify((document as Holder).root);
  } catch {
    // No JSON, or nested too deep to be walked
    return undefined;
  }
}

/** Every value of a document, by who holds it under which name. */
function placesOf(value: unknown, places: [Holder, string][] = []): readonly [Holder, string][] {
  if (typeof value !== 'object' || value === null) {
    return places;
  }
  for (const [name, inner] of Object.entries(value)) {
    places.push([value as Holder, name]);
    placesOf(inner, places);
  }
  return places;
}

function change(places: readonly [Holder, string][], lender: readonly [Holder, string][], random: Random): void {
  const [holder, name] = places[random(places.length)];
  const [from, lent] = lender[random(lender.length)];
  const hostile = () => JSON.parse(VALUES[random(VALUES.length)]) as unknown;
  const makers: readonly (() => unknown)[] = [
    hostile,
    hostile,
    hostile,
    () => from[lent],
    () => [holder[name], from[lent]],
    () => ({ [lent]: holder[name] }),
  ];
  const value = structuredClone(makers[random(makers.length)]());
  const where = random(4);
  if (where === 0) {
    Reflect.deleteProperty(holder, name);
  } else {
    define(holder, where === 1 ? lent : name, value);
  }
}

/** Also a property that is called `__proto__`. */
function define(holder: Holder, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

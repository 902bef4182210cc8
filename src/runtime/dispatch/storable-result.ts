/** Rows are small: a larger result belongs into an object, and its key into the row. */
const MAX_BYTES = 64 * 1_024;
/** DynamoDB nests at most 32 levels; the item itself is one. */
const MAX_DEPTH = 30;

/**
 * Why a result cannot be stored in the row of a file; undefined if it can. The same for every store: JSON that DynamoDB
 * and PostgreSQL both return as it was.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
export function whyNotStorable(result: unknown): string | undefined {
  try {
    const problem = problemOf(result, 'the result', MAX_DEPTH);
    if (problem !== undefined) {
      return problem;
    }
    const bytes = Buffer.byteLength(JSON.stringify({ result }));
    return bytes > MAX_BYTES ? `the result has ${bytes} bytes; at most ${MAX_BYTES} are stored` : undefined;
  } catch {
    // A property throws, or its text cannot be written
    return 'the result cannot be read';
  }
}

function problemOf(value: unknown, path: string, depth: number): string | undefined {
  if (depth === 0) {
    return `${path.slice(0, 100)} is nested more than ${MAX_DEPTH} levels deep`;
  }
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return undefined;
    case 'string':
      return isText(value) ? undefined : `${path} contains U+0000 or half of a surrogate pair`;
    case 'number':
      return problemOfNumber(value, path);
    case 'object':
      return value === null ? undefined : problemOfObject(value, path, depth);
    default:
      return `${path} is a ${typeof value}`;
  }
}

const isText = (text: string) => !/[\0\p{Surrogate}]/u.test(text);

/** DynamoDB stores magnitudes from 1E-130 to 9.9E+125 with 38 digits, and its client refuses unsafe integers. */
function problemOfNumber(value: number, path: string): string | undefined {
  const size = Math.abs(value);
  return Number.isFinite(value) && size <= Number.MAX_SAFE_INTEGER && (size === 0 || size >= 1e-130)
    ? undefined
    : `${path} is ${value}; numbers must be at most 2^53 - 1`;
}

function problemOfObject(value: object, path: string, depth: number): string | undefined {
  if (Array.isArray(value)) {
    const hole = value.findIndex((each) => each === undefined);
    return hole >= 0
      ? `${path}[${hole}] is undefined`
      : firstOf(value.map((each, index) => () => problemOf(each, `${path}[${index}]`, depth - 1)));
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return `${path} is an instance of ${prototype.constructor.name}`;
  }
  return firstOf(
    Object.entries(value).map(([name, each]) => () => {
      const within = `${path}.${name.slice(0, 50)}`;
      return name === '' || !isText(name)
        ? `${path} has a name that cannot be stored`
        : problemOf(each, within, depth - 1);
    }),
  );
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

import { LocalCloudError } from '../errors';

/** The value of a metric or of another expression in the period; undefined without a data point. */
export type Lookup = (id: string) => number | undefined;

type Value = number | undefined | readonly (number | undefined)[];
type Node = (lookup: Lookup) => Value;

const TOKEN = /\s*(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_][A-Za-z0-9_]*|<=|>=|==|!=|&&|\|\||[-+*/^(),<>[\]])/y;

/**
 * An expression of CloudWatch metric math, evaluated for one period.
 *
 * Arithmetic, comparisons, AND and OR, lists, and ABS, AVG, CEIL, FILL (with a number), FLOOR, IF, MAX, MIN and SUM.
 * If an operand has no data point, the result has none, except in FILL and in functions over lists, as in CloudWatch.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function parseExpression(source: string): (lookup: Lookup) => number | undefined {
  const node = new Parser(source).parse();
  return (lookup) => {
    const value = node(lookup);
    return isList(value) ? undefined : value;
  };
}

type Operators = Readonly<Partial<Record<string, (a: number, b: number) => number>>>;

/** Binary operators in ascending precedence. */
const LEVELS: readonly Operators[] = [
  { '||': (a, b) => Number(a !== 0 || b !== 0), OR: (a, b) => Number(a !== 0 || b !== 0) },
  { '&&': (a, b) => Number(a !== 0 && b !== 0), AND: (a, b) => Number(a !== 0 && b !== 0) },
  {
    '<': (a, b) => Number(a < b),
    '<=': (a, b) => Number(a <= b),
    '>': (a, b) => Number(a > b),
    '>=': (a, b) => Number(a >= b),
    '==': (a, b) => Number(a === b),
    '!=': (a, b) => Number(a !== b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b },
  { '^': (a, b) => a ** b },
];

const FUNCTIONS: Readonly<Partial<Record<string, (args: readonly Value[]) => Value>>> = {
  ABS: ([value]) => map(value, Math.abs),
  CEIL: ([value]) => map(value, Math.ceil),
  FLOOR: ([value]) => map(value, Math.floor),
  AVG: ([value]) => reduce(value, (values) => sum(values) / values.length),
  MAX: ([value]) => reduce(value, (values) => Math.max(...values)),
  MIN: ([value]) => reduce(value, (values) => Math.min(...values)),
  SUM: ([value]) => reduce(value, sum),
  FILL: ([value, filler]) => (isList(value) ? value.map((item) => item ?? scalar(filler)) : (value ?? scalar(filler))),
  IF: ([condition, yes, no]) => {
    const decided = scalar(condition);
    return decided === undefined ? undefined : decided !== 0 ? yes : no;
  },
};

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(private readonly source: string) {
    this.#tokens = tokens(source);
  }

  parse(): Node {
    const node = this.#binary(0);
    if (this.#at < this.#tokens.length) {
      throw unsupported(this.source, this.#peek());
    }
    return node;
  }

  #binary(level: number): Node {
    const operators = LEVELS.at(level);
    if (!operators) {
      return this.#unary();
    }
    let left = this.#binary(level + 1);
    for (let apply = operators[this.#peek()]; apply; apply = operators[this.#peek()]) {
      const operator = apply;
      const first = left;
      this.#at++;
      const second = this.#binary(level + 1);
      left = (lookup) => {
        const [a, b] = [scalar(first(lookup)), scalar(second(lookup))];
        const result = a === undefined || b === undefined ? undefined : operator(a, b);
        // CloudWatch has no data point where a division has no result.
        return result !== undefined && Number.isFinite(result) ? result : undefined;
      };
    }
    return left;
  }

  #unary(): Node {
    if (this.#take('-')) {
      const operand = this.#unary();
      return (lookup) => map(operand(lookup), (value) => -value);
    }
    return this.#primary();
  }

  #primary(): Node {
    const token = this.#next();
    if (token === '(') {
      const node = this.#binary(0);
      this.#expect(')');
      return node;
    }
    if (token === '[') {
      const items = this.#list(']');
      return (lookup) => items.map((item) => scalar(item(lookup)));
    }
    if (/^\d/.test(token)) {
      const value = Number(token);
      return () => value;
    }
    if (/^[A-Za-z_]/.test(token)) {
      if (!this.#take('(')) {
        return (lookup) => lookup(token);
      }
      const apply = FUNCTIONS[token];
      if (!apply) {
        throw unsupported(this.source, `${token}()`);
      }
      const args = this.#list(')');
      return (lookup) => apply(args.map((arg) => arg(lookup)));
    }
    throw unsupported(this.source, token);
  }

  #list(end: string): Node[] {
    const items: Node[] = [];
    while (!this.#take(end)) {
      if (items.length > 0) {
        this.#expect(',');
      }
      items.push(this.#binary(0));
    }
    return items;
  }

  #peek(): string {
    return this.#tokens.at(this.#at) ?? '';
  }

  #next(): string {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #take(token: string): boolean {
    const found = this.#peek() === token;
    this.#at += Number(found);
    return found;
  }

  #expect(token: string): void {
    if (!this.#take(token)) {
      throw unsupported(this.source, this.#peek() || 'its end');
    }
  }
}

function tokens(source: string): string[] {
  const found: string[] = [];
  const pattern = new RegExp(TOKEN);
  const text = source.trimEnd();
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      throw unsupported(source, text.slice(at).trim());
    }
    found.push(match[0].trim());
  }
  return found;
}

function unsupported(source: string, at: string): LocalCloudError {
  return new LocalCloudError(
    'TemplateUnsupported',
    `the local autoscaler does not support \`${at}\` in the metric expression \`${source}\``,
  );
}

function isList(value: Value): value is readonly (number | undefined)[] {
  return Array.isArray(value);
}

function scalar(value: Value): number | undefined {
  return isList(value) ? undefined : value;
}

function map(value: Value, apply: (value: number) => number): Value {
  if (isList(value)) {
    return value.map((item) => (item === undefined ? undefined : apply(item)));
  }
  return value === undefined ? undefined : apply(value);
}

function reduce(value: Value, apply: (values: readonly number[]) => number): number | undefined {
  const values = (isList(value) ? value : [value]).filter((item) => item !== undefined);
  return values.length === 0 ? undefined : apply(values);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

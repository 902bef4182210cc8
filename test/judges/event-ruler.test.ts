import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { examples, type Pattern } from './support/events';
import { type Finding, judge } from './support/judge';
import { resourcesOf, type Stack, stacks } from './support/templates';
import { eventRuler } from './support/tools';

interface Pair {
  readonly where: string;
  readonly pattern: Pattern;
  readonly event: object;
  readonly matches: boolean;
}

interface Properties {
  readonly EventPattern?: Pattern;
  readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] };
}

const TYPES = ['AWS::Events::Rule', 'AWS::Events::Archive', 'AWS::Lambda::EventSourceMapping'];

function patternsOf(stack: Stack): { where: string; pattern: Pattern }[] {
  return resourcesOf(stack, ...TYPES).flatMap(({ id, properties }) => {
    const { EventPattern: pattern, FilterCriteria: filters } = properties as Properties;
    const parsed = filters?.Filters.map(({ Pattern: text }) => JSON.parse(text) as Pattern) ?? [];
    return [...(pattern === undefined ? [] : [pattern]), ...parsed].map((one) => ({
      where: `${stack.name}/${id}`,
      pattern: one,
    }));
  });
}

function pairsOf({ where, pattern }: { where: string; pattern: Pattern }): Pair[] {
  const examplesOf = examples.find(([name]) => name.test(where))?.[1];
  if (examplesOf === undefined) {
    throw new Error(`no events for the pattern of ${where}: write some into test/judges/support/events.ts`);
  }
  const { match, others } = examplesOf(pattern);
  const pair = (matches: boolean) => (event: object) => ({ where, pattern, event, matches });
  return [...match.map(pair(true)), ...others.map(pair(false))];
}

async function check(pairs: readonly Pair[]): Promise<Finding[]> {
  const input = pairs.map(({ pattern, event }) => JSON.stringify({ pattern, event })).join('\n');
  const program = resolve('test/judges/support/Ruler.java');
  const lines = execFileSync('java', ['-cp', join(await eventRuler(), '*'), program], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
    .trimEnd()
    .split('\n');
  return pairs.flatMap(({ where, event, matches }, i) => {
    const answer = JSON.parse(lines[i]) as boolean | string;
    if (answer === matches) {
      return [];
    }
    const rule = typeof answer === 'string' ? 'refused' : matches ? 'missed' : 'unwanted';
    return [{ rule, where, message: rule === 'refused' ? String(answer) : JSON.stringify(event) }];
  });
}

judge('event-ruler', {
  find: () => check(stacks().flatMap(patternsOf).flatMap(pairsOf)),
  fault: () =>
    check([
      {
        where: 'a pattern',
        pattern: { detail: { startedBy: [{ prefix: 'a' }] } },
        event: { detail: { startedBy: 'b' } },
        matches: true,
      },
    ]),
});

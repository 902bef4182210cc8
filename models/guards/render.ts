import { rules } from './expected.ts';
import type { Guard, Rule } from './rule.ts';

/** `event: from -> to` for every change of a status that the model has. */
export const transitions: readonly string[] = [
  ...new Set(inModel().flatMap((rule) => rule.from.map((from) => `${rule.event}: ${from} -> ${rule.to ?? ''}`))),
  // Effects on the older version of an object
  'supersede: queued -> skipped',
  'remove: queued -> skipped',
];

/** The guards as macros `<event>_<from>_<to>`, which dispatch.pml puts before its changes of a status. */
export function promela(): string {
  const changes = inModel().flatMap(({ event, from, to = 'absent', guards }) =>
    from.map((status) => ({ name: `${event}_${status.toUpperCase()}_${to.toUpperCase()}`, status, guards })),
  );
  const lines = [...new Set(changes.map(({ name }) => name))].flatMap((name) => {
    const same = changes.filter((change) => change.name === name);
    const confirmed = either(same.map(({ guards }) => both(conditions(guards, false))));
    const read = either(same.map(({ guards }) => both(conditions(guards, true))));
    const status = `st[f] == ${same[0].status.toUpperCase()}`;
    return [
      `#define ${name}(${parameters(confirmed)}) (${both([status, confirmed].filter((text) => text !== ''))})`,
      ...(read === '' ? [] : [`#define READ_${name} (${read})`]),
    ];
  });
  return `/* Made from models/guards by "npm run model -- --guards": do not edit. READ_: at the read only, the write does not confirm it. */\n${lines.join('\n')}\n`;
}

/** The table for readers. */
export function markdown(): string {
  const cell = (parts: readonly string[], none: string) => (parts.length === 0 ? none : parts.join('; '));
  const row = ({ event, from, guards, outcome, to, effects }: Rule) =>
    [
      `\`${event}\``,
      from.includes('any') ? '' : from.length === 8 ? 'any' : from.join(', '),
      cell(
        guards.map(({ text, atRead }) => (atRead ? `${text} (at the read)` : text)),
        '',
      ),
      outcome,
      to === undefined || from.every((status) => status === to) ? '' : to,
      cell(
        effects.map(({ text }) => text),
        '',
      ),
    ].join(' | ');
  return `# Guards of the dispatch protocol

This table decides every event of a [TypedDispatcher](typed-dispatcher.md#proof): in one of the statuses "From", if every guard holds, the event has the outcome and writes what the last two columns list.
At most one row matches; without one, the event is refused. Each write is conditional on the rows that were read; "at the read" marks guards that no condition repeats.
\`npm run model -- --guards\` makes this page and the guards of the SPIN model from \`models/guards\`. \`test/runtime/dispatch/guard-table.test.ts\` compares the table with \`decide()\` in every small state.

| Event | From | Guards | Outcome | To | Writes |
| --- | --- | --- | --- | --- | --- |
${rules.map((rule) => `| ${row(rule)} |`).join('\n')}
`;
}

/** The model has sequences only. */
function inModel(): Rule[] {
  return rules.filter(
    ({ event, from, to, guards }) =>
      // Without a task, a cancel is a discard
      event !== 'cancel' &&
      to !== undefined &&
      !from.every((status) => status === to) &&
      !guards.some(({ promela: text }) => text === '0' || text === '!(1)'),
  );
}

const conditions = (guards: readonly Guard[], atRead: boolean): string[] =>
  guards.flatMap(({ promela: text, atRead: read = false }) =>
    text === undefined || text === '1' || text === '!(0)' || read !== atRead ? [] : [text],
  );
const both = (parts: readonly string[]) => parts.join(' && ');
const either = (all: readonly string[]) => {
  const texts = [...new Set(all)];
  return texts.length === 1 ? texts[0] : texts.includes('') ? '' : `(${texts.map((text) => `(${text})`).join(' || ')})`;
};
const parameters = (text: string) =>
  ['f', ...(/\btok\b/.test(text) ? ['tok'] : []), ...(/\binc\b/.test(text) ? ['inc'] : [])].join(', ');

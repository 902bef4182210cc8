import { nameOf, type Part } from './parts';
import type { Outcome, Played } from './player';
import { BESIDE_FILES, reasonOf, SILENT } from './reasons';
import { switchOf } from './switches';

const HEAD = `<!-- Written by npm run silence. -->

# Parts that are switched off

\`npm run silence\` deploys the [reference deployments](../../examples/README.md) on the local cloud, switches one part after the other off while files arrive, and waits 15 minutes of the cloud's time for an alarm
with an action. The parts are the resources of the synthesized templates.
`;

/**
 * The page, as Markdown.
 *
 * @param deployments all that there are
 */
export function page(played: readonly Played[], deployments: readonly string[]): string {
  const missing = deployments.filter((name) => !played.some(({ deployment }) => deployment === name));
  const note = missing.length === 0 ? [] : [`Not played: ${missing.map((name) => `\`${name}\``).join(', ')}.\n`];
  return [HEAD, ...note, ...played.map(section), notSwitched(played)].join('\n');
}

function section({ deployment, parts, outcomes }: Played): string {
  const rows = parts.flatMap((part) => {
    const outcome = outcomes[part.logicalId] as Outcome | undefined;
    const found = switchOf(part);
    return typeof found === 'string'
      ? []
      : [
          `| \`${nameOf(part)}\` | ${typeName(part)} | ${found.off} | ${outcome === undefined ? 'not measured' : describe(part, outcome)} |`,
        ];
  });
  return `## ${deployment}\n\n| Part | Type | Switched off | Result |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function describe(part: Part, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'found':
      return `\`${outcome.alarm.replace(/[0-9A-F]{8}$/, '')}\` after ${outcome.minutes} min`;
    case 'unharmed': {
      const lost = reasonOf(BESIDE_FILES, part);
      return `every file is processed${lost === undefined ? '' : `; not seen: ${lost}`}`;
    }
    case 'alerted':
      return `no alarm; \`TaskLifecycleAlerts\` sends an alert${because(part)}`;
    case 'silent':
      return `**not seen**${because(part)}`;
  }
}

function because(part: Part): string {
  const reason = reasonOf(SILENT, part);
  return reason === undefined ? '' : `: ${reason}`;
}

const typeName = ({ type }: Part) => type.replace('AWS::', '').replace('::', ' ');

function notSwitched(played: readonly Played[]): string {
  const reasons = new Map<string, Set<string>>();
  for (const part of played.flatMap(({ parts }) => parts)) {
    const because = switchOf(part);
    if (typeof because === 'string') {
      reasons.set(because, (reasons.get(because) ?? new Set()).add(typeName(part)));
    }
  }
  const rows = [...reasons].map(([because, types]) => `| ${[...types].toSorted().join(', ')} | ${because} |`);
  return `## Not switched off\n\n| Types | Why |\n| --- | --- |\n${rows.toSorted().join('\n')}\n`;
}

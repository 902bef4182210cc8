import { AlertLayout } from '../../contract/task-alerts';
import type { Digest, DigestRow } from './digest';
import type { HeldAlert } from './held-alert';
import { placeOf } from './links';
import { escapeMarkdown, oneLine } from './render';

/** Kind of a digest, beside the kinds of its alerts. */
export const DIGEST_KIND = 'Digest';

export function titleOf({ alerts, severity, rows }: Digest): string {
  const [first, ...others] = [...new Set(rows.map(({ group }) => group))];
  const groups = others.length === 0 ? first : `${first} and ${others.length} more`;
  return `${alerts} ${severity} ${alerts === 1 ? 'alert' : 'alerts'} of ${groups} held back`;
}

export function renderDigest(layout: AlertLayout, digest: Digest, runbookUrl: string | undefined): string {
  switch (layout) {
    case AlertLayout.text:
      return renderText(digest, runbookUrl);
    case AlertLayout.json:
      return renderJson(digest, runbookUrl);
    case AlertLayout.chat:
      return renderChat(digest, runbookUrl);
  }
}

function renderText(digest: Digest, runbookUrl: string | undefined): string {
  return [
    `${titleOf(digest)}.`,
    ...explain(digest),
    ...digest.rows.flatMap((row) => [
      '',
      summary(row),
      ...row.examples.flatMap((example) => [`  ${describe(example)}`, `  ${placeOf(example)}`]),
    ]),
    ...(runbookUrl === undefined ? [] : ['', `Runbook: ${runbookUrl}`]),
  ].join('\n');
}

function renderJson(digest: Digest, runbookUrl: string | undefined): string {
  const { severity, alerts, unpublished, first, last } = digest;
  const rows = digest.rows.map(({ examples, ...row }) => ({
    ...row,
    examples: examples.map(({ title, reason, time, task }) => ({ title, reason, time, ...(task !== '' && { task }) })),
  }));
  return JSON.stringify({
    kind: DIGEST_KIND,
    severity,
    alerts,
    unpublished,
    first,
    last,
    rows,
    ...(runbookUrl !== undefined && { runbookUrl }),
  });
}

/** @see https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html */
function renderChat(digest: Digest, runbookUrl: string | undefined): string {
  const title = titleOf(digest);
  return JSON.stringify({
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: `${digest.severity}: ${title}`,
      description: [
        ...explain(digest),
        ...digest.rows.flatMap((row) => [
          `*${escapeMarkdown(summary(row))}*`,
          escapeMarkdown(describe(row.examples[0])),
        ]),
      ].join('\n'),
      ...(runbookUrl !== undefined && { nextSteps: [`<${runbookUrl}|Runbook>`] }),
      keywords: [DIGEST_KIND, digest.severity],
    },
    metadata: { threadId: `digest/${digest.severity}`, summary: title, eventType: DIGEST_KIND },
  });
}

const explain = ({ unpublished }: Digest) =>
  unpublished === 0 ? [] : [`${unpublished} could not be published when they occurred.`];

function summary({ alerts, kind, group, cluster, first, last }: DigestRow): string {
  const when = alerts === 1 ? `at ${first}` : `from ${first} to ${last}`;
  return oneLine(`${group} in ${cluster}: ${alerts} x ${kind}, ${when}`);
}

function describe({ time, title, task, reason }: HeldAlert): string {
  return oneLine(`${time} ${title}${task === '' ? '' : `, task ${task}`}${reason === '' ? '' : `: ${reason}`}`);
}

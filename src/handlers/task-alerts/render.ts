import { AlertLayout } from '../../contract/task-alerts';
import type { Alert } from './classify';
import type { Link } from './links';

/** Additional content of an alert. */
export interface Surroundings {
  readonly links: readonly Link[];
  /** Note that further alerts will be held back in this period. */
  readonly note?: string;
}

/** SNS accepts subjects of up to 100 ASCII characters. */
const MAX_SUBJECT = 100;
/** A reason can quote arbitrary output of a container runtime. */
const MAX_REASON = 1_000;

/** The subject of an e-mail: severity and title in one line. */
export function renderSubject({ severity, title }: Pick<Alert, 'severity' | 'title'>): string {
  return oneLine(`${severity}: ${title}`)
    .replace(/[^ -~]/g, '?')
    .slice(0, MAX_SUBJECT);
}

export function renderBody(layout: AlertLayout, alert: Alert, surroundings: Surroundings): string {
  switch (layout) {
    case AlertLayout.text:
      return renderText(alert, surroundings);
    case AlertLayout.json:
      return JSON.stringify({ ...alert, ...surroundings });
    case AlertLayout.chat:
      return renderChat(alert, surroundings);
  }
}

function renderText(alert: Alert, { links, note }: Surroundings): string {
  const width = Math.max(...facts(alert).map(([name]) => name.length));
  return [
    `${alert.title}.`,
    '',
    ...facts(alert).map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...links.map(({ name, url }) => `${name}: ${url}`),
    ...(note === undefined ? [] : ['', note]),
  ].join('\n');
}

/**
 * A custom notification of Amazon Q Developer in chat applications, formerly AWS Chatbot.
 *
 * @see https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
function renderChat(alert: Alert, { links, note }: Surroundings): string {
  return JSON.stringify({
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: `${alert.severity}: ${alert.title}`,
      description: [
        ...facts(alert).map(([name, value]) => `*${name}:* ${escapeMarkdown(value)}`),
        ...(note === undefined ? [] : [note]),
      ].join('\n'),
      nextSteps: links.map(({ name, url }) => `<${url}|${name}>`),
      keywords: [alert.kind, alert.group],
    },
    metadata: {
      threadId: `${alert.cluster}/${alert.group}`,
      summary: alert.title,
      eventType: alert.kind,
      relatedResources: alert.task ? [alert.task.arn] : [],
    },
  });
}

function facts({ cluster, group, reason, time, task }: Alert): [string, string][] {
  const rows: [string, string | undefined][] = [
    ['Cluster', cluster],
    ['Group', group],
    ['Task', task?.id],
    ['Started', task?.startedAt],
    [task?.stoppedAt === undefined ? 'Time' : 'Stopped', time],
    ['Reason', reason === '' ? undefined : oneLine(reason).slice(0, MAX_REASON)],
    ...(task?.containers ?? []).map(({ name, exitCode, reason: why }): [string, string] => [
      name,
      oneLine(
        [exitCode === undefined ? 'no exit code' : `exit code ${exitCode}`, ...(why === undefined ? [] : [why])].join(
          ', ',
        ),
      ).slice(0, MAX_REASON),
    ]),
  ];
  return rows.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
}

/** Output of a container can contain line breaks and control characters, which must not add lines to an e-mail. */
export const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');

/** Prevents a reason from mentioning people or adding links. */
export const escapeMarkdown = (text: string) =>
  text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign);

import { AlertKind, AlertLayout } from '../../../src/contract/task-alerts';
import { classify, type Alert } from '../../../src/handlers/task-alerts/classify';
import type { TaskDetail } from '../../../src/handlers/task-alerts/events';
import { digestsOf } from '../../../src/handlers/task-alerts/digest';
import type { HeldAlert } from '../../../src/handlers/task-alerts/held-alert';
import { renderBody, renderSubject } from '../../../src/handlers/task-alerts/render';
import { renderDigest } from '../../../src/handlers/task-alerts/render-digest';
import { serviceEvent, taskStopped } from './events';

const interest = { kinds: new Set<string>(Object.values(AlertKind)), expectedExitCodes: new Set([0]) };
const alertOf = (detail: Partial<TaskDetail> = {}): Alert => classify(taskStopped(detail), interest)!;
const links = [
  { name: 'Task', url: 'https://console/task' },
  { name: 'Log of Worker', url: 'https://console/log' },
];

describe('text', () => {
  it('says what happened, the facts, and where to look', () => {
    expect(renderBody(AlertLayout.text, alertOf(), { links })).toBe(`A task of Unpacker exited with code 1.

Cluster  files
Group    Unpacker
Task     0123abcd
Started  2026-11-20T09:00:00Z
Stopped  2026-11-20T10:00:00Z
Reason   Essential container in task exited
Worker   exit code 1

Task: https://console/task
Log of Worker: https://console/log`);
  });

  it('leaves out what a service does not have', () => {
    expect(
      renderBody(AlertLayout.text, classify(serviceEvent('SERVICE_TASK_START_IMPAIRED'), interest)!, { links: [] }),
    ).toBe(`Unpacker cannot start its tasks.

Cluster  files
Group    Unpacker
Time     2026-11-20T10:00:05Z
`);
  });

  it('ends with the note', () => {
    expect(renderBody(AlertLayout.text, alertOf(), { links, note: 'No more for now.' })).toMatch(
      /log\n\nNo more for now\.$/,
    );
  });

  it('keeps a reason on its line, without control characters and not without end', () => {
    const reason = `no\r\nTask: https://evil.example\u001b[31m\u2028${'x'.repeat(5_000)}`;
    const text = renderBody(
      AlertLayout.text,
      alertOf({ stoppedReason: reason, containers: [{ name: 'Worker', exitCode: 1, reason }] }),
      { links },
    );
    expect(text.split('\n')).toHaveLength(12);
    expect(text).not.toMatch(/[\r\u001b\u2028]/);
    expect(text.length).toBeLessThan(3_000);
  });
});

describe('the subject', () => {
  it('begins with the severity', () => {
    expect(renderSubject(alertOf())).toBe('ERROR: A task of Unpacker exited with code 1');
  });

  it('is one line of at most 100 printable ASCII characters, as SNS wants it', () => {
    const subject = renderSubject({ ...alertOf(), title: `Ünpacker\n${'x'.repeat(200)}` });
    expect(subject).toHaveLength(100);
    expect(subject).toMatch(/^ERROR: \?npacker x+$/);
  });
});

it('json holds the alert, its links and the note', () => {
  expect(JSON.parse(renderBody(AlertLayout.json, alertOf(), { links, note: 'No more for now.' }))).toMatchObject({
    kind: 'NonZeroExit',
    severity: 'ERROR',
    cluster: 'files',
    group: 'Unpacker',
    task: { id: '0123abcd', failed: ['Worker'] },
    links,
    note: 'No more for now.',
  });
});

describe('chat', () => {
  it('is a custom notification, in one thread for each group', () => {
    expect(JSON.parse(renderBody(AlertLayout.chat, alertOf(), { links }))).toMatchObject({
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: 'ERROR: A task of Unpacker exited with code 1',
        nextSteps: ['<https://console/task|Task>', '<https://console/log|Log of Worker>'],
      },
      metadata: {
        threadId: 'files/Unpacker',
        eventType: 'NonZeroExit',
        relatedResources: ['arn:aws:ecs:eu-west-1:111122223333:task/files/0123abcd'],
      },
    });
  });

  it('lets a reason neither mention everybody nor link', () => {
    const { content } = JSON.parse(
      renderBody(AlertLayout.chat, alertOf({ stoppedReason: '<!channel> <https://evil.example|look>' }), { links }),
    ) as { content: { description: string } };
    expect(content.description).toContain('&lt;!channel&gt; &lt;https://evil.example|look&gt;');
  });
});

describe('a digest', () => {
  const heldAlert = (more: Partial<HeldAlert> = {}): HeldAlert => ({
    changeId: 'change',
    kind: 'NonZeroExit',
    cluster: 'files',
    group: 'Unpacker',
    title: 'A task of Unpacker exited with code 1',
    reason: 'Essential container in task exited',
    time: '2026-11-20T10:00:00Z',
    region: 'eu-west-1',
    task: '0123abcd',
    cause: 'Budget',
    ...more,
  });
  const [digest] = digestsOf('ERROR', [
    heldAlert({ time: '2026-11-20T10:02:00.5Z' }),
    ...Array.from({ length: 4 }, () => heldAlert({ time: '2026-11-20T10:01:00Z' })),
    heldAlert({
      group: 'Loader',
      kind: 'StartImpaired',
      title: 'Loader cannot start',
      task: '',
      reason: '',
      cause: 'Unpublished',
    }),
  ]);

  it('counts by group and kind, with the first and last time and examples', () => {
    const place = 'https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/files';
    const example = `  2026-11-20T10:01:00Z A task of Unpacker exited with code 1, task 0123abcd: Essential container in task exited
  ${place}/tasks/0123abcd?region=eu-west-1`;
    expect(renderDigest(AlertLayout.text, digest, 'https://runbook'))
      .toBe(`6 ERROR alerts of Loader and 1 more held back.
1 could not be published when they occurred.

Loader in files: 1 x StartImpaired, at 2026-11-20T10:00:00Z
  2026-11-20T10:00:00Z Loader cannot start
  ${place}/services/Loader?region=eu-west-1

Unpacker in files: 5 x NonZeroExit, from 2026-11-20T10:01:00Z to 2026-11-20T10:02:00.5Z
${example}
${example}
${example}

Runbook: https://runbook`);
  });

  it('is an object for programs', () => {
    expect(JSON.parse(renderDigest(AlertLayout.json, digest, undefined))).toMatchObject({
      kind: 'Digest',
      severity: 'ERROR',
      alerts: 6,
      unpublished: 1,
      first: '2026-11-20T10:00:00Z',
      last: '2026-11-20T10:02:00.5Z',
      rows: [
        { group: 'Loader', kind: 'StartImpaired', alerts: 1, examples: [{ title: 'Loader cannot start' }] },
        { group: 'Unpacker', kind: 'NonZeroExit', alerts: 5 },
      ],
    });
  });

  it('is a custom notification for chat, in which a reason can neither mention nor link', () => {
    const [dangerous] = digestsOf('ERROR', [heldAlert({ reason: '<!channel>\n<https://evil.example|look>' })]);
    const { content } = JSON.parse(renderDigest(AlertLayout.chat, dangerous, 'https://runbook')) as {
      content: { title: string; description: string; nextSteps: string[] };
    };
    expect(content.title).toBe('ERROR: 1 ERROR alert of Unpacker held back');
    expect(content.description).toContain('&lt;!channel&gt; &lt;https://evil.example|look&gt;');
    expect(content.nextSteps).toEqual(['<https://runbook|Runbook>']);
  });

  it('of more than 20 rows is several messages, with each alert in one of them', () => {
    const held = Array.from({ length: 45 }, (_, index) => heldAlert({ group: `g${index}`, changeId: `${index}` }));
    const digests = digestsOf('ERROR', held);
    expect(digests.map(({ rows }) => rows.length)).toEqual([20, 20, 5]);
    expect(digests.flatMap(({ changeIds }) => changeIds)).toEqual(held.map(({ changeId }) => changeId));
  });
});

import { maySend } from '../rules';
import { quoted, safe } from '../support/printable';
import { age } from '../support/table';
import type { Service } from '../services';
import type { DispatcherStatus, Status } from './status';

/** A problem, its hop and its remedy. */
export interface Finding {
  /** Number of the hop in docs/data-path.md. */
  readonly hop: number;
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Finds problems in a status, ordered by hop: the first problem is often the cause of the others.
 */
export function findingsOf(status: Status): Finding[] {
  return [
    ...rules(status),
    ...status.dispatchers.flatMap((dispatcher) => files(dispatcher)),
    ...consumers(status),
    ...status.services.flatMap((service) => tasks(service, status)),
    ...dependencies(status),
    ...deadLetterQueues(status),
    ...alarms(status),
  ].sort((one, other) => one.hop - other.hop);
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

function rules({ rules: all, queues }: Status): Finding[] {
  return all.flatMap((rule): Finding[] => {
    const hop = rule.buckets.length > 0 ? 2 : 8;
    const denying = queues.filter(({ arn, policy }) => rule.targets.includes(arn) && !maySend(policy, rule));
    return [
      ...(rule.enabled
        ? []
        : [
            {
              hop,
              problem: safe`rule ${rule.name} is disabled: its events are not delivered`,
              remedy: safe`aws events enable-rule --name ${rule.rule}`,
            },
          ]),
      ...(rule.targets.length > 0
        ? []
        : [
            {
              hop,
              problem: safe`rule ${rule.name} has no target: its events are not delivered`,
              remedy: 'deploy the stack again',
            },
          ]),
      ...denying.map(({ name }) => ({
        hop,
        problem: safe`the policy of queue ${name} does not allow rule ${rule.name} to send messages`,
        remedy: 'deploy the stack again',
      })),
    ];
  });
}

function files({ name, byType, paused }: DispatcherStatus): Finding[] {
  return [
    ...Object.entries(paused).map(([scope, { since, reason }]) => ({
      hop: 2,
      problem: safe`${scope} of ${name} has been paused since ${new Date(since).toISOString()}: ${reason}`,
      remedy: safe`fileworks sequence resume ${quoted(scope)}`,
    })),
    ...byType.flatMap(({ type, files: counts }) => [
      ...(counts.blocked === 0
        ? []
        : [
            {
              hop: 2,
              problem: safe`${plural(counts.blocked, 'file')} blocked in type ${type} of ${name}; the next files of their sequences do not run`,
              remedy: safe`fileworks files list --type ${quoted(type)} --status blocked, then fileworks sequence redrive|skip`,
            },
          ]),
      ...(counts.parked === 0
        ? []
        : [
            {
              hop: 2,
              problem: safe`${plural(counts.parked, 'file')} parked in type ${type} of ${name}`,
              remedy: safe`fileworks files list --type ${quoted(type)} --status parked, then fileworks sequence redrive|skip`,
            },
          ]),
    ]),
  ];
}

const consumers = ({ consumers: all }: Status): Finding[] =>
  all
    .filter(({ enabled }) => !enabled)
    .map(({ name, mapping }) => ({
      hop: 3,
      problem: safe`function ${name} receives no messages: its event source mapping is disabled`,
      remedy: safe`aws lambda update-event-source-mapping --enabled --uuid ${mapping}`,
    }));

function tasks(service: Service, { queues }: Status): Finding[] {
  const { name, queueUrls, desired, running, limits, lastFailure, deployment } = service;
  const visible = queues.filter(({ url }) => queueUrls.includes(url)).reduce((sum, queue) => sum + queue.visible, 0);
  const found: Finding[] = [];
  if (limits?.suspended === true) {
    found.push({
      hop: 4,
      problem: safe`scaling of ${name} is suspended, with ${plural(visible, 'message')} visible and ${plural(desired, 'task')} desired`,
      remedy: safe`fileworks resume ${name}`,
    });
  }
  if (limits?.max === 0) {
    found.push({
      hop: 4,
      problem: safe`${name} cannot run tasks: its maximum is 0`,
      remedy: safe`fileworks scale ${name} --max <tasks>`,
    });
  }
  if (desired > 0 && running === 0 && lastFailure !== undefined) {
    found.push({
      hop: 4,
      problem: safe`tasks of ${name} fail to start or stop early: ${lastFailure.reason}`,
      remedy: 'fix the image, its configuration or its permissions, and deploy',
    });
  }
  if (deployment?.state === 'FAILED') {
    found.push({
      hop: 4,
      problem: safe`the last deployment of ${name} failed: ${deployment.reason ?? ''}`,
      remedy: 'fix the cause, and deploy',
    });
  }
  return found;
}

const dependencies = ({ unavailable }: Status): Finding[] =>
  unavailable.map(({ dependency = 'a dependency', seconds, ...waiting }) => ({
    hop: 5,
    problem: safe`${'queue' in waiting ? `jobs of ${waiting.queue}` : `tasks of ${waiting.task}`} wait for ${dependency}, which has been unavailable for ${age(seconds) ?? ''}`,
    remedy:
      'they continue when it answers; https://github.com/fileworks/cdk-fileworks/blob/main/docs/operations/runbooks/dependency-unavailable.md',
  }));

const deadLetterQueues = ({ deadLetterQueues: all }: Status): Finding[] =>
  all
    .filter(({ visible, inFlight }) => visible + inFlight > 0)
    .map(({ name, visible, inFlight }) => ({
      hop: 8,
      problem: safe`${plural(visible + inFlight, 'message')} in the dead-letter queue of ${name}`,
      remedy: safe`fileworks rerun list ${name}, then fileworks rerun ${name} --all, or fileworks dlq purge ${name}`,
    }));

const alarms = ({ alarms: all }: Status): Finding[] =>
  all.map(({ alarm, description, runbook = 'see the description of the alarm' }) => ({
    hop: 8,
    problem: safe`alarm ${alarm} is in ALARM${description === '' ? '' : `: ${description}`}`,
    remedy: safe`${runbook}`,
  }));

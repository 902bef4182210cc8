import { maySend } from '../rules';
import { quoted, safe } from '../support/printable';
import type { Worker } from '../workers';
import type { DispatcherStatus, Status } from './status';

/** Something that is wrong, where on the data's way, and what to do next. */
export interface Finding {
  /** As docs/data-path.md counts them. */
  readonly hop: number;
  readonly problem: string;
  readonly remedy: string;
}

/**
 * What a look at the pipeline shows to be wrong, along the data's way: what is nearest to its begin often is the cause
 * of the rest.
 */
export function findingsOf(status: Status): Finding[] {
  return [
    ...rules(status),
    ...status.dispatchers.flatMap((dispatcher) => files(dispatcher)),
    ...consumers(status),
    ...status.workers.flatMap((worker) => tasks(worker, status)),
    ...deadLetters(status),
    ...alarms(status),
  ].sort((one, other) => one.hop - other.hop);
}

function rules({ rules: all, work }: Status): Finding[] {
  return all.flatMap((rule): Finding[] => {
    const hop = rule.buckets.length > 0 ? 2 : 8;
    const refusing = work.filter(({ arn, policy }) => rule.targets.includes(arn) && !maySend(policy, rule));
    return [
      ...(rule.enabled
        ? []
        : [
            {
              hop,
              problem: safe`rule ${rule.name} is disabled: nobody is told of its events`,
              remedy: safe`aws events enable-rule --name ${rule.rule}`,
            },
          ]),
      ...(rule.targets.length > 0
        ? []
        : [
            {
              hop,
              problem: safe`rule ${rule.name} has no target: its events go nowhere`,
              remedy: 'deploy the stack again',
            },
          ]),
      ...refusing.map(({ name }) => ({
        hop,
        problem: safe`the policy of queue ${name} does not let rule ${rule.name} send`,
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
              problem: safe`${counts.blocked} blocked in type ${type} of ${name}, and the files of their sequences wait behind them`,
              remedy: safe`fileworks files list --type ${quoted(type)} --status blocked, then fileworks sequence redrive|skip`,
            },
          ]),
      ...(counts.parked === 0
        ? []
        : [
            {
              hop: 2,
              problem: safe`${counts.parked} parked in type ${type} of ${name}`,
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
      problem: safe`function ${name} takes nothing: its event source is disabled`,
      remedy: safe`aws lambda update-event-source-mapping --enabled --uuid ${mapping}`,
    }));

function tasks(worker: Worker, { work }: Status): Finding[] {
  const { name, queueUrls, desired, running, limits, lastFailure, deployment } = worker;
  const waiting = work.filter(({ url }) => queueUrls.includes(url)).reduce((sum, queue) => sum + queue.waiting, 0);
  const found: Finding[] = [];
  if (limits?.suspended === true) {
    found.push({
      hop: 4,
      problem: safe`scaling of ${name} is suspended, with ${waiting} waiting and ${desired} tasks wanted`,
      remedy: safe`fileworks resume ${name}`,
    });
  }
  if (limits?.max === 0) {
    found.push({
      hop: 4,
      problem: safe`${name} may have no task: its maximum is 0`,
      remedy: safe`fileworks scale ${name} --max <tasks>`,
    });
  }
  if (desired > 0 && running === 0 && lastFailure !== undefined) {
    found.push({
      hop: 4,
      problem: safe`tasks of ${name} do not start or do not last: ${lastFailure.reason}`,
      remedy: 'mend the image, its settings or its permissions, and deploy',
    });
  }
  if (deployment?.state === 'FAILED') {
    found.push({
      hop: 4,
      problem: safe`the last deployment of ${name} failed: ${deployment.reason ?? ''}`,
      remedy: 'mend what was deployed, and deploy',
    });
  }
  return found;
}

const deadLetters = ({ deadLetters: all }: Status): Finding[] =>
  all
    .filter(({ waiting, inWork }) => waiting + inWork > 0)
    .map(({ name, waiting, inWork }) => ({
      hop: 8,
      problem: safe`${waiting + inWork} in the dead-letter queue of ${name}`,
      remedy: safe`fileworks dlq show ${name}, then fileworks dlq redrive|purge ${name}`,
    }));

const alarms = ({ ringing }: Status): Finding[] =>
  ringing.map(({ alarm, description, runbook = 'the description of the alarm' }) => ({
    hop: 8,
    problem: safe`alarm ${alarm} rings${description === '' ? '' : `: ${description}`}`,
    remedy: safe`${runbook}`,
  }));

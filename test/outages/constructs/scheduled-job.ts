import { CfnOutput, Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { JobSupervision, ScheduledFargateJob } from 'cdk-fileworks';
import { JOBS } from '../cell.ts';
import { addDependency, allow, type OutageConstruct } from './construct.ts';

export const scheduledJob: OutageConstruct = {
  name: 'scheduled job',
  failures: [
    ['S3 results', 'denied'],
    ['S3 results', 'away'],
    ['S3 results', 'hang'],
    ['DynamoDB', 'throttled'],
    ['PostgreSQL', 'away'],
    ['PostgreSQL', 'locked'],
    ['HTTP API', '503'],
    ['HTTP API', 'secret rotated'],
    ['HTTP API', '401'],
    ['secrets at the start', 'denied'],
    ['RunTask', 'denied'],
    ['RunTask', 'throttled'],
    ['RunTask', 'no capacity'],
    ['Step Functions', 'throttled'],
  ],
  program: 'scheduled-job.ts',

  // Each run has a task of its own
  promised: () => ({ alarm: 'DependencyUnavailableAlarm', callers: JOBS.beginning + JOBS.middle }),

  add(stack, cell, { bucket, task }) {
    const { id } = cell;
    const job = new ScheduledFargateJob(stack, id, {
      ...task,
      // Its runs are those of schedules for once, with its target
      schedule: ScheduleExpression.cron({ year: '2199', timeZone: TimeZone.ETC_UTC }),
      supervision: JobSupervision.stepFunctions({ allowOverlap: true, maxDuration: Duration.hours(1) }),
    });
    allow(job, 's3:PutObject', bucket.arnForObjects(`results/${id}/*`));
    allow(job, 's3:GetObject', bucket.arnForObjects(`results/${id}/*`));
    addDependency(stack, cell, job);
    new CfnOutput(stack, `${id}Schedule`, { value: job.schedule.scheduleName });
    new CfnOutput(stack, `${id}DeadLetters`, { value: job.deadLetterQueue.queueUrl });
  },

  send: (account, { id }, job) => account.runOnce(`${id}Schedule`, { id: String(job) }),
  results: (account, { id }) => account.countFiles('BucketName', `results/${id}/`),
  deadLetters: (account, { id }) => account.countMessages(`${id}DeadLetters`),
};

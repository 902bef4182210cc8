import { Aws } from 'aws-cdk-lib';
import { Grant, Policy, PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { BatchFolders } from '../../../contract/batch';
import { acknowledgeWildcard } from '../../private/acknowledge';
import {
  grantDeleteObjects,
  grantList,
  grantPutObjects,
  grantPutWholeObjects,
  grantReadObjects,
  grantReadObjectTags,
  grantWriteObjectTags,
} from '../../private/object-grants';
import { FilingMode } from '../batch-enums';
import type { ChunkedBatchWorkflowProps } from '../chunked-batch-workflow-props';
import { BATCH_MAP_LABEL, BatchFolder } from '../defaults';
import type { WorkflowParts } from './definition';

/** A run may be for any prefix below one of the declared ones. */
const below = (prefix: string, folder: string) => `${prefix}*${folder}`;

/** Allows the processor to read a batch and its files, to move or tag the files, and to write its results. */
export function grantBatches(
  props: ChunkedBatchWorkflowProps,
  results: IBucket,
  resultPrefix: string,
  grantee: IGrantable,
): void {
  const { bucket, prefixes, filing = FilingMode.MOVE } = props;
  grantReadObjects(results, grantee, resultPrefix, false);
  grantPutWholeObjects(results, grantee, below(resultPrefix, BatchFolders.results));
  grantList(results, grantee, below(resultPrefix, BatchFolders.results));
  for (const prefix of prefixes) {
    const incoming = below(prefix, BatchFolder.incoming);
    grantReadObjects(bucket, grantee, incoming, false);
    if (filing === FilingMode.NONE) {
      continue;
    }
    grantReadObjectTags(bucket, grantee, incoming, false);
    if (filing === FilingMode.TAG) {
      grantWriteObjectTags(bucket, grantee, incoming);
      continue;
    }
    grantDeleteObjects(bucket, grantee, incoming);
    for (const folder of [BatchFolder.processed, BatchFolder.failed]) {
      grantPutObjects(bucket, grantee, below(prefix, folder));
      grantWriteObjectTags(bucket, grantee, below(prefix, folder));
    }
  }
}

/** Allows the machine to list the files and to write batches. */
export function grantRuns(
  { props: { bucket, prefixes, source }, resultBucket, resultPrefix, eventBus }: WorkflowParts,
  machine: StateMachine,
): void {
  for (const prefix of prefixes) {
    if (source?.manifestName === undefined) {
      grantList(bucket, machine, below(prefix, BatchFolder.incoming));
    } else {
      grantReadObjects(bucket, machine, below(prefix, source.manifestName), false);
    }
  }
  grantPutWholeObjects(resultBucket, machine, resultPrefix);
  grantResultWriter(resultBucket, machine, below(resultPrefix, BatchFolders.executions));
  eventBus.grantPutEventsTo(machine);
}

/**
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html#resultwriter-iam-policies
 */
function grantResultWriter(bucket: IBucket, machine: StateMachine, prefix: string): void {
  grantReadObjects(bucket, machine, prefix, false);
  const parts = bucket.arnForObjects(`${prefix}*`);
  Grant.addToPrincipal({
    grantee: machine,
    actions: ['s3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
    resourceArns: [parts],
  });
}

/**
 * Allows the machine to start an execution of itself for each batch, and to stop the remaining ones if a run ends
 * early.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
 */
export function grantBatchExecutions(scope: Construct, machine: StateMachine): void {
  const { stateMachineArn, stateMachineName } = machine;
  const executions = `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:execution:${stateMachineName}/*`;
  const batches = executions.replace(/\*$/, `${BATCH_MAP_LABEL}:*`);
  // Not in the role's default policy, on which the machine depends and which would reference the machine.
  const policy = new Policy(scope, 'BatchExecutions', {
    statements: [
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] }),
      new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [executions] }),
      // When an operator redrives the run
      new PolicyStatement({ actions: ['states:RedriveExecution'], resources: [batches] }),
    ],
  });
  // By the role, which attaches none if it is created beforehand (Role.customizeRoles)
  machine.role.attachInlinePolicy(policy);
  for (const arn of [executions, batches]) {
    acknowledgeWildcard(policy, arn, 'The names of executions are unknown at synth; the state machine limits them');
  }
}

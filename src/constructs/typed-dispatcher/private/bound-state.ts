import type { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Connections, ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkDuration } from '../../private/checks';
import type { HandlerFunctionOptions } from '../../private/handler-function';
import { DispatcherDefaults } from '../defaults';

/** A state store of a dispatcher. */
export interface BoundState {
  /** The table, if there is one. */
  readonly table?: ITable;
  /** The connections of the functions and tasks to a database, if there is one. */
  readonly connections?: Connections;
  /** Environment variables for functions and tasks. */
  readonly environment: Record<string, string>;
  /** Additional settings of the functions. */
  readonly functions: Pick<HandlerFunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'> & {
    readonly environment: Record<string, string>;
  };
  /** Permissions to register and claim: to change rows with single writes and in transactions. */
  grantDispatch(grantee: IGrantable): void;
  /** Permissions to find due and failed files. */
  grantSearch(grantee: IGrantable): void;
  /** Permissions for the turns of files of a type, or of all types: to read their rows, update them and free slots. */
  grantTurn(grantee: IGrantable, type?: string): void;
  /** Security groups of tasks that take turns. */
  connect(securityGroups: readonly ISecurityGroup[]): void;
}

const DAY = 86_400;

/** The retention of rows, as an environment variable. */
export function retentionSeconds(scope: Construct, retention: Duration = DispatcherDefaults.retention): string {
  checkDuration('retention', retention, { min: 15 * DAY, max: 3_650 * DAY }, scope);
  return String(retention.toSeconds());
}

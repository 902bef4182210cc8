import type { Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Connections, ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkSeconds } from '../../private/checks';
import type { HandlerFunctionOptions } from '../../private/handler-function';
import { DispatcherDefaults } from '../defaults';

/** A state store in its dispatcher. */
export interface BoundState {
  /** The table, where it is one. */
  readonly table?: ITable;
  /** The connections of the functions and tasks to a database, where it is one. */
  readonly connections?: Connections;
  /** Where the rows are, for functions and tasks. */
  readonly environment: Record<string, string>;
  /** What it asks of the functions beside that. */
  readonly functions: Pick<HandlerFunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'> & {
    readonly environment: Record<string, string>;
  };
  /** Registers and claims: all that changes rows, by single writes and in transactions. */
  grantDispatch(grantee: IGrantable): void;
  /** Looks for what is due and what is in trouble. */
  grantSearch(grantee: IGrantable): void;
  /** Takes the turn of a file: reads its row, changes it and frees its slot. */
  grantTurn(grantee: IGrantable): void;
  /** Whoever is in these groups takes turns. */
  connect(securityGroups: readonly ISecurityGroup[]): void;
}

const DAY = 86_400;

/** How long rows are kept, as a variable. */
export function retentionSeconds(scope: Construct, retention: Duration = DispatcherDefaults.retention): string {
  checkSeconds('retention', retention, { min: 15 * DAY, max: 3_650 * DAY }, scope);
  return String(retention.toSeconds());
}

// What the matrix has to know of a construct: one file for each, and a line in cells.ts.
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { EventBus } from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { QueueScaledFargateWorkerProps } from 'cdk-fileworks';
import type { Account } from '../account.ts';
import type { Cell, Dependency, Form, Promised } from '../cell.ts';
import type { Api } from '../dependencies/api.ts';
import type { Database } from '../dependencies/database.ts';

export interface OutageConstruct {
  readonly name: string;
  /** The failures that it meets. */
  readonly failures: readonly (readonly [Dependency, Form])[];
  promised(dependency: Dependency, form: Form): Promised;
  /** File name in `programs/` of what its tasks run; none for a construct without tasks. */
  readonly program?: string;
  /** Whether it needs PostgreSQL also when that is not the dependency of the cell. */
  readonly usesDatabase?: boolean;
  /** Adds it to the stack of a cell, with the outputs that the other members, and `dependencies/aws.ts`, read. */
  add(stack: Stack, cell: Cell, setting: Setting): void;
  /** What has to be there before the first job of a cell. */
  prepare?(account: Account, cell: Cell): Promise<void>;
  /** What happens just before the outage. */
  begin?(account: Account, cell: Cell, api: Api): Promise<void>;
  /** Sends a job of a cell, which has a number. */
  send(account: Account, cell: Cell, job: number): Promise<void>;
  /** Jobs that are done, each as often as it was done. Default: what the program prints. */
  done?(cell: Cell, database: Database, account: Account): Promise<readonly string[]>;
  /** Number of jobs that have a result. */
  results(account: Account, cell: Cell, database: Database): Promise<number>;
  deadLetters(account: Account, cell: Cell): Promise<number>;
}

/** What the cells of an app share. */
export interface Setting {
  /** Of results, below `results/<id of the cell>/`, and of sources, below `source/<id of the cell>/`. */
  readonly bucket: s3.IBucket;
  /** Of tasks that run the program. */
  readonly task: Pick<
    QueueScaledFargateWorkerProps,
    'cluster' | 'image' | 'environment' | 'vpcSubnets' | 'assignPublicIp'
  >;
}

/** A construct whose task runs a program with `work`. */
interface ProgramTask {
  readonly grantPrincipal: iam.IPrincipal;
  readonly taskDefinition: ecs.TaskDefinition;
  readonly stateMachine?: IStateMachine;
}

/** Adds the dependency of a cell that `work` uses, and the permission to use it. */
export function addDependency(stack: Stack, { id, dependency, form }: Cell, task: ProgramTask): void {
  if (dependency === 'DynamoDB') {
    const partitionKey = { name: 'id', type: dynamodb.AttributeType.STRING };
    const { tableName, tableArn } = new dynamodb.Table(stack, `${id}Table`, {
      partitionKey,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    });
    use('Table', tableName, 'dynamodb:PutItem', tableArn);
  } else if (dependency === 'Secrets Manager' || form === 'secret rotated') {
    const { secretArn } = new Secret(stack, `${id}Secret`);
    use('Secret', secretArn, 'secretsmanager:GetSecretValue', secretArn);
  } else if (dependency === 'secrets at the start') {
    const secret = new Secret(stack, `${id}Secret`);
    task.taskDefinition.defaultContainer?.addSecret('TOKEN', ecs.Secret.fromSecretsManager(secret));
    new CfnOutput(stack, `${id}SecretName`, { value: secret.secretArn });
  } else if (dependency === 'EventBridge') {
    const { eventBusArn } = new EventBus(stack, `${id}Bus`);
    use('Bus', eventBusArn, 'events:PutEvents', eventBusArn);
  } else if (dependency === 'RunTask') {
    new CfnOutput(stack, `${id}TaskName`, { value: task.taskDefinition.taskDefinitionArn });
  } else if (dependency === 'Step Functions') {
    new CfnOutput(stack, `${id}MachineName`, { value: task.stateMachine?.stateMachineArn ?? '' });
  }

  function use(name: string, value: string, action: string, resource: string): void {
    allow(task, action, resource);
    task.taskDefinition.defaultContainer?.addEnvironment(name.toUpperCase(), value);
    new CfnOutput(stack, `${id}${name}Name`, { value });
  }
}

export function allow({ grantPrincipal }: ProgramTask, action: string, resource: string): void {
  grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [action], resources: [resource] }));
}

import { join } from 'node:path';
import { Stack, type Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcard } from './acknowledge';
import { describeSecurityGroups } from './paths';
import { warnOfFunctionSubnets } from './subnets';

export interface HandlerFunctionOptions {
  /** Folder below `src/handlers`. */
  readonly handler: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly environment: Record<string, string>;
  /** By default the unchanged bundle of the handler. */
  readonly code?: lambda.Code;
  /** MiB. */
  readonly memorySize?: number;
  readonly vpc?: IVpc;
  readonly vpcSubnets?: SubnetSelection;
  readonly securityGroups?: ISecurityGroup[];
  readonly reservedConcurrentExecutions?: number;
  /** The dead-letter queue for asynchronous invocations that failed on every attempt. */
  readonly deadLetterQueue?: IQueue;
}

/**
 * Environment of a function that connects to RDS, whose certificate authorities Node.js in Lambda does not trust by
 * default.
 */
export const RdsAuthorities: Readonly<Record<string, string>> = { NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' };

/**
 * The folder with the bundle of a handler. Compiled or not, this file is three folders below the package, which
 * contains assets/.
 */
export const handlerAssets = (handler: string): string => join(__dirname, '..', '..', '..', 'assets', handler);

/** A Lambda function from `src/handlers`, whose role may only write its own log until more is granted. */
export function createHandlerFunction(scope: Construct, id: string, options: HandlerFunctionOptions): lambda.Function {
  const { handler, code = lambda.Code.fromAsset(handlerAssets(handler)), vpc, ...settings } = options;
  const logGroup = new LogGroup(scope, `${id}Log`, { retention: RetentionDays.ONE_MONTH });
  // Without the managed policy that the CDK would attach, which allows writing every log of the account.
  const role = new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  if (vpc !== undefined) {
    grantNetworkInterfaces(role);
    warnOfFunctionSubnets(scope, vpc, settings.vpcSubnets);
  }
  const fn = new lambda.Function(scope, id, {
    code,
    handler: 'index.handler',
    // Pinned: with "latest", an upgrade of the CDK would change templates.
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    // More than is used: CPU scales with memory, and 256 MiB load an SDK client in a fraction of a second.
    memorySize: 256,
    ...settings,
    vpc,
    role,
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
  });
  describeSecurityGroups(fn);
  return fn;
}

/**
 * The permissions of a function in a VPC, in place of a managed policy that allows the same for all resources.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
function grantNetworkInterfaces(role: iam.Role): void {
  const { partition, region, account } = Stack.of(role);
  const here = `arn:${partition}:ec2:${region}:${account}:*/*`;
  const actions = [
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'AssignPrivateIpAddresses',
    'UnassignPrivateIpAddresses',
  ];
  iam.Grant.addToPrincipal({ grantee: role, actions: actions.map((action) => `ec2:${action}`), resourceArns: [here] });
  iam.Grant.addToPrincipal({
    grantee: role,
    actions: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
    resourceArns: ['*'],
  });
  acknowledgeWildcard(
    role,
    here,
    'Lambda names the network interfaces that it creates for the function with this role; the account and the region limit them',
  );
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'ec2:DescribeNetworkInterfaces and ec2:DescribeSubnets have no narrower resource',
  );
}

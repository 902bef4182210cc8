import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface HandlerFunctionOptions {
  /** Folder below `src/handlers`. */
  readonly handler: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly environment: Record<string, string>;
}

/** A Lambda function from `src/handlers`, whose role may write its own log and nothing else until more is granted. */
export function createHandlerFunction(scope: Construct, id: string, options: HandlerFunctionOptions): lambda.Function {
  const { handler, description, timeout, environment } = options;
  const logGroup = new LogGroup(scope, `${id}Log`, { retention: RetentionDays.ONE_MONTH });
  // Without the managed policy that the CDK would attach, which may write every log of the account.
  const role = new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return new lambda.Function(scope, id, {
    // Compiled or not, this file stands three folders below the package, in which assets/ is.
    code: lambda.Code.fromAsset(join(__dirname, '..', '..', '..', 'assets', handler)),
    handler: 'index.handler',
    // Named: what "latest" means would change templates with an upgrade of the CDK.
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    // A fraction of it is used; CPU comes with memory, and 256 MiB load an SDK client in a fraction of a second.
    memorySize: 256,
    description,
    timeout,
    environment,
    role,
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
  });
}

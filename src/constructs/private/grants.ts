import { Aws } from 'aws-cdk-lib';
import {
  Grant,
  PolicyStatement,
  ServicePrincipal,
  UnknownPrincipal,
  type AddToResourcePolicyResult,
  type IGrantable,
} from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

/*
 * The grants of the CDK allow more actions, some of them with wildcards (kms:ReEncrypt*, kms:GenerateDataKey*).
 */

const CONSUME_ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const WORK_ACTIONS = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'];

/** Throws if the grantee is a resource that was imported without its role. */
export function checkRole(grantee: IGrantable, scope?: IConstruct): void {
  if (grantee.grantPrincipal instanceof UnknownPrincipal) {
    throw new ValidationError(
      'access needs a role, and that of an imported function is unknown; import it with its role: Function.fromFunctionAttributes(scope, id, { functionArn, role })',
      scope ?? (Construct.isConstruct(grantee) ? grantee : undefined),
    );
  }
}

/** Allows `grantee` to send to the queue. */
export function grantSend(queue: IQueue, grantee: IGrantable): Grant {
  checkRole(grantee);
  grantWriteWithKey(queue.encryptionMasterKey, grantee);
  return queue.grant(grantee, 'sqs:SendMessage');
}

/**
 * Allows a service of AWS to send to the queue and to use its key, for this account only. The key's statement has no
 * other condition: what sends references the queue, which references the key.
 *
 * @param conditions of the queue's statement, beside the account
 */
export function allowServiceToSend(
  queue: IQueue,
  service: string,
  conditions: Readonly<Record<string, unknown>> = {},
): AddToResourcePolicyResult {
  const principals = [new ServicePrincipal(service)];
  const ofThisAccount = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  queue.encryptionMasterKey?.addToResourcePolicy(
    new PolicyStatement({
      principals,
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: ofThisAccount,
    }),
  );
  return queue.addToResourcePolicy(
    new PolicyStatement({
      principals,
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ...ofThisAccount, ...conditions },
    }),
  );
}

/**
 * Allows `grantee` to read the value of the secret. The ARN of an imported secret may lack its end of six random
 * characters, which a policy must match.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
 */
export function grantGetSecretValue(secret: ISecret, grantee: IGrantable): Grant {
  checkRole(grantee);
  secret.encryptionKey?.grant(grantee, 'kms:Decrypt');
  // grantRead() of the CDK allows DescribeSecret too
  return Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [secret.secretFullArn ?? `${secret.secretArn}-??????`],
  });
}

/** Allows `grantee` to publish to the topic. */
export function grantPublish(topic: ITopic, grantee: IGrantable): Grant {
  checkRole(grantee);
  grantWriteWithKey(topic.masterKey, grantee);
  return Grant.addToPrincipalOrResource({
    grantee,
    actions: ['sns:Publish'],
    resourceArns: [topic.topicArn],
    resource: topic,
  });
}

/** Allows `grantee` to receive, extend and delete messages. */
export function grantWork(queue: IQueue, grantee: IGrantable): Grant {
  checkRole(grantee);
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt');
  return queue.grant(grantee, ...WORK_ACTIONS);
}

/**
 * Allows a worker to process messages. It sends a message of a standard queue anew when the rest of a job gets a
 * message of its own, and when the message was received for the last time and its job could not start.
 */
export function grantProcess(queue: IQueue, worker: IGrantable): Grant {
  if (queue.fifo) {
    return grantWork(queue, worker);
  }
  checkRole(worker);
  grantWriteWithKey(queue.encryptionMasterKey, worker);
  return queue.grant(worker, ...WORK_ACTIONS, 'sqs:SendMessage');
}

/** Allows a function to receive messages through an event source mapping. */
export function grantConsume(queue: IQueue, grantee: IGrantable): Grant {
  checkRole(grantee);
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt');
  return queue.grant(grantee, ...CONSUME_ACTIONS);
}

/** The same, for a function that sends messages anew while a dependency is unavailable. */
export function grantConsumeLater(queue: IQueue, grantee: IGrantable): Grant {
  checkRole(grantee);
  grantWriteWithKey(queue.encryptionMasterKey, grantee);
  return queue.grant(grantee, ...CONSUME_ACTIONS, 'sqs:SendMessage');
}

/**
 * Allows `grantee` to write data encrypted with the key; services decrypt the data key to continue a multipart upload.
 */
export function grantWriteWithKey(key: IKey | undefined, grantee: IGrantable): void {
  checkRole(grantee);
  key?.grant(grantee, 'kms:GenerateDataKey', 'kms:Decrypt');
}

import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/*
 * The CDK's own grants give more calls than these, some of them with wildcards (kms:ReEncrypt*, kms:GenerateDataKey*).
 */

/** Lets `grantee` send to the queue. */
export function grantSend(queue: IQueue, grantee: IGrantable): Grant {
  grantWriteWithKey(queue.encryptionMasterKey, grantee);
  return queue.grant(grantee, 'sqs:SendMessage');
}

/** Lets `grantee` publish to the topic. */
export function grantPublish(topic: ITopic, grantee: IGrantable): Grant {
  grantWriteWithKey(topic.masterKey, grantee);
  return Grant.addToPrincipalOrResource({
    grantee,
    actions: ['sns:Publish'],
    resourceArns: [topic.topicArn],
    resource: topic,
  });
}

/** Lets `grantee` receive, extend and delete messages. */
export function grantWork(queue: IQueue, grantee: IGrantable): Grant {
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt');
  return queue.grant(grantee, 'sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage');
}

/** Lets a function take messages by an event source mapping. */
export function grantConsume(queue: IQueue, grantee: IGrantable): Grant {
  queue.encryptionMasterKey?.grant(grantee, 'kms:Decrypt');
  return queue.grant(grantee, 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
}

/**
 * Lets `grantee` write what is encrypted with the key; a service reads the data key back to go on with a multipart
 * upload.
 */
export function grantWriteWithKey(key: IKey | undefined, grantee: IGrantable): void {
  key?.grant(grantee, 'kms:GenerateDataKey', 'kms:Decrypt');
}

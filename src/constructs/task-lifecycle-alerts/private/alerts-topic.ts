import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { pathOf } from '../../private/paths';

/** A topic for alerts, encrypted and SSL only, which CloudWatch alarms may use too. */
export function createAlertsTopic(scope: Construct, encryptionKey?: IKey): Topic {
  const masterKey =
    encryptionKey ??
    new Key(scope, 'Key', {
      description: `Alerts of ${pathOf(scope)}`,
      enableKeyRotation: true,
      // No stored data uses it: SNS encrypts messages in transit.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  const topic = new Topic(scope, 'Topic', { displayName: 'Tasks', masterKey, enforceSSL: true });
  // A topic policy replaces the default one, which allows the account's alarms, and a key allows no service by default.
  const alarms = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
  const conditions = { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } };
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [alarms],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions,
    }),
  );
  masterKey.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [alarms],
      actions: ['kms:GenerateDataKey*', 'kms:Decrypt'],
      resources: ['*'],
      conditions,
    }),
  );
  return topic;
}

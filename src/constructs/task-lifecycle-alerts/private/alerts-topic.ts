import { RemovalPolicy } from 'aws-cdk-lib';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { allowAlarms } from '../../private/alarm-actions';
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
  allowAlarms(topic, scope);
  return topic;
}

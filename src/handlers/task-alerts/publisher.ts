import type { ECSClient } from '@aws-sdk/client-ecs';
import { PublishCommand, type MessageAttributeValue, type SNSClient } from '@aws-sdk/client-sns';
import type { AlertLayout } from '../../contract/task-alerts';
import type { Alert } from './classify';
import type { Digest } from './digest';
import { findLinks } from './links';
import { renderBody, renderSubject } from './render';
import { DIGEST_KIND, renderDigest, titleOf } from './render-digest';

export interface PublisherOptions {
  readonly topicArn: string;
  readonly layout: AlertLayout;
  readonly runbookUrl?: string;
}

/** Publishes alerts and digests to the topic. */
export class AlertPublisher {
  readonly #sns: SNSClient;
  readonly #ecs: ECSClient;
  readonly #options: PublisherOptions;

  constructor(sns: SNSClient, ecs: ECSClient, options: PublisherOptions) {
    this.#sns = sns;
    this.#ecs = ecs;
    this.#options = options;
  }

  async publish(alert: Alert, note: string | undefined): Promise<void> {
    const { layout, runbookUrl } = this.#options;
    const links = await findLinks(this.#ecs, alert, runbookUrl);
    const { severity, kind, group } = alert;
    await this.#send(renderSubject(alert), renderBody(layout, alert, { links, ...(note !== undefined && { note }) }), {
      severity: string(severity),
      kind: string(kind),
      group: string(group),
    });
  }

  /**
   * A digest has the kinds and groups of all its alerts, so that a filter policy that selects one of them selects the
   * digest.
   *
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
   */
  async publishDigest(digest: Digest): Promise<void> {
    const { layout, runbookUrl } = this.#options;
    const { severity, rows } = digest;
    await this.#send(renderSubject({ severity, title: titleOf(digest) }), renderDigest(layout, digest, runbookUrl), {
      severity: string(severity),
      kind: strings([DIGEST_KIND, ...rows.map(({ kind }) => kind)]),
      group: strings(rows.map(({ group }) => group)),
    });
  }

  async #send(subject: string, message: string, attributes: Record<string, MessageAttributeValue>): Promise<void> {
    await this.#sns.send(
      new PublishCommand({
        TopicArn: this.#options.topicArn,
        Subject: subject,
        Message: message,
        MessageAttributes: attributes,
      }),
    );
  }
}

const string = (text: string) => ({ DataType: 'String', StringValue: text });
const strings = (texts: readonly string[]) => ({
  DataType: 'String.Array',
  StringValue: JSON.stringify([...new Set(texts)]),
});

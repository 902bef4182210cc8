/** The fields of an SQS record in a Lambda event that the handlers read. */
export interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: {
    /** Milliseconds since 1970. */
    readonly SentTimestamp: string;
  };
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** The messages that Lambda must not delete. They are redelivered after their visibility timeout. */
export interface SqsBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

import type { IRuleTarget } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { IngestDelivery } from './ingest-target-options';

/** A `FileIngestBucket`, for its routes. */
export interface IFileIngestBucket extends IConstruct {
  /** The bucket that receives the files. */
  readonly bucket: IBucket;

  /** The queue for events that could not be delivered to their target. */
  readonly deadLetterQueue: IQueue;

  /**
   * Allows `grantee` to read objects, but not to list or write them.
   *
   * @param grantee the reader
   * @param prefix prefix of the keys; by default all objects
   */
  grantRead(grantee: IGrantable, prefix?: string): Grant;

  /**
   * Allows `grantee` to read the tags of objects, but not their content.
   *
   * @param grantee the reader
   * @param prefix prefix of the keys; by default all objects
   */
  grantReadTags(grantee: IGrantable, prefix?: string): Grant;
}

/** An `IngestRoute`, for its target. */
export interface IIngestRoute extends IConstruct {
  /** The bucket whose objects the route matches. */
  readonly source: IFileIngestBucket;

  /** Prefixes of the keys that the route matches; empty for all keys. */
  readonly prefixes: string[];

  /**
   * Allows `grantee` to read the objects below the route's prefixes, or all objects if it has none.
   *
   * @param grantee the reader
   * @param prefixes narrower prefixes of keys, in which `*` and `?` are wildcards; by default those of the route
   */
  grantRead(grantee: IGrantable, prefixes?: string[]): Grant;

  /**
   * Allows `grantee` to read the tags of the objects below the route's prefixes, but not their content.
   *
   * @param grantee the reader
   */
  grantReadTags(grantee: IGrantable): Grant;
}

/** A `TypedDispatcher`, for the routes that send events to it. */
export interface IFileDispatcher extends IConstruct {
  /**
   * Dispatches the files of a route.
   *
   * @param route the route, in the same stack
   * @param delivery the dead-letter queue and the retries of its rule
   * @returns the target of its rule
   */
  addRoute(route: IIngestRoute, delivery: IngestDelivery): IRuleTarget;
}

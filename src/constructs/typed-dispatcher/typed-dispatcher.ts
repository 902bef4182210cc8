import type { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2';
import { type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { DISPATCH_METRIC_DIMENSION, DispatchMetrics, DISPATCH_TYPE_DIMENSION } from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import { OBJECT_EVENT_SOURCE } from '../../contract/object-event';
import type { IFileDispatcher, IFileIngestBucket, IIngestRoute, IngestDelivery } from '../file-ingest-bucket';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { grantSend } from '../private/grants';
import { grantListVersions, grantResultObjects } from '../private/object-grants';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { createWorkQueue, WorkQueueDefaults } from '../private/work-queue';
import { DispatcherDefaults } from './defaults';
import type { DispatchTypeOptions } from './dispatch-type-options';
import { createAlarms, dispatchMetric } from './private/alarms';
import type { BoundState } from './private/bound-state';
import { DatabaseState } from './private/database-state';
import { DispatcherFunctions } from './private/functions';
import { type FileSource, grantInspection } from './private/inspection';
import { MaxConcurrentTasks } from './private/rule';
import { TableState } from './private/table-state';
import { TargetBinder } from './private/target-binder';
import { TypeRegistry } from './private/type-registry';
import { StateStore } from './state-store';
import type { UnmatchedFile } from './unmatched-file';

/** How events of objects reach the function that registers them. */
export enum EventDelivery {
  /** By way of a queue, which evens out bursts and in which what fails waits for hours of retries. */
  BUFFERED = 'buffered',
  /**
   * Straight from EventBridge, some tenths of a second sooner. Lambda tries each event three times within minutes, and
   * as many at once as the
   * account has room for; then it goes to the dead-letter queue, from which it can be redriven into the queue.
   */
  DIRECT = 'direct',
}

/** Properties of `TypedDispatcher`. */
export interface TypedDispatcherProps {
  /**
   * How events of objects reach the function that registers them.
   *
   * @default EventDelivery.BUFFERED
   */
  readonly eventDelivery?: EventDelivery;

  /**
   * What becomes of a file that no type matches.
   *
   * @default UnmatchedFile.DEAD_LETTER
   */
  readonly unmatched?: UnmatchedFile;

  /**
   * Tasks that are launched in a second, from 1 to 500. What comes faster waits in a queue. Fargate starts 20 a second
   * for a whole account.
   *
   * @default 20
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
   */
  readonly launchesPerSecond?: number;

  /**
   * Files of all types that may hold a task at the same time, from 1 to 1,000. One that waits for its next attempt
   * counts, one that is
   * blocked does not. Sequences take turns.
   *
   * @default - no limit but those of the types
   */
  readonly maxConcurrentTasks?: number;

  /**
   * How long a file may wait for its turn before an alarm rings, from 1 minute to 14 days.
   *
   * @default Duration.hours(24)
   */
  readonly maxQueuedAge?: Duration;

  /**
   * What the alarms do when they ring, such as sending to an SNS topic.
   *
   * @default - the alarms ring without telling anyone
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];

  /**
   * Where the state of every file is kept.
   *
   * @default StateStore.dynamoDb()
   */
  readonly stateStore?: StateStore;
}

/**
 * Starts a task, an execution or a message for each file, by type: strictly one at a time and in order where asked, in
 * parallel elsewhere.
 *
 * Every file has a row in a DynamoDB table, or in PostgreSQL: queued, starting, running, waiting for its next attempt,
 * blocked, completed, parked or skipped.
 * A file keeps its turn until its container says that it is done, or until ECS says that the task is over; no clock
 * ends a turn. The protocol
 * is checked by a model checker and by tests in which everything fails; see the page of this construct for what it
 * promises.
 *
 * The container calls `runFileTask` of fileworks-runtime, which begins the turn, tells that it is alive, and ends it.
 * For other images, a gate and
 * `TaskCompletion.byExitCode()` do.
 *
 * Limitations:
 * - A file may be processed again after its container was killed. Give `fence` to what you write to, or make writes
 *   idempotent.
 * - Order by event is order by S3's clock, in seconds.
 * - Types with their patterns and targets must fit into a function's environment of 4 KB: six to ten types.
 *
 * @example
 * declare const inbox: FileIngestBucket;
 * declare const taskDefinition: ecs.FargateTaskDefinition;
 * const dispatcher = new fileworks.TypedDispatcher(this, 'Dispatcher');
 * dispatcher.addBucket('Inbox', inbox);
 * dispatcher.addType('A', {
 *   keys: ['a/{customer}/*.csv'],
 *   concurrency: fileworks.TypeConcurrency.sequentialPer('customer'),
 *   target: fileworks.DispatchTarget.ecsTask({ cluster, taskDefinition }),
 * });
 */
@propertyInjectable
export class TypedDispatcher extends Construct implements IConnectable, IFileDispatcher {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.TypedDispatcher';

  /** The state of every file; undefined with `StateStore.postgres()`. */
  readonly stateTable?: ITable;

  /** The queue that events of objects go into. */
  readonly queue: IQueue;

  /** Where events go that no type matches, that cannot be read, or that could not be registered. */
  readonly deadLetterQueue: IQueue;

  /**
   * Lists, shows, redrives and skips files, pauses and resumes types, and reconciles with a bucket. Its input is
   * documented on the page of this construct.
   */
  readonly operatorFunction: lambda.Function;

  /** Rings while a file blocks its sequence and waits for an operator. */
  readonly blockedAlarm: cloudwatch.Alarm;

  /** Rings when a file has waited for its turn longer than `maxQueuedAge`. */
  readonly queuedAgeAlarm: cloudwatch.Alarm;

  /** Rings when events wait to be registered. */
  readonly eventAgeAlarm: cloudwatch.Alarm;

  /** Rings when ECS keeps refusing launches. */
  readonly refusedAlarm: cloudwatch.Alarm;

  /** Rings when nobody looks for what was missed. */
  readonly sweeperAlarm: cloudwatch.Alarm;

  readonly #workers: IGrantable[] = [];
  readonly #sources: FileSource[] = [];
  readonly #results: { readonly bucket: IBucket; readonly prefix: string }[] = [];
  readonly #types: TypeRegistry;
  readonly #functions: DispatcherFunctions;
  readonly #binder: TargetBinder;
  readonly #direct: boolean;
  readonly #state: BoundState;
  readonly #wakeQueue: IQueue;

  constructor(scope: Construct, id: string, props: TypedDispatcherProps = {}) {
    super(scope, id);
    checkWholeNumber('maxConcurrentTasks', props.maxConcurrentTasks, MaxConcurrentTasks, this);
    checkSeconds('maxQueuedAge', props.maxQueuedAge, { min: 60, max: 14 * 86_400 }, this);
    checkWholeNumber('launchesPerSecond', props.launchesPerSecond, { min: 1, max: 500 }, this);
    const { _dynamoDb: dynamoDb = {}, _postgres: postgres } = props.stateStore ?? StateStore.dynamoDb();
    this.#state = postgres === undefined ? new TableState(this, dynamoDb) : new DatabaseState(this, postgres);
    this.stateTable = this.#state.table;
    const events = createWorkQueue(new Construct(this, 'Events'), {
      // Six times the timeout of the function, as Lambda asks for
      visibilityTimeout: WorkQueueDefaults.visibilityTimeout.plus(DispatcherDefaults.ingressTimeout),
      alarmActions: props.alarmActions,
      deadLetterNotice: {
        description: `Files of ${this.node.path} have no type, or could not be registered, and wait in its dead-letter queue`,
        runbook: 'dispatcher-dead-letter',
      },
    });
    this.queue = events.queue;
    this.deadLetterQueue = events.deadLetterQueue;
    const undelivered = createUndeliveredEvents(new Construct(this, 'Undelivered'), {
      description: `Events for ${this.node.path} could not be delivered and wait in its dead-letter queue`,
      runbook: 'dispatcher-undelivered-events',
      alarmActions: props.alarmActions,
    });
    const wakes = createWorkQueue(new Construct(this, 'Wakes'), {
      visibilityTimeout: DispatcherDefaults.launcherTimeout.plus(DispatcherDefaults.launcherTimeout),
      // A wake-up that failed is not needed: the sweeper makes it again
      maxReceiveCount: 100,
      alarmActions: props.alarmActions,
      deadLetterNotice: {
        description: `Launches of ${this.node.path} fail again and again`,
        runbook: 'dispatcher-wakes-dead-letter',
      },
    });
    this.#wakeQueue = wakes.queue;
    this.#direct = props.eventDelivery === EventDelivery.DIRECT;
    this.#types = new TypeRegistry(this, props);
    this.#functions = new DispatcherFunctions(
      this,
      { state: this.#state, types: this.#types, events, wakes, undelivered, direct: this.#direct },
      props.launchesPerSecond ?? DispatcherDefaults.launchesPerSecond,
    );
    this.#binder = new TargetBinder(this.#functions);
    this.operatorFunction = this.#functions.operator;

    const alarms = createAlarms(this, {
      events: this.queue,
      queuedAge: props.maxQueuedAge ?? DispatcherDefaults.alarmQueuedAge,
      actions: props.alarmActions ?? [],
    });
    this.queuedAgeAlarm = alarms.queuedAge;
    this.eventAgeAlarm = alarms.eventAge;
    this.blockedAlarm = alarms.blocked;
    this.refusedAlarm = alarms.refused;
    this.sweeperAlarm = alarms.sweeper;
  }

  /**
   * Dispatches the files of a bucket. The tasks of every type may read them.
   *
   * @param id name of the source, unique in the dispatcher
   * @param source the bucket, of the same stack
   * @param prefix beginning of the keys; by default all
   */
  addBucket(id: string, source: IFileIngestBucket, prefix = ''): Rule {
    const rule = new Rule(this, `${id}Source`, {
      description: `Files for ${this.node.path}`,
      eventPattern: {
        source: [OBJECT_EVENT_SOURCE],
        detailType: ['Object Created', 'Object Deleted'],
        detail: {
          bucket: { name: [source.bucket.bucketName] },
          ...(prefix !== '' && { object: { key: [{ prefix }] } }),
        },
      },
      targets: [this.#eventTarget(this.#functions.delivery)],
    });
    this.#addSource({
      bucket: source.bucket,
      prefixes: [prefix],
      grantRead: (grantee) => source.grantRead(grantee, prefix),
      grantReadTags: (grantee) => source.grantReadTags(grantee, prefix),
    });
    return rule;
  }

  /**
   * Dispatches the files of a route; what `IngestTarget.dispatcher()` does. The workers of every type may read them.
   *
   * @param route the route, of the same stack
   * @param delivery the dead-letter queue and retries of its rule
   * @returns the target of its rule
   */
  addRoute(route: IIngestRoute, delivery: IngestDelivery): IRuleTarget {
    this.#addSource({
      bucket: route.source.bucket,
      prefixes: route.prefixes.length === 0 ? [''] : route.prefixes,
      grantRead: (grantee) => route.grantRead(grantee),
      grantReadTags: (grantee) => route.grantReadTags(grantee),
    });
    return this.#eventTarget({ ...delivery });
  }

  /**
   * Adds a type of files. The first type that matches a file is its type, for good; add the narrow ones first. Where
   * some key fits an
   * earlier type too, a warning names it.
   *
   * @param id name of the type, from 1 to 32 letters, digits and `-`
   * @param options how files are recognised and dispatched
   */
  addType(id: string, options: DispatchTypeOptions): void {
    this.#types.checkId(id);
    const scope = new Construct(this, `Type${id}`);
    const { launch, worker, securityGroups = [] } = this.#binder.bind(scope, options.target);
    const rule = this.#types.add(scope, id, options, launch);
    this.#state.connect(securityGroups);
    if (options.matchFunction !== undefined) {
      Grant.addToPrincipal({
        grantee: this.#functions.ingress,
        actions: ['lambda:InvokeFunction'],
        resourceArns: [options.matchFunction.functionArn],
      });
    }
    for (const source of this.#sources) {
      grantInspection(source, rule, this.#functions.ingress);
    }
    if (worker !== undefined) {
      this.grantTakeTurns(worker);
    }
  }

  /**
   * What `fileTaskHandler` needs in the environment of a worker of `DispatchTarget.queue()`. Tasks of
   * `DispatchTarget.ecsTask()` get it as they are
   * launched.
   */
  get turnEnvironment(): { [name: string]: string } {
    return {
      ...this.#state.environment,
      ...(this.stateTable === undefined && { [DispatchStateEnv.wakeQueueUrl]: this.#wakeQueue.queueUrl }),
    };
  }

  /**
   * The connections of the functions and of the tasks that they launch, for the database of `StateStore.postgres()` to
   * allow them.
   */
  get connections(): Connections {
    const { connections } = this.#state;
    if (connections === undefined) {
      throw new ValidationError(
        'connections need StateStore.postgres(): with a table, no function of the dispatcher is in a network',
        this,
      );
    }
    return connections;
  }

  /**
   * Lets `worker` take the turns of files: change their rows and read the files of every bucket. Tasks of
   * `DispatchTarget.ecsTask()` may;
   * workers of `DispatchTarget.queue()` need it, and `turnEnvironment`.
   *
   * @param worker who works on files
   */
  grantTakeTurns(worker: IGrantable): void {
    if (this.#workers.some(({ grantPrincipal }) => grantPrincipal === worker.grantPrincipal)) {
      return;
    }
    this.#workers.push(worker);
    this.#state.grantTurn(worker);
    // A database tells nobody that a turn has ended, so the worker does
    if (this.stateTable === undefined) {
      grantSend(this.#wakeQueue, worker);
    }
    for (const source of this.#sources) {
      source.grantRead(worker);
    }
    for (const { bucket, prefix } of this.#results) {
      grantResultObjects(bucket, worker, prefix);
    }
  }

  /**
   * Lets whoever takes the turns of files store results: put objects, also in parts, give up an upload, and read what
   * is there, to tell
   * whether a result is stored already. They may neither list nor delete, but for what `extractTo` notes about
   * unfinished work.
   *
   * @param bucket where results go
   * @param prefix beginning of the keys of results; by default all
   */
  grantStoreResults(bucket: IBucket, prefix = ''): void {
    this.#results.push({ bucket, prefix });
    for (const worker of this.#workers) {
      grantResultObjects(bucket, worker, prefix);
    }
  }

  /**
   * Lets `grantee` do all that the operator function does, by invoking it.
   *
   * @param grantee who operates
   */
  grantOperate(grantee: IGrantable): Grant {
    return this.operatorFunction.grantInvoke(grantee);
  }

  /**
   * Files that block their sequence.
   *
   * @param props options of the metric
   */
  metricBlockedFiles(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.blockedFiles, props);
  }

  /**
   * Seconds since the registration of the oldest file that waits for its turn.
   *
   * @param props options of the metric
   */
  metricOldestQueuedFileAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.oldestQueuedAge, props);
  }

  /**
   * A metric of one type: BlockedFiles, ParkedFiles, OldestQueuedFileAge, LaunchesRefused, FilesCompleted, FilesSkipped
   * or FilesParked. The last
   * four are counts, to be summed.
   *
   * @param typeId name of the type
   * @param metricName name of the metric
   * @param props options of the metric
   */
  metricOfType(typeId: string, metricName: string, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    const dimensionsMap = { [DISPATCH_METRIC_DIMENSION]: this.node.path, [DISPATCH_TYPE_DIMENSION]: typeId };
    return dispatchMetric(this, metricName, { dimensionsMap, ...props });
  }

  #eventTarget(delivery: TargetBaseProps): IRuleTarget {
    return this.#direct ? new LambdaFunction(this.#functions.ingress, delivery) : new SqsQueue(this.queue, delivery);
  }

  #addSource(source: FileSource): void {
    this.#sources.push(source);
    for (const prefix of source.prefixes) {
      grantListVersions(source.bucket, this.operatorFunction, prefix);
    }
    for (const worker of this.#workers) {
      source.grantRead(worker);
    }
    for (const rule of this.#types.rules) {
      grantInspection(source, rule, this.#functions.ingress);
    }
  }
}

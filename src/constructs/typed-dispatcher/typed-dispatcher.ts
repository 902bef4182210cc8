import { RemovalPolicy, type Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2';
import { type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events';
import type { TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
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
import { checkDuration, checkNewId, checkWholeNumber } from '../private/checks';
import { createDependencyUnavailableAlarm, taskUnavailableTime } from '../private/dependency-alarm';
import { grantSend } from '../private/grants';
import { grantListVersions, grantResultObjects } from '../private/object-grants';
import { nameOf, pathOf } from '../private/paths';
import { nested, recordIntake } from '../private/recursion';
import { functionTarget, queueTarget } from '../private/rule-access';
import { checkEventSource, checkSameRegion } from '../private/same-environment';
import { createThrottleAlarm } from '../private/throttle-alarm';
import { createUndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { createWorkQueue, WorkQueueDefaults } from '../private/work-queue';
import { DispatcherDefaults } from './defaults';
import type { DispatchTypeOptions } from './dispatch-type-options';
import { createAlarms, dispatchMetric } from './private/alarms';
import type { BoundState } from './private/bound-state';
import { DatabaseState } from './private/database-state';
import { DispatcherFunctions } from './private/functions';
import { type FileSource, type FileWorker, grantFiles, grantInspection } from './private/inspection';
import { MaxConcurrentTasks } from './private/rule';
import { TableState } from './private/table-state';
import { TargetBinder } from './private/target-binder';
import { TypeRegistry } from './private/type-registry';
import { StateStore } from './state-store';
import type { UnmatchedFile } from './unmatched-file';

/** How events of objects reach the ingress function. */
export enum EventDelivery {
  /** Through a queue, which absorbs bursts and retries failures for hours. */
  BUFFERED = 'buffered',
  /**
   * Directly from EventBridge, some tenths of a second faster. Lambda tries each event three times within minutes, with
   * the concurrency of the account; then the event goes to the dead-letter queue, from which it can be redriven to the
   * queue.
   */
  DIRECT = 'direct',
}

/** Properties of `TypedDispatcher`. */
export interface TypedDispatcherProps {
  /**
   * How events of objects reach the ingress function.
   *
   * @default EventDelivery.BUFFERED
   */
  readonly eventDelivery?: EventDelivery;

  /**
   * What happens to a file that matches no type.
   *
   * @default UnmatchedFile.DEAD_LETTER
   */
  readonly unmatched?: UnmatchedFile;

  /**
   * Maximum launches of tasks per second, from 1 to 500. Others stay in a queue. Fargate starts 20 tasks per second for
   * a whole account.
   *
   * @default 20
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
   */
  readonly launchesPerSecond?: number;

  /**
   * Maximum number of files of all types with a task at the same time, from 1 to 1,000. A file that waits for its next
   * attempt counts, a blocked one does not. Sequences are served in rotation.
   *
   * @default - only the limits of the types
   */
  readonly maxConcurrentTasks?: number;

  /**
   * How long a file may wait for its turn before `queuedAgeAlarm` is in ALARM, from 1 minute to 14 days.
   *
   * @default Duration.hours(24)
   */
  readonly maxQueuedAge?: Duration;

  /**
   * The removal policy of the queues with events. Retained queues keep their messages when the stack is deleted. The
   * state table has its own, in `stateStore`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The store for the state of every file.
   *
   * @default StateStore.dynamoDb()
   */
  readonly stateStore?: StateStore;
}

/**
 * Starts a task, an execution or a message for each file, by type: strictly one at a time and in order for sequential
 * types, in parallel for others.
 *
 * Every file has a row in a DynamoDB table or in PostgreSQL: queued, starting, running, waiting for its next attempt,
 * blocked, completed, parked or skipped. A file keeps its turn until its container reports completion, or until ECS
 * reports that the task stopped; no clock ends a turn. The protocol is verified with a model checker and with
 * fault-injection tests; its guarantees are on the page of this construct.
 *
 * The container calls `runFileTask` of fileworks-runtime, which begins the turn, sends heartbeats, and ends it. For
 * other images, use `TaskCompletion.byExitCode()`, which adds a gate container.
 *
 * Limitations:
 * - A file may be processed again after its container was killed. Pass the fencing token `fence` to your storage, or
 *   make writes idempotent.
 * - The order by event uses the clock of S3, in seconds.
 * - The types with their patterns and targets must fit into the environment of a Lambda function, 4 KB: six to ten
 *   types.
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

  /** The queue for events of objects. */
  readonly queue: IQueue;

  /** The queue for events that match no type, are invalid, or could not be registered. */
  readonly deadLetterQueue: IQueue;

  /**
   * The function for operators: lists, shows, redrives and skips files, pauses and resumes types, and reconciles with a
   * bucket. Its input is documented on the page of this construct.
   */
  readonly operatorFunction: lambda.Function;

  /** In ALARM while a file blocks its sequence until an operator acts. */
  readonly blockedAlarm: cloudwatch.Alarm;

  /** In ALARM when a file has waited for its turn longer than `maxQueuedAge`. */
  readonly queuedAgeAlarm: cloudwatch.Alarm;

  /** In ALARM when events are not registered in time. */
  readonly eventAgeAlarm: cloudwatch.Alarm;

  /** In ALARM when ECS keeps refusing launches. */
  readonly refusedAlarm: cloudwatch.Alarm;

  /** In ALARM when no sweep completed within ten minutes. */
  readonly sweeperAlarm: cloudwatch.Alarm;

  /** In ALARM when the function that launches tasks has received no message of its queue for ten minutes. */
  readonly notLaunchingAlarm: cloudwatch.Alarm;

  /**
   * In ALARM while a dependency of the functions, such as the state table, has been unavailable for five minutes.
   * Events and files wait meanwhile.
   */
  readonly dependencyUnavailableAlarm: cloudwatch.Alarm;

  /** In ALARM when Lambda has throttled the functions for ten minutes. */
  readonly throttleAlarm: cloudwatch.Alarm;

  readonly #workers: FileWorker[] = [];
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
    checkDuration('maxQueuedAge', props.maxQueuedAge, { min: 60, max: 14 * 86_400 }, this);
    checkWholeNumber('launchesPerSecond', props.launchesPerSecond, { min: 1, max: 500 }, this);
    const { _dynamoDb: dynamoDb = {}, _postgres: postgres } = props.stateStore ?? StateStore.dynamoDb();
    this.#state = postgres === undefined ? new TableState(this, dynamoDb) : new DatabaseState(this, postgres);
    this.stateTable = this.#state.table;
    const events = createWorkQueue(new Construct(this, 'Events'), {
      // Six times the timeout of the function, as Lambda recommends
      visibilityTimeout: WorkQueueDefaults.visibilityTimeout.plus(DispatcherDefaults.ingressTimeout),
      removalPolicy: props.removalPolicy,
      deadLetterNotice: {
        description: `Files of ${pathOf(this)} match no type, or could not be registered; their events are in its dead-letter queue`,
        runbook: 'dispatcher-dead-letter',
      },
    });
    this.queue = events.queue;
    this.deadLetterQueue = events.deadLetterQueue;
    const undelivered = createUndeliveredEvents(new Construct(this, 'Undelivered'), {
      description: `Events for ${pathOf(this)} could not be delivered and are in its dead-letter queue`,
      runbook: 'dispatcher-undelivered-events',
      removalPolicy: props.removalPolicy,
    });
    const wakes = createWorkQueue(new Construct(this, 'Wakes'), {
      visibilityTimeout: DispatcherDefaults.launcherTimeout.plus(DispatcherDefaults.launcherTimeout),
      // A failed wake-up is not needed: the sweeper repeats it
      maxReceiveCount: 100,
      removalPolicy: RemovalPolicy.DESTROY,
      deadLetterNotice: {
        description: `Launches of ${pathOf(this)} fail repeatedly`,
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
      wakes: wakes.queue,
      queuedAge: props.maxQueuedAge ?? DispatcherDefaults.alarmQueuedAge,
    });
    this.queuedAgeAlarm = alarms.queuedAge;
    this.eventAgeAlarm = alarms.eventAge;
    this.blockedAlarm = alarms.blocked;
    this.refusedAlarm = alarms.refused;
    this.sweeperAlarm = alarms.sweeper;
    this.notLaunchingAlarm = alarms.notLaunching;
    this.dependencyUnavailableAlarm = createDependencyUnavailableAlarm(this, 'Events and files', [
      this.metricDependencyUnavailableTime(),
    ]);
    const { ingress, launcher, watcher } = this.#functions;
    this.throttleAlarm = createThrottleAlarm(this, [ingress, launcher, watcher]);
  }

  /**
   * Dispatches the files of a bucket. Grants the workers of each type read access to its files.
   *
   * @param id name of the source, unique in the dispatcher
   * @param source the bucket, in the same stack
   * @param prefix key prefix; by default all keys
   */
  addBucket(id: string, source: IFileIngestBucket, prefix = ''): Rule {
    checkNewId('a source', id, this, `${id}Source`);
    checkEventSource('source', source.bucket, this);
    const rule = new Rule(this, `${id}Source`, {
      description: `Files for ${pathOf(this)}`,
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
      grantRead: (grantee, keys = [prefix]) => {
        recordIntake(grantee, { route: rule, bucket: source.bucket, matches: (results) => nested(results, prefix) });
        keys.forEach((key) => source.grantRead(grantee, key));
      },
      grantReadTags: (grantee) => source.grantReadTags(grantee, prefix),
    });
    return rule;
  }

  /**
   * Dispatches the files of a route, for `IngestTarget.dispatcher()`. Grants the workers of each type read access to
   * its files.
   *
   * @param route the route, in the same stack
   * @param delivery the dead-letter queue and retries of its rule
   * @returns the target of its rule
   */
  addRoute(route: IIngestRoute, delivery: IngestDelivery): IRuleTarget {
    this.#addSource({
      bucket: route.source.bucket,
      prefixes: route.prefixes.length === 0 ? [''] : route.prefixes,
      grantRead: (grantee, keys) => {
        route.grantRead(grantee, keys && [...keys]);
      },
      grantReadTags: (grantee) => route.grantReadTags(grantee),
    });
    return this.#eventTarget({ ...delivery });
  }

  /**
   * Adds a type of files. The first type that matches a file becomes its type permanently, so add narrow types first. A
   * warning names keys that also match an earlier type.
   *
   * @param id name of the type, from 1 to 32 letters, digits and `-`
   * @param options how files are matched and dispatched
   */
  addType(id: string, options: DispatchTypeOptions): void {
    this.#types.checkId(id);
    const scope = new Construct(this, `Type${id}`);
    const { launch, worker, securityGroups = [] } = this.#binder.bind(scope, options.target);
    const rule = this.#types.add(scope, id, options, launch);
    this.#state.connect(securityGroups);
    if (options.matchFunction !== undefined) {
      checkSameRegion(
        { matchFunction: options.matchFunction },
        'the dispatcher invokes functions only in its own region',
        scope,
      );
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
      this.grantTakeTurns(worker, id);
    }
  }

  /**
   * The environment variables that `fileTaskHandler` needs in a worker of `DispatchTarget.queue()`. Tasks of
   * `DispatchTarget.ecsTask()` receive them at launch.
   */
  get turnEnvironment(): { [name: string]: string } {
    return {
      ...this.#state.environment,
      ...(this.stateTable === undefined && { [DispatchStateEnv.wakeQueueUrl]: this.#wakeQueue.queueUrl }),
    };
  }

  /**
   * The network connections of the functions and of the tasks that they launch, with which the database of
   * `StateStore.postgres()` can allow them.
   */
  get connections(): Connections {
    const { connections } = this.#state;
    if (connections === undefined) {
      throw new ValidationError(
        'connections need StateStore.postgres(): with a table, the functions of the dispatcher are not in a VPC',
        this,
      );
    }
    return connections;
  }

  /**
   * Allows `worker` to take the turns of files: to update their rows and to read them. Tasks of
   * `DispatchTarget.ecsTask()` have this permission for their types; workers of `DispatchTarget.queue()` need it, and
   * `turnEnvironment`.
   *
   * @param worker the grantee that processes files
   * @param typeId a type that was added before; by default every type, and the files of every bucket
   */
  grantTakeTurns(worker: IGrantable, typeId?: string): void {
    const patterns = typeId === undefined ? undefined : this.#types.patternsOf(typeId);
    const known = this.#workers.filter(({ grantPrincipal }) => grantPrincipal === worker.grantPrincipal);
    if (known.some((other) => other.type === undefined || other.type === typeId)) {
      return;
    }
    const { grantPrincipal } = worker;
    const granted = { grantPrincipal, ...(typeId !== undefined && { type: typeId }), ...(patterns && { patterns }) };
    this.#workers.push(granted);
    this.#state.grantTurn(worker, typeId);
    for (const source of this.#sources) {
      grantFiles(source, granted);
    }
    if (known.length > 0) {
      return;
    }
    // A database has no stream, so the worker reports the end of a turn
    if (this.stateTable === undefined) {
      grantSend(this.#wakeQueue, worker);
    }
    for (const { bucket, prefix } of this.#results) {
      grantResultObjects(bucket, worker, prefix);
    }
  }

  /**
   * Allows the workers of files to store results: to put objects, also with multipart uploads, to abort uploads, and to
   * read existing objects in order to detect results that are already stored. They may neither list nor delete objects,
   * except the progress objects of `extractTo`.
   *
   * @param bucket the bucket for results
   * @param prefix key prefix of the results; by default all keys
   */
  grantStoreResults(bucket: IBucket, prefix = ''): void {
    this.#results.push({ bucket, prefix });
    for (const grantPrincipal of new Set(this.#workers.map((worker) => worker.grantPrincipal))) {
      grantResultObjects(bucket, { grantPrincipal }, prefix);
    }
  }

  /**
   * Allows `grantee` to pause, resume, skip, redrive and inspect files by invoking the operator function.
   *
   * @param grantee the operator
   */
  grantOperate(grantee: IGrantable): Grant {
    return this.operatorFunction.grantInvoke(grantee);
  }

  /** Number of files that block their sequence.
   *
   * @param props options of the metric
   */
  metricBlockedFiles(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.blockedFiles, props);
  }

  /**
   * Time since the registration of the oldest queued file, in seconds.
   *
   * @param props options of the metric
   */
  metricOldestQueuedFileAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.oldestQueuedAge, props);
  }

  /**
   * Seconds for which a dependency of the functions has been unavailable; no data point while all answer.
   *
   * @param props options of the metric; by default the maximum of each minute
   */
  metricDependencyUnavailableTime(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return taskUnavailableTime(this, props);
  }

  /**
   * A metric of one type: BlockedFiles, ParkedFiles, OldestQueuedFileAge, LaunchesRefused, FilesCompleted, FilesSkipped
   * or FilesParked. The last four are counts; use their sum.
   *
   * @param typeId name of the type
   * @param metricName name of the metric
   * @param props options of the metric
   */
  metricOfType(typeId: string, metricName: string, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    const dimensionsMap = { [DISPATCH_METRIC_DIMENSION]: nameOf(this), [DISPATCH_TYPE_DIMENSION]: typeId };
    return dispatchMetric(this, metricName, { dimensionsMap, ...props });
  }

  #eventTarget(delivery: TargetBaseProps): IRuleTarget {
    return this.#direct ? functionTarget(this.#functions.ingress, delivery) : queueTarget(this.queue, delivery);
  }

  #addSource(source: FileSource): void {
    this.#sources.push(source);
    for (const prefix of source.prefixes) {
      grantListVersions(source.bucket, this.operatorFunction, prefix);
    }
    for (const worker of this.#workers) {
      grantFiles(source, worker);
    }
    for (const rule of this.#types.rules) {
      grantInspection(source, rule, this.#functions.ingress);
    }
  }
}

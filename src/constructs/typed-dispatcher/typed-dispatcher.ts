import { type Duration, Lazy, Names, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2';
import { type IRuleTarget, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import {
  DispatchFunctionEnv, DispatchMetricDimension, DispatchMetrics, DispatchSweep, DispatchTypeDimension, type DispatchRule, type DispatchRules,
} from '../../contract/dispatch-config';
import { DispatchStateEnv } from '../../contract/dispatch-env';
import { ObjectEventSource } from '../../contract/object-event';
import type { FileIngestBucket, IngestDelivery, IngestRoute } from '../file-ingest-bucket';
import { acknowledge } from '../private/acknowledge';
import { checkSeconds, checkWholeNumber } from '../private/checks';
import { grantConsume, grantSend } from '../private/grants';
import { grantListVersions } from '../private/object-grants';
import { createHandlerFunction } from '../private/handler-function';
import { grantResultObjects } from '../private/object-grants';
import { createUndeliveredEvents, type UndeliveredEvents } from '../private/undelivered-events';
import { ValidationError } from '../private/validation-error';
import { warn } from '../private/warning';
import { createWorkQueue, WorkQueueDefaults, type WorkQueue } from '../private/work-queue';
import { DispatcherDefaults } from './defaults';
import type { DispatchTypeOptions } from './dispatch-type-options';
import { createAlarms, dispatchMetric } from './private/alarms';
import { checkRoom } from './private/function-room';
import { type FileSource, grantInspection } from './private/inspection';
import { MaxConcurrentTasks, renderRule } from './private/rule';
import type { BoundState } from './private/bound-state';
import { DatabaseState } from './private/database-state';
import { TableState } from './private/table-state';
import { type BoundTarget, TargetBinder } from './private/target-binder';
import { type CompiledMatch, compileMatch } from './private/type-match';
import { commonKey } from './private/type-overlap';
import { StateStore } from './state-store';
import { UnmatchedFile } from './unmatched-file';

/** How events of objects reach the function that registers them. */
export enum EventDelivery {
  /** By way of a queue, which evens out bursts and in which what fails waits for hours of retries. */
  BUFFERED = 'buffered',
  /**
   * Straight from EventBridge, some tenths of a second sooner. Lambda tries each event three times within minutes, and as many at once as the
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
   * Tasks that are launched in a second, from 1 to 500. What comes faster waits in a queue. Fargate starts 20 a second for a whole account.
   *
   * @default 20
   * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
   */
  readonly launchesPerSecond?: number;

  /**
   * Files of all types that may hold a task at the same time, from 1 to 1,000. One that waits for its next attempt counts, one that is
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
 * Starts a task, an execution or a message for each file, by type: strictly one at a time and in order where asked, in parallel elsewhere.
 *
 * Every file has a row in a DynamoDB table, or in PostgreSQL: queued, starting, running, waiting for its next attempt, blocked, completed, parked or skipped.
 * A file keeps its turn until its container says that it is done, or until ECS says that the task is over; no clock ends a turn. The protocol
 * is checked by a model checker and by tests in which everything fails; see the page of this construct for what it promises.
 *
 * The container calls `runFileTask` of fileworks-runtime, which begins the turn, tells that it is alive, and ends it. For other images, a gate and
 * `TaskCompletion.byExitCode()` do.
 *
 * Limitations:
 * - A file may be processed again after its container was killed. Give `fence` to what you write to, or make writes idempotent.
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
export class TypedDispatcher extends Construct implements IConnectable {
  /** Identifies this class to property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.TypedDispatcher';

  /** The state of every file; undefined with `StateStore.postgres()`. */
  public readonly stateTable?: ITable;

  /** The queue that events of objects go into. */
  public readonly queue: IQueue;

  /** Where events go that no type matches, that cannot be read, or that could not be registered. */
  public readonly deadLetterQueue: IQueue;

  /** Lists, shows, redrives and skips files, pauses and resumes types, and reconciles with a bucket. Its input is documented on the page of this construct. */
  public readonly operatorFunction: lambda.Function;

  /** Rings while a file blocks its sequence and waits for an operator. */
  public readonly blockedAlarm: cloudwatch.Alarm;

  /** Rings when a file has waited for its turn longer than `maxQueuedAge`. */
  public readonly queuedAgeAlarm: cloudwatch.Alarm;

  /** Rings when events wait to be registered. */
  public readonly eventAgeAlarm: cloudwatch.Alarm;

  /** Rings when ECS keeps refusing launches. */
  public readonly refusedAlarm: cloudwatch.Alarm;

  /** Rings when nobody looks for what was missed. */
  public readonly sweeperAlarm: cloudwatch.Alarm;

  readonly #rules: DispatchRule[] = [];
  readonly #launches: Record<string, BoundTarget['launch']> = {};
  readonly #workers: IGrantable[] = [];
  readonly #sources: FileSource[] = [];
  readonly #results: { readonly bucket: IBucket; readonly prefix: string }[] = [];
  readonly #matches: CompiledMatch[] = [];
  readonly #ingress: lambda.Function;
  readonly #direct: boolean;
  readonly #state: BoundState;
  readonly #binder: TargetBinder;
  readonly #events: WorkQueue;
  readonly #wakes: WorkQueue;
  readonly #undelivered: UndeliveredEvents;
  readonly #startedBy: string;
  readonly #maxConcurrentTasks?: number;
  readonly #typeLimits: Record<string, number> = {};

  public constructor(scope: Construct, id: string, props: TypedDispatcherProps = {}) {
    super(scope, id);
    checkWholeNumber('maxConcurrentTasks', props.maxConcurrentTasks, MaxConcurrentTasks, this);
    this.#maxConcurrentTasks = props.maxConcurrentTasks;
    checkSeconds('maxQueuedAge', props.maxQueuedAge, { min: 60, max: 14 * 86_400 }, this);
    checkWholeNumber('launchesPerSecond', props.launchesPerSecond, { min: 1, max: 500 }, this);
    this.#startedBy = `fw/${Names.uniqueResourceName(this, { maxLength: 40 })}`;
    const { _dynamoDb: dynamoDb = {}, _postgres: postgres } = props.stateStore ?? StateStore.dynamoDb();
    this.#state = postgres === undefined ? new TableState(this, dynamoDb) : new DatabaseState(this, postgres);
    this.stateTable = this.#state.table;
    this.#events = createWorkQueue(new Construct(this, 'Events'), {
      // six times the timeout of the function, as Lambda asks for
      visibilityTimeout: WorkQueueDefaults.visibilityTimeout.plus(DispatcherDefaults.ingressTimeout),
      alarmActions: props.alarmActions,
      deadLetterNotice: {
        description: `Files of ${this.node.path} have no type, or could not be registered, and wait in its dead-letter queue`,
        runbook: 'dispatcher-dead-letter',
      },
    });
    this.queue = this.#events.queue;
    this.deadLetterQueue = this.#events.deadLetterQueue;
    this.#undelivered = createUndeliveredEvents(new Construct(this, 'Undelivered'), {
      description: `Events for ${this.node.path} could not be delivered and wait in its dead-letter queue`,
      runbook: 'dispatcher-undelivered-events',
      alarmActions: props.alarmActions,
    });

    this.#wakes = createWorkQueue(new Construct(this, 'Wakes'), {
      visibilityTimeout: DispatcherDefaults.launcherTimeout.plus(DispatcherDefaults.launcherTimeout),
      // a wake-up that failed is not needed: the sweeper makes it again
      maxReceiveCount: 100,
      alarmActions: props.alarmActions,
      deadLetterNotice: { description: `Launches of ${this.node.path} fail again and again`, runbook: 'dispatcher-wakes-dead-letter' },
    });
    this.#direct = props.eventDelivery === EventDelivery.DIRECT;
    this.#ingress = this.#createIngress(props);
    this.#binder = new TargetBinder({ launcher: this.#createLauncher(props), watcher: this.#createWatcher(), delivery: this.#delivery() });
    this.operatorFunction = this.#createOperator();

    const alarms = createAlarms(this, {
      events: this.queue, queuedAge: props.maxQueuedAge ?? DispatcherDefaults.alarmQueuedAge, actions: props.alarmActions ?? [],
    });
    this.queuedAgeAlarm = alarms.queuedAge;
    this.eventAgeAlarm = alarms.eventAge;
    this.blockedAlarm = alarms.blocked;
    this.refusedAlarm = alarms.refused;
    this.sweeperAlarm = alarms.sweeper;
    this.node.addValidation({ validate: () => this.#validate(props.unmatched) });
  }

  /**
   * Dispatches the files of a bucket. The tasks of every type may read them.
   *
   * @param id name of the source, unique in the dispatcher
   * @param source the bucket, of the same stack
   * @param prefix beginning of the keys; by default all
   */
  public addBucket(id: string, source: FileIngestBucket, prefix = ''): Rule {
    const rule = new Rule(this, `${id}Source`, {
      description: `Files for ${this.node.path}`,
      eventPattern: {
        source: [ObjectEventSource],
        detailType: ['Object Created', 'Object Deleted'],
        detail: { bucket: { name: [source.bucket.bucketName] }, ...(prefix !== '' && { object: { key: [{ prefix }] } }) },
      },
      targets: [this.#eventTarget(this.#delivery())],
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
  public addRoute(route: IngestRoute, delivery: IngestDelivery): IRuleTarget {
    this.#addSource({
      bucket: route.source.bucket,
      prefixes: route.prefixes.length === 0 ? [''] : route.prefixes,
      grantRead: (grantee) => route.grantRead(grantee),
      grantReadTags: (grantee) => route.grantReadTags(grantee),
    });
    return this.#eventTarget({ ...delivery });
  }

  /**
   * Adds a type of files. The first type that matches a file is its type, for good; add the narrow ones first. Where some key fits an
   * earlier type too, a warning names it.
   *
   * @param id name of the type, from 1 to 32 letters, digits and `-`
   * @param options how files are recognised and dispatched
   */
  public addType(id: string, options: DispatchTypeOptions): void {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,31}$/.test(id) || this.#rules.some(({ type }) => type === id)) {
      throw new ValidationError(`id of a type must be new, have 1 to 32 letters, digits and -, and start with a letter, got: ${id}`, this);
    }
    const scope = new Construct(this, `Type${id}`);
    const compiled = compileMatch(scope, options);
    const rule = renderRule(scope, id, options, compiled, this.#maxConcurrentTasks);
    if (options.maxConcurrentTasks !== undefined) this.#typeLimits[id] = options.maxConcurrentTasks;
    this.#warnOfOverlaps(scope, compiled);
    const { launch, worker, securityGroups = [] } = this.#binder.bind(scope, options.target);
    this.#state.connect(securityGroups);
    this.#launches[id] = launch;
    this.#rules.push(rule);
    this.#matches.push(compiled);
    if (options.matchFunction !== undefined) {
      Grant.addToPrincipal({ grantee: this.#ingress, actions: ['lambda:InvokeFunction'], resourceArns: [options.matchFunction.functionArn] });
    }
    for (const source of this.#sources) grantInspection(source, rule, this.#ingress);
    if (worker !== undefined) this.grantTakeTurns(worker);
  }

  /**
   * What `fileTaskHandler` needs in the environment of a worker of `DispatchTarget.queue()`. Tasks of `DispatchTarget.ecsTask()` get it as they are
   * launched.
   */
  public get turnEnvironment(): { [name: string]: string } {
    return { ...this.#state.environment, ...(this.stateTable === undefined && { [DispatchStateEnv.wakeQueueUrl]: this.#wakes.queue.queueUrl }) };
  }

  /** The connections of the functions and of the tasks that they launch, for the database of `StateStore.postgres()` to allow them. */
  public get connections(): Connections {
    const { connections } = this.#state;
    if (connections === undefined) {
      throw new ValidationError('connections need StateStore.postgres(): with a table, no function of the dispatcher is in a network', this);
    }
    return connections;
  }

  /**
   * Lets `worker` take the turns of files: change their rows and read the files of every bucket. Tasks of `DispatchTarget.ecsTask()` may;
   * workers of `DispatchTarget.queue()` need it, and `turnEnvironment`.
   *
   * @param worker who works on files
   */
  public grantTakeTurns(worker: IGrantable): void {
    if (this.#workers.some(({ grantPrincipal }) => grantPrincipal === worker.grantPrincipal)) return;
    this.#workers.push(worker);
    this.#state.grantTurn(worker);
    // a database tells nobody that a turn has ended, so the worker does
    if (this.stateTable === undefined) grantSend(this.#wakes.queue, worker);
    for (const source of this.#sources) source.grantRead(worker);
    for (const { bucket, prefix } of this.#results) grantResultObjects(bucket, worker, prefix);
  }

  /**
   * Lets whoever takes the turns of files store results: put objects, also in parts, give up an upload, and read what is there, to tell
   * whether a result is stored already. They may neither list nor delete, but for what `extractTo` notes about unfinished work.
   *
   * @param bucket where results go
   * @param prefix beginning of the keys of results; by default all
   */
  public grantStoreResults(bucket: IBucket, prefix = ''): void {
    this.#results.push({ bucket, prefix });
    for (const worker of this.#workers) grantResultObjects(bucket, worker, prefix);
  }

  /**
   * Lets `grantee` do all that the operator function does, by invoking it.
   *
   * @param grantee who operates
   */
  public grantOperate(grantee: IGrantable): Grant {
    return this.operatorFunction.grantInvoke(grantee);
  }

  /**
   * Files that block their sequence.
   *
   * @param props options of the metric
   */
  public metricBlockedFiles(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.blockedFiles, props);
  }

  /**
   * Seconds since the registration of the oldest file that waits for its turn.
   *
   * @param props options of the metric
   */
  public metricOldestQueuedFileAge(props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return dispatchMetric(this, DispatchMetrics.oldestQueuedAge, props);
  }

  /**
   * A metric of one type: BlockedFiles, ParkedFiles, OldestQueuedFileAge, LaunchesRefused, FilesCompleted, FilesSkipped or FilesParked. The last
   * four are counts, to be summed.
   *
   * @param typeId name of the type
   * @param metricName name of the metric
   * @param props options of the metric
   */
  public metricOfType(typeId: string, metricName: string, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    const dimensionsMap = { [DispatchMetricDimension]: this.node.path, [DispatchTypeDimension]: typeId };
    return dispatchMetric(this, metricName, { dimensionsMap, ...props });
  }

  #eventTarget(delivery: TargetBaseProps): IRuleTarget {
    return this.#direct ? new LambdaFunction(this.#ingress, delivery) : new SqsQueue(this.queue, delivery);
  }

  #addSource(source: FileSource): void {
    this.#sources.push(source);
    for (const prefix of source.prefixes) grantListVersions(source.bucket, this.operatorFunction, prefix);
    for (const worker of this.#workers) source.grantRead(worker);
    for (const rule of this.#rules) grantInspection(source, rule, this.#ingress);
  }

  #createIngress({ unmatched = UnmatchedFile.DEAD_LETTER }: TypedDispatcherProps): lambda.Function {
    const { action, typeId: type } = unmatched;
    const rules = (): DispatchRules => ({ rules: this.#rules, unmatched: type === undefined ? action as 'dead-letter' | 'ignore' : { type } });
    const ingress = this.#createFunction('Ingress', 'dispatch-ingress', DispatcherDefaults.ingressTimeout, {
      [DispatchFunctionEnv.rules]: Lazy.uncachedString({ produce: () => this.#render('types and their patterns', rules()) }),
      [DispatchFunctionEnv.deadLetterQueueUrl]: this.deadLetterQueue.queueUrl,
    }, this.#direct ? this.deadLetterQueue : undefined);
    grantSend(this.deadLetterQueue, ingress);
    this.#consume('IngressSource', ingress, this.queue, DispatcherDefaults.registrars);
    return ingress;
  }

  #createLauncher({ launchesPerSecond = DispatcherDefaults.launchesPerSecond }: TypedDispatcherProps): lambda.Function {
    const launcher = this.#createFunction('Launcher', 'dispatch-launcher', DispatcherDefaults.launcherTimeout, {
      ...this.#tenderEnvironment(),
      [DispatchFunctionEnv.launchesPerSecond]: String(launchesPerSecond / DispatcherDefaults.launchers),
    });
    this.#consume('LauncherSource', launcher, this.#wakes.queue, DispatcherDefaults.launchers);
    return launcher;
  }

  /** Hears of ended turns and tasks, and sweeps. */
  #createWatcher(): lambda.Function {
    const watcher = this.#createFunction('Watcher', 'dispatch-watcher', DispatcherDefaults.watcherTimeout, this.#tenderEnvironment());
    this.#state.grantSearch(watcher);
    if (this.stateTable !== undefined) this.#hearOf(this.stateTable, watcher);
    new Rule(this, 'TaskStopped', {
      description: `Tasks of ${this.node.path} that stopped`,
      eventPattern: {
        source: ['aws.ecs'], detailType: ['ECS Task State Change'], detail: { lastStatus: ['STOPPED'], startedBy: [{ prefix: `${this.#startedBy}/` }] },
      },
      targets: [new LambdaFunction(watcher, this.#delivery())],
    });
    new Rule(this, 'Sweep', {
      description: `Looks for files of ${this.node.path} that nobody has told of`,
      schedule: Schedule.rate(DispatcherDefaults.sweepInterval),
      targets: [new LambdaFunction(watcher, { ...this.#delivery(), event: RuleTargetInput.fromObject(DispatchSweep) })],
    });
    return watcher;
  }

  /** A record of a turn that ended drives its sequence on. */
  #hearOf(table: ITable, watcher: lambda.Function): void {
    const ended = { eventName: ['MODIFY'], dynamodb: { NewImage: { sk: { S: ['F'] }, status: { S: ['completed', 'parked', 'skipped', 'blocked'] } } } };
    watcher.addEventSourceMapping('Stream', {
      eventSourceArn: table.tableStreamArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: DispatcherDefaults.streamRetries,
      maxRecordAge: DispatcherDefaults.streamMaxAge,
      filters: [lambda.FilterCriteria.filter(ended)],
      onFailure: new SqsDlq(this.#undelivered.deadLetterQueue),
    });
    table.grantStreamRead(watcher);
    acknowledge(watcher.role ?? watcher, 'AwsSolutions-IAM5[Resource::*]', 'dynamodb:ListStreams has no narrower resource, and Lambda asks for it');
  }

  #createOperator(): lambda.Function {
    const operator = this.#createFunction('Operator', 'dispatch-operator', DispatcherDefaults.operatorTimeout, {
      [DispatchFunctionEnv.types]: Lazy.string({ produce: () => JSON.stringify(this.#rules.map(({ type }) => type)) }),
      [DispatchFunctionEnv.eventQueueUrl]: this.queue.queueUrl,
    });
    this.#state.grantSearch(operator);
    grantSend(this.queue, operator);
    return operator;
  }

  #createFunction(
    id: string, handler: string, timeout: Duration, environment: Record<string, string>, deadLetterQueue?: IQueue,
  ): lambda.Function {
    const { functions } = this.#state;
    const created = createHandlerFunction(this, id, {
      ...functions,
      handler,
      description: `${id} of ${this.node.path}`,
      timeout,
      environment: {
        ...this.#state.environment,
        ...functions.environment,
        [DispatchStateEnv.wakeQueueUrl]: this.#wakes.queue.queueUrl,
        [DispatchFunctionEnv.name]: this.node.path,
        [DispatchFunctionEnv.limits]: Lazy.string({ produce: () => JSON.stringify({ all: this.#maxConcurrentTasks, types: this.#typeLimits }) }),
        ...environment,
      },
      deadLetterQueue,
    });
    this.#state.grantDispatch(created);
    grantSend(this.#wakes.queue, created);
    return created;
  }

  #tenderEnvironment(): Record<string, string> {
    return {
      [DispatchFunctionEnv.startedBy]: this.#startedBy,
      [DispatchFunctionEnv.executionPrefix]: Names.uniqueResourceName(this, { maxLength: 16 }),
      [DispatchFunctionEnv.launches]: Lazy.uncachedString({ produce: () => this.#render('types and their targets', this.#launches) }),
    };
  }

  #consume(id: string, target: lambda.Function, queue: IQueue, maxConcurrency: number): void {
    grantConsume(queue, target);
    new lambda.EventSourceMapping(this, id, { target, eventSourceArn: queue.queueArn, batchSize: 10, reportBatchItemFailures: true, maxConcurrency });
  }

  #render(what: string, value: object): string {
    checkRoom(what, value, this);
    return Stack.of(this).toJsonString(value);
  }

  #delivery() {
    return { deadLetterQueue: this.#undelivered.deadLetterQueue, maxEventAge: DispatcherDefaults.maxEventAge, retryAttempts: DispatcherDefaults.retryAttempts };
  }

  #warnOfOverlaps(scope: Construct, match: CompiledMatch): void {
    const others = this.#matches
      .map((other, index) => ({ type: this.#rules[index].type, key: commonKey(other, match) }))
      .filter(({ key }) => key !== undefined);
    if (others.length === 0) return;
    const [{ type: first, key }] = others;
    warn(
      scope,
      'TypedDispatcher.overlappingTypes',
      `Some files fit ${others.map(({ type }) => type).join(' and ')} too, such as ${JSON.stringify(key)}, which becomes ${first} because that was added first; `
      + 'narrow the types, or acknowledge this if it is what you want',
    );
  }

  #validate({ typeId: type }: UnmatchedFile = UnmatchedFile.DEAD_LETTER): string[] {
    if (this.#rules.length === 0) return ['a dispatcher needs at least one type; call addType'];
    if (type === undefined) return [];
    const rule = this.#rules.find((other) => other.type === type);
    if (rule === undefined) return [`unmatched must name a type of the dispatcher, got: ${type}; add it by addType`];
    const part = rule.sequencePart ?? rule.orderPart;
    return part === undefined ? [] : [`unmatched cannot name the type ${type}, which needs the part {${part}} of a key that a file may not have; add a type for the rest`];
  }
}

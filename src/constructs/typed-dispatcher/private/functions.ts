import { type Duration, Lazy, Names } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DispatchFunctionEnv, DispatchSweep } from '../../../contract/dispatch-config';
import { DispatchStateEnv } from '../../../contract/dispatch-env';
import { acknowledge } from '../../private/acknowledge';
import { grantConsume, grantConsumeLater, grantSend } from '../../private/grants';
import { createHandlerFunction } from '../../private/handler-function';
import { nameOf, pathOf } from '../../private/paths';
import { createQueueSource } from '../../private/queue-source';
import type { UndeliveredEvents } from '../../private/undelivered-events';
import type { WorkQueue } from '../../private/work-queue';
import { DispatcherDefaults } from '../defaults';
import type { BoundState } from './bound-state';
import type { TypeRegistry } from './type-registry';

export interface DispatcherParts {
  readonly state: BoundState;
  readonly types: TypeRegistry;
  /** Events of objects, for the ingress function. */
  readonly events: WorkQueue;
  /** Wake-ups for files and sequences. */
  readonly wakes: WorkQueue;
  readonly undelivered: UndeliveredEvents;
  /** Events arrive directly from EventBridge, and the queue has only redriven messages. */
  readonly direct: boolean;
}

/**
 * The functions of a dispatcher, in the order in which a file passes them: ingress, launcher, watcher, and the operator
 * function.
 */
export class DispatcherFunctions {
  readonly ingress: lambda.Function;
  readonly launcher: lambda.Function;
  readonly watcher: lambda.Function;
  readonly operator: lambda.Function;
  readonly #dispatcher: Construct;
  readonly #parts: DispatcherParts;
  readonly #startedBy: string;

  constructor(dispatcher: Construct, parts: DispatcherParts, launchesPerSecond: number) {
    this.#dispatcher = dispatcher;
    this.#parts = parts;
    this.#startedBy = `fw/${Names.uniqueResourceName(dispatcher, { maxLength: 40 })}`;
    this.ingress = this.#createIngress();
    this.launcher = this.#createLauncher(launchesPerSecond);
    this.watcher = this.#createWatcher();
    this.operator = this.#createOperator();
  }

  /** Retries and dead-letter queue of events for functions. */
  get delivery(): TargetBaseProps {
    const { deadLetterQueue } = this.#parts.undelivered;
    return {
      deadLetterQueue,
      maxEventAge: DispatcherDefaults.maxEventAge,
      retryAttempts: DispatcherDefaults.retryAttempts,
    };
  }

  #createIngress(): lambda.Function {
    const {
      events: { queue, deadLetterQueue },
      types,
      direct,
    } = this.#parts;
    const ingress = this.#create(
      'Ingress',
      'dispatch-ingress',
      DispatcherDefaults.ingressTimeout,
      {
        [DispatchFunctionEnv.rules]: Lazy.uncachedString({ produce: () => types.renderRules() }),
        [DispatchFunctionEnv.deadLetterQueueUrl]: deadLetterQueue.queueUrl,
        [DispatchFunctionEnv.eventQueueUrl]: queue.queueUrl,
      },
      direct ? deadLetterQueue : undefined,
    );
    grantSend(deadLetterQueue, ingress);
    grantConsumeLater(queue, ingress);
    this.#consume('IngressSource', ingress, queue, DispatcherDefaults.registrars);
    return ingress;
  }

  #createLauncher(launchesPerSecond: number): lambda.Function {
    const launcher = this.#create('Launcher', 'dispatch-launcher', DispatcherDefaults.launcherTimeout, {
      ...this.#supervisorEnvironment(),
      [DispatchFunctionEnv.launchesPerSecond]: String(launchesPerSecond / DispatcherDefaults.launchers),
    });
    grantConsume(this.#parts.wakes.queue, launcher);
    this.#consume('LauncherSource', launcher, this.#parts.wakes.queue, DispatcherDefaults.launchers);
    return launcher;
  }

  /** Receives the ends of turns and tasks, and sweeps. */
  #createWatcher(): lambda.Function {
    const { state } = this.#parts;
    const watcher = this.#create('Watcher', 'dispatch-watcher', DispatcherDefaults.watcherTimeout, {
      ...this.#supervisorEnvironment(),
      [DispatchFunctionEnv.groupings]: Lazy.string({ produce: () => this.#parts.types.renderGroupings() }),
    });
    state.grantSearch(watcher);
    if (state.table !== undefined) {
      this.#hearOf(state.table, watcher);
    }
    new Rule(this.#dispatcher, 'TaskStopped', {
      description: `Tasks of ${pathOf(this.#dispatcher)} that stopped`,
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { lastStatus: ['STOPPED'], startedBy: [{ prefix: `${this.#startedBy}/` }] },
      },
      targets: [new LambdaFunction(watcher, this.delivery)],
    });
    new Rule(this.#dispatcher, 'Sweep', {
      description: `Looks for files of ${pathOf(this.#dispatcher)} whose events were lost`,
      schedule: Schedule.rate(DispatcherDefaults.sweepInterval),
      targets: [new LambdaFunction(watcher, { ...this.delivery, event: RuleTargetInput.fromObject(DispatchSweep) })],
    });
    return watcher;
  }

  /** The stream record of an ended turn continues its sequence. */
  #hearOf(table: ITable, watcher: lambda.Function): void {
    const ended = {
      eventName: ['MODIFY'],
      dynamodb: { NewImage: { sk: { S: ['F'] }, status: { S: ['completed', 'parked', 'skipped', 'blocked'] } } },
    };
    watcher.addEventSourceMapping('Stream', {
      eventSourceArn: table.tableStreamArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: DispatcherDefaults.streamRetries,
      maxRecordAge: DispatcherDefaults.streamMaxAge,
      filters: [lambda.FilterCriteria.filter(ended)],
      onFailure: new SqsDlq(this.#parts.undelivered.deadLetterQueue),
    });
    table.grantStreamRead(watcher);
    acknowledge(
      watcher.role ?? watcher,
      'AwsSolutions-IAM5[Resource::*]',
      'dynamodb:ListStreams has no narrower resource, and Lambda requires it',
    );
  }

  #createOperator(): lambda.Function {
    const {
      state,
      types,
      events: { queue },
    } = this.#parts;
    const operator = this.#create('Operator', 'dispatch-operator', DispatcherDefaults.operatorTimeout, {
      [DispatchFunctionEnv.types]: Lazy.string({ produce: () => JSON.stringify(types.rules.map(({ type }) => type)) }),
      [DispatchFunctionEnv.eventQueueUrl]: queue.queueUrl,
    });
    state.grantSearch(operator);
    grantSend(queue, operator);
    return operator;
  }

  #create(
    id: string,
    handler: string,
    timeout: Duration,
    environment: Record<string, string>,
    deadLetterQueue?: IQueue,
  ): lambda.Function {
    const {
      state,
      types,
      wakes: { queue: wakes },
    } = this.#parts;
    const created = createHandlerFunction(this.#dispatcher, id, {
      ...state.functions,
      handler,
      description: `${id} of ${pathOf(this.#dispatcher)}`,
      timeout,
      environment: {
        ...state.environment,
        ...state.functions.environment,
        [DispatchStateEnv.wakeQueueUrl]: wakes.queueUrl,
        [DispatchFunctionEnv.name]: nameOf(this.#dispatcher),
        [DispatchFunctionEnv.limits]: Lazy.string({ produce: () => types.renderLimits() }),
        ...environment,
      },
      deadLetterQueue,
    });
    state.grantDispatch(created);
    grantSend(wakes, created);
    return created;
  }

  /** Configuration of the functions that launch. */
  #supervisorEnvironment(): Record<string, string> {
    return {
      [DispatchFunctionEnv.startedBy]: this.#startedBy,
      [DispatchFunctionEnv.executionPrefix]: Names.uniqueResourceName(this.#dispatcher, { maxLength: 16 }),
      [DispatchFunctionEnv.launches]: Lazy.uncachedString({ produce: () => this.#parts.types.renderLaunches() }),
    };
  }

  #consume(id: string, target: lambda.Function, queue: IQueue, maxConcurrency: number): void {
    createQueueSource(this.#dispatcher, id, { target, queue, batchSize: 10, maxConcurrency });
  }
}

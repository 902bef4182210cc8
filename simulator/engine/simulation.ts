import { MetricStore } from 'fileworks-local/lib/scaling/metric-store.js';
import { WakeUpIntervalSeconds } from '../../src/contract/wake-up.ts';
import { decide, RecentSeconds, type Sizing } from '../../src/handlers/wake-up/decide.ts';
import { defaultParameters, type Parameters } from '../parameters.ts';
import { ScalableTarget, type ScalingActivity } from '../scaling/scalable-target.ts';
import { metricsOf, type Scaling } from '../template/read-scaling.ts';
import type { Worker } from '../template/read-worker.ts';
import { createJobs, type Workload } from '../workload.ts';
import { EventQueue } from './events.ts';
import { Fleet, type Task } from './fleet.ts';
import { JobQueue, type Message } from './job-queue.ts';
import { Random } from './random.ts';

export interface SimulationOptions {
  readonly worker: Worker;
  readonly scaling: Scaling;
  readonly workload: Workload;
  /** Default: 1. */
  readonly seed?: number;
  readonly parameters?: Parameters;
}

/** How one minute ended. */
export interface MinuteRecord {
  readonly visible: number;
  readonly inFlight: number;
  readonly running: number;
  readonly wanted: number;
}

export interface SimulationResult {
  /** For each finished job: seconds from arrival to end that it was not worked on, lost attempts included. */
  readonly waits: readonly number[];
  readonly jobs: number;
  readonly deadLetters: number;
  readonly unfinished: number;
  /** Jobs whose task was killed under them, by what stopped the task. */
  readonly killed: Readonly<Record<NonNullable<Task['cause']>, number>>;
  readonly billed: Fleet['billed'];
  readonly launched: number;
  readonly minutes: readonly MinuteRecord[];
  readonly activities: readonly ScalingActivity[];
}

/** Simulated time after the last arrival when a workload is given up, as a multiple of its hours. */
const PatienceFactor = 2;

/** A FIFO queue drops a message as a duplicate for so long after the first. */
const DeduplicationSeconds = 300;

/**
 * Plays a workload against a worker and its scaling, from one event to the next.
 *
 * Workers are the same program everywhere: it long-polls, extends its leases, drains on SIGTERM and hands back what it
 * cannot finish. So templates differ by their scaling, stop timeout, protection and sizes alone.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  return new Simulation(options).run();
}

class Simulation {
  readonly #workload: Workload;
  readonly #scaling: Scaling;
  readonly #slots: number;
  /** Undefined: an arrival wakes nobody. */
  readonly #wakeUpSizing: Sizing | undefined;
  readonly #parameters: Parameters;
  readonly #seed: number;
  readonly #events = new EventQueue();
  readonly #metrics = new MetricStore();
  readonly #target: ScalableTarget;
  readonly #queue: JobQueue;
  readonly #fleet: Fleet;
  readonly #polls: Random;
  /** Running tasks with a free slot. */
  readonly #free: Task[] = [];
  readonly #waits: number[] = [];
  readonly #killed = { scaleIn: 0, spot: 0 };
  readonly #minutes: MinuteRecord[] = [];
  readonly #activities: ScalingActivity[] = [];
  #jobs = 0;
  #inFlight = 0;
  #runningTasks = 0;
  /** When the arrivals were whose messages wait in the wake-up queue; the first one is being worked on. */
  readonly #wakeUps: number[] = [];
  #lastWakeUp = -Infinity;
  /** What metrics told of the backlog, latest first. */
  #reports: readonly { readonly minuteEnd: number; readonly backlog: number }[] = [];
  /** Of the current minute. */
  #busySlotSeconds = 0;
  #runningSeconds = 0;
  #countedUntil = 0;

  public constructor({ worker, scaling, workload, seed = 1, parameters = defaultParameters }: SimulationOptions) {
    this.#workload = workload;
    this.#scaling = scaling;
    this.#slots = worker.slots;
    const { minCapacity: minTasks, maxCapacity: maxTasks } = scaling.target;
    if (worker.wake !== 'off') {
      this.#wakeUpSizing = { minTasks, maxTasks: worker.wake === 'one' ? 1 : maxTasks, messagesPerTask: worker.slots };
    }
    this.#parameters = parameters;
    this.#seed = seed;
    this.#target = new ScalableTarget(scaling);
    this.#queue = new JobQueue(scaling.queue.maxReceiveCount, parameters, new Random(seed, 'metric wake-ups'));
    this.#polls = new Random(seed, 'polls');
    this.#fleet = new Fleet(worker, parameters, this.#events, seed, {
      running: (task) => this.#taskRuns(task),
      stopping: (task) => this.#taskStops(task),
      killed: (task, jobs) => this.#taskDies(task, jobs),
    });
  }

  public run(): SimulationResult {
    const jobs = createJobs(this.#workload, this.#seed);
    this.#jobs = jobs.length;
    this.#fleet.begin(this.#target.capacity);
    for (const job of jobs) {
      this.#events.at(job.arrival, () => {
        this.#queue.send(job, this.#events.now);
        this.#takeAnywhere();
        this.#wakeUp();
      });
    }
    this.#events.at(60, () => this.#endMinute(0));
    const end = this.#workload.hours * 3_600;
    const settled = () => this.#waits.length + this.#queue.deadLetters;
    this.#events.run(() => this.#events.now >= end && (settled() === jobs.length || this.#events.now >= end * (1 + PatienceFactor)));
    this.#fleet.end();
    return {
      waits: this.#waits,
      jobs: this.#jobs,
      deadLetters: this.#queue.deadLetters,
      unfinished: this.#jobs - settled(),
      killed: this.#killed,
      billed: this.#fleet.billed,
      launched: this.#fleet.launched,
      minutes: this.#minutes,
      activities: this.#activities,
    };
  }

  #takeAnywhere(): void {
    // Which of several waiting long polls gets a message is up to SQS.
    const task = this.#free.length > 0 ? this.#free[this.#polls.index(this.#free.length)] : undefined;
    if (task) this.#take(task);
  }

  #take(task: Task): void {
    const message = this.#queue.receive();
    if (!message) return;
    this.#count();
    task.jobs.add(message);
    this.#inFlight++;
    this.#fleet.noteWork(task);
    if (task.jobs.size === this.#slots) this.#free.splice(this.#free.indexOf(task), 1);
    this.#events.after(message.job.work, () => this.#finish(task, message));
  }

  #finish(task: Task, message: Message): void {
    // Not there any more: the task was killed, and the message is elsewhere.
    if (!task.jobs.has(message)) return;
    this.#count();
    task.jobs.delete(message);
    this.#inFlight--;
    this.#queue.deleted++;
    this.#waits.push(this.#events.now - message.job.arrival - message.job.work);
    if (task.state === 'stopping') {
      if (task.jobs.size === 0) this.#fleet.leave(task);
      return;
    }
    if (task.jobs.size === this.#slots - 1) this.#free.push(task);
    this.#take(task);
    if (task.jobs.size === 0) this.#fleet.noteWork(task);
  }

  #taskRuns(task: Task): void {
    this.#count();
    this.#runningTasks++;
    this.#queue.noteCall(this.#events.now);
    this.#free.push(task);
    while (task.jobs.size < this.#slots && this.#queue.visible > 0) this.#take(task);
  }

  #taskStops(task: Task): void {
    const free = this.#free.indexOf(task);
    if (free >= 0) {
      this.#free.splice(free, 1);
    }
    this.#count();
    this.#runningTasks = this.#fleet.running;
  }

  #taskDies(task: Task, jobs: readonly Message[]): void {
    this.#count();
    this.#inFlight -= jobs.length;
    this.#killed[task.cause ?? 'scaleIn'] += jobs.length;
    for (const message of jobs) {
      this.#queue.giveBack(message);
      this.#takeAnywhere();
    }
  }

  /** What SQS, ECS and CloudWatch do each minute. */
  #endMinute(minute: number): void {
    this.#count();
    const { now } = this.#events;
    // Workers poll all the time, and whoever publishes a metric of its own asks the queue for it.
    if (this.#runningTasks > 0 || this.#scaling.customMetrics.length > 0) this.#queue.noteCall(now);
    this.#publish(minute);
    this.#minutes.push({ visible: this.#queue.visible, inFlight: this.#inFlight, running: this.#runningTasks, wanted: this.#target.capacity });
    this.#busySlotSeconds = 0;
    this.#runningSeconds = 0;
    this.#queue.sent = 0;
    this.#queue.received = 0;
    this.#queue.deleted = 0;
    this.#events.after(this.#parameters.metricDelaySeconds, () => this.#scale(minute));
    this.#events.after(60, () => this.#endMinute(minute + 1));
  }

  #wakeUp(): void {
    const { now } = this.#events;
    const sizing = this.#wakeUpSizing;
    if (!sizing || now < this.#lastWakeUp + DeduplicationSeconds) return;
    this.#lastWakeUp = now;
    this.#wakeUps.push(now);
    if (this.#wakeUps.length === 1) this.#events.after(this.#parameters.wakeSeconds, () => this.#look(sizing));
  }

  /** One run of the wake-up's Lambda function, which decides by the same code. */
  #look(sizing: Sizing): void {
    const { now } = this.#events;
    const ageSeconds = now - this.#wakeUps[0];
    const reported = this.#reports.filter(({ minuteEnd }) => minuteEnd > now - RecentSeconds).map(({ backlog }) => backlog);
    const backlog = this.#queue.visible + this.#inFlight;
    const { floor, again } = decide({ ageSeconds, justArrived: ageSeconds < WakeUpIntervalSeconds, backlog, reported }, sizing);
    this.#apply(this.#target.holdFloor(floor, now * 1_000));
    if (!again) this.#wakeUps.shift();
    if (this.#wakeUps.length > 0) this.#events.after(again ? WakeUpIntervalSeconds : this.#parameters.wakeSeconds, () => this.#look(sizing));
  }

  #scale(minute: number): void {
    const { now } = this.#events;
    const minuteEnd = (minute + 1) * 60;
    if (this.#queue.sendsMetrics(minuteEnd)) {
      const { visible, inFlight } = this.#minutes[minute];
      this.#reports = [{ minuteEnd, backlog: visible + inFlight }, ...this.#reports.slice(0, RecentSeconds / 60)];
    }
    this.#apply(this.#target.evaluate(this.#metrics, minute, now * 1_000));
  }

  #apply(activity: ScalingActivity | undefined): void {
    if (!activity) return;
    this.#activities.push(activity);
    this.#fleet.want(activity.to);
  }

  #publish(minute: number): void {
    const values = this.#metricValues();
    for (const user of [...this.#scaling.alarms, ...this.#scaling.policies]) {
      for (const metric of metricsOf('series' in user ? user.series : user.tracking?.series)) {
        const value = metric.namespace === 'AWS/SQS' ? this.#queueMetric(metric.name, metric.dimensions['QueueName'], values) : values[metric.name];
        if (value !== undefined) this.#metrics.put(metric, minute, value);
      }
    }
  }

  #queueMetric(name: string, queue: string | undefined, values: Readonly<Record<string, number | undefined>>): number | undefined {
    if (!this.#queue.sendsMetrics(this.#events.now)) return undefined;
    return queue === this.#scaling.queue.name ? values[name] : 0;
  }

  #metricValues(): Readonly<Record<string, number | undefined>> {
    const { visible, sent, received, deleted } = this.#queue;
    const custom: Readonly<Record<string, number>> = { visible, inFlight: this.#inFlight, running: this.#runningTasks, desired: this.#target.capacity };
    const busy = this.#busySlotSeconds * this.#workload.cpuPerJob;
    return {
      ApproximateNumberOfMessagesVisible: visible,
      ApproximateNumberOfMessagesNotVisible: this.#inFlight,
      ApproximateAgeOfOldestMessage: this.#queue.oldestAge(this.#events.now),
      NumberOfMessagesSent: sent,
      NumberOfMessagesReceived: received,
      NumberOfMessagesDeleted: deleted,
      CPUUtilization: this.#runningSeconds > 0 ? Math.min(100, (100 * busy) / this.#runningSeconds) : undefined,
      RunningTaskCount: this.#runningTasks,
      DesiredTaskCount: this.#target.capacity,
      PendingTaskCount: this.#fleet.starting,
      ...Object.fromEntries(this.#scaling.customMetrics.map(({ name, value }) => [name, value((id) => custom[id])])),
    };
  }

  /** Adds up what was in use since the last change. */
  #count(): void {
    const elapsed = this.#events.now - this.#countedUntil;
    this.#busySlotSeconds += elapsed * this.#inFlight;
    this.#runningSeconds += elapsed * this.#runningTasks;
    this.#countedUntil = this.#events.now;
  }
}

import { synthesize } from '../compare/stacks.ts';
import { EventQueue } from '../engine/events.ts';
import { Service, type ServiceResult } from '../engine/service.ts';
import { PATIENCE_FACTOR } from '../engine/simulation.ts';
import { SimulatorError } from '../failure.ts';
import { readScaling, type Scaling } from '../template/read-scaling.ts';
import { readWorker, type Worker } from '../template/read-worker.ts';
import { resourcesOf, type Template } from '../template/template.ts';
import type { ExportConditions } from './compare.ts';
import { createExportJobs, type ExportJob } from './day.ts';
import { Ledger } from './ledger.ts';
import type { AddExports, ExportCommon } from './stacks.ts';

/** A service of a site, as its template says. */
export interface Deployed {
  readonly service: Service;
  readonly worker: Worker;
  readonly scaling: Scaling;
}

/** What a day came to: the jobs, and what became of each service. */
export interface Played {
  readonly jobs: readonly ExportJob[];
  readonly results: readonly (ServiceResult & { readonly worker: Worker })[];
}

/** What an option is played on: the clock, the jobs, and the services of its template. */
export class Site {
  readonly events = new EventQueue();
  readonly ledger: Ledger;
  readonly #conditions: ExportConditions;
  readonly #jobs: readonly ExportJob[];
  readonly #template: Template;
  readonly #deployed: Deployed[] = [];

  constructor(add: AddExports, common: ExportCommon, conditions: ExportConditions) {
    this.#template = synthesize('Exports', add, common);
    this.#conditions = conditions;
    this.#jobs = createExportJobs(conditions.day, conditions.seed);
    this.ledger = new Ledger(this.events, this.#jobs);
  }

  /** The service whose logical id begins so. */
  service(prefix: string): Deployed {
    const id = resourcesOf(this.#template, 'AWS::ECS::Service')
      .map(([one]) => one)
      .find((one) => one.startsWith(prefix));
    if (id === undefined) {
      throw new SimulatorError(`the template has no service ${prefix}…`);
    }
    const worker = readWorker(this.#template, { service: id });
    const scaling = readScaling(this.#template, id);
    const {
      day: {
        workload: { cpuPerJob },
      },
      seed,
      parameters,
    } = this.#conditions;
    const service = new Service(this.events, { worker, scaling, cpuPerJob, seed, parameters });
    const deployed = { service, worker, scaling };
    this.#deployed.push(deployed);
    return deployed;
  }

  /** The queue beside the one that a service has of its own. */
  secondQueue({ scaling }: Deployed): string {
    const id = resourcesOf(this.#template, 'AWS::SQS::Queue').find(
      ([one, { RedrivePolicy: redrive }]) => redrive !== undefined && one !== scaling.queue.name,
    )?.[0];
    if (id === undefined) {
      throw new SimulatorError('the template has no second queue');
    }
    return id;
  }

  /** Plays the day. */
  play(submit: (job: ExportJob) => void): Played {
    const services = this.#deployed.map(({ service }) => service);
    for (const service of services) {
      service.begin();
    }
    for (const job of this.#jobs) {
      this.events.at(job.arrival, () => submit(job));
    }
    const end = this.#conditions.day.workload.hours * 3_600;
    const settled = () =>
      this.ledger.waits.length + services.reduce((sum, { deadLetters }) => sum + deadLetters, 0) >= this.#jobs.length;
    this.events.run(() => this.events.now >= end && (settled() || this.events.now >= end * (1 + PATIENCE_FACTOR)));
    const results = this.#deployed.map(({ service, worker }) => ({ worker, ...service.end() }));
    return { jobs: this.#jobs, results };
  }
}

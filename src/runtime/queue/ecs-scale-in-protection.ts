import { type ScaleInProtection } from './scale-in-protection.js';
import { type Logger } from '../support/logger.js';

/** Protection ends by itself after this time, so a worker that dies does not block a deployment for long. */
const EXPIRES_IN_MINUTES = 10;
const RENEW_EVERY_MS = (EXPIRES_IN_MINUTES * 60_000) / 2;
// Long enough to bridge the gaps of a busy queue; a minute would keep tasks that nobody needs
// (docs/operations/simulator.md).
const RELEASE_AFTER_IDLE_MS = 10_000;
const CALL_TIMEOUT_MS = 5_000;

interface AgentAnswer {
  readonly protection?: { readonly ProtectionEnabled: boolean };
  /** The service refused. */
  readonly failure?: { readonly Reason?: string; readonly Detail?: string };
  /** The call failed. */
  readonly error?: { readonly Code?: string; readonly Message?: string };
}

/**
 * Task scale-in protection through the ECS agent of the task.
 *
 * It keeps the task from scale-in and deployments while it works; a Spot interruption comes all the same. A refusal, as
 * while a
 * deployment is blocked, means that ECS wants the task gone. Every other failure is logged and work goes on
 * unprotected.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
 */
export class EcsScaleInProtection implements ScaleInProtection {
  readonly renewEveryMs = RENEW_EVERY_MS;
  readonly releaseAfterIdleMs = RELEASE_AFTER_IDLE_MS;
  readonly #url: string;
  readonly #logger: Logger;
  #supported = true;

  /** @param agentUri the value of `ECS_AGENT_URI`, which ECS sets in every container */
  constructor(agentUri: string, logger: Logger) {
    this.#url = `${agentUri}/task-protection/v1/state`;
    this.#logger = logger;
  }

  async acquire(): Promise<'granted' | 'refused'> {
    if (!this.#supported) {
      return 'granted';
    }
    const answer = await this.#put({ ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_IN_MINUTES });
    if (answer.failure?.Reason === 'TASK_NOT_VALID') {
      this.#supported = false;
      this.#logger.info(
        { detail: answer.failure.Detail },
        'task does not belong to a service: scale-in protection is not needed',
      );
      return 'granted';
    }
    if (answer.failure !== undefined) {
      this.#logger.warn({ ...answer.failure }, 'scale-in protection refused');
      return 'refused';
    }
    if (answer.error !== undefined) {
      this.#logger.warn({ ...answer.error }, 'scale-in protection failed; working without it');
    }
    return 'granted';
  }

  async release(): Promise<void> {
    if (this.#supported) {
      const { failure, error } = await this.#put({ ProtectionEnabled: false });
      if (failure !== undefined || error !== undefined) {
        this.#logger.warn(
          { ...failure, ...error },
          `scale-in protection could not be given back; it ends by itself after ${EXPIRES_IN_MINUTES} minutes`,
        );
      }
    }
  }

  async #put(body: object): Promise<AgentAnswer> {
    try {
      const response = await fetch(this.#url, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const answer = (await response.json()) as AgentAnswer;
      const explained = response.ok || answer.failure !== undefined || answer.error !== undefined;
      return explained ? answer : { error: { Code: `HTTP ${response.status}` } };
    } catch (error) {
      return { error: { Code: 'Unreachable', Message: error instanceof Error ? error.message : String(error) } };
    }
  }
}

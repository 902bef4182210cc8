import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { FileworksHealthIndicator, type FileworksHealth } from 'fileworks-runtime/nestjs';

@Controller()
export class HealthController {
  constructor(@Inject(FileworksHealthIndicator) private readonly indicator: FileworksHealthIndicator) {}

  /** Whether this process works; otherwise ECS replaces it. */
  @Get('livez')
  livez(): FileworksHealth {
    return answer(this.indicator.isLive());
  }

  /**
   * Whether this process accepts jobs: from its start until it drains. An unavailable API changes neither answer.
   */
  @Get('readyz')
  readyz(): FileworksHealth {
    return answer(this.indicator.isReady());
  }
}

function answer(health: FileworksHealth): FileworksHealth {
  if (health.fileworks.status === 'down') {
    throw new ServiceUnavailableException(health);
  }
  return health;
}

import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { FileworksHealthIndicator, type FileworksHealth } from 'fileworks-runtime/nestjs';

@Controller()
export class HealthController {
  constructor(@Inject(FileworksHealthIndicator) private readonly indicator: FileworksHealthIndicator) {}

  /** Whether this process can still do its work; ECS replaces it if not. */
  @Get('livez')
  livez(): FileworksHealth {
    return answer(this.indicator.isLive());
  }

  /**
   * Whether it is at work: not before its start, and no more once it drains. An API that is away changes neither
   * answer.
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

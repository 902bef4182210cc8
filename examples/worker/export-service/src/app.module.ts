import type { DynamicModule } from '@nestjs/common';
import { type ExportEnvironment, ServiceMode } from 'fileworks-runtime/exports';
import { FileworksModule, fileworksOptionsFromEnvironment } from 'fileworks-runtime/nestjs';
import { DownloadsHandler } from './downloads.handler.ts';
import { ExportParts } from './export-parts.ts';
import { ExportsHandler } from './exports.handler.ts';
import { HealthController } from './health.controller.ts';

class PartsModule {}

class AppModule {}

/** The application of one mode: the shared parts, and the handler of its queue. */
export function appModule(environment: ExportEnvironment): DynamicModule {
  const parts: DynamicModule = {
    module: PartsModule,
    providers: [{ provide: ExportParts, useFactory: () => new ExportParts(environment) }],
    exports: [ExportParts],
  };
  return {
    module: AppModule,
    imports: [
      parts,
      FileworksModule.forRootAsync({
        imports: [parts],
        useFactory: fileworksOptionsFromEnvironment,
      }),
    ],
    controllers: [HealthController],
    providers: [environment.mode === ServiceMode.orchestrator ? ExportsHandler : DownloadsHandler],
  };
}

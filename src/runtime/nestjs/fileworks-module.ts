import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { FileworksHealthIndicator } from './fileworks-health-indicator.js';
import { type FileworksModuleOptions, FileworksRunner } from './fileworks-runner.js';
import type { Environment } from '../support/environment.js';
import { readWorkerEnvironment } from '../support/worker-environment.js';
import { createLogger } from '../telemetry/index.js';
import { optionsFromEnvironment } from '../jobs/worker-options.js';

const OPTIONS_TOKEN = Symbol('FileworksModuleOptions');

export interface FileworksModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Providers that the factory gets. @default - none */
  readonly inject?: NonNullable<Extract<Provider, { useFactory: unknown }>['inject']>;
  /** Makes the options. Its first step can be `fileworksOptionsFromEnvironment()`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected is only known to the caller, as in Nest's own modules
  readonly useFactory: (...injected: any[]) => FileworksModuleOptions | Promise<FileworksModuleOptions>;
}

/**
 * Runs a queue worker inside a Nest application; call `app.enableShutdownHooks()`, so that SIGTERM drains it.
 *
 * ```ts
 * @Module({
 *   imports: [FileworksModule.forRootAsync({ useFactory: () => fileworksOptionsFromEnvironment() })],
 *   providers: [ZipHandler],
 * })
 * export class AppModule {}
 * ```
 */
export class FileworksModule {
  static forRootAsync({ imports = [], inject = [], useFactory }: FileworksModuleAsyncOptions): DynamicModule {
    return {
      module: FileworksModule,
      imports: [DiscoveryModule, ...imports],
      providers: [
        { provide: OPTIONS_TOKEN, useFactory, inject },
        {
          provide: FileworksRunner,
          useFactory: (
            options: FileworksModuleOptions,
            discovery: DiscoveryService,
            scanner: MetadataScanner,
            modules: ModulesContainer,
          ) => {
            startLastAndStopFirst(modules);
            return new FileworksRunner(options, discovery, scanner);
          },
          inject: [OPTIONS_TOKEN, DiscoveryService, MetadataScanner, ModulesContainer],
        },
        {
          provide: FileworksHealthIndicator,
          useFactory: (runner: FileworksRunner) => new FileworksHealthIndicator(runner),
          inject: [FileworksRunner],
        },
      ],
      exports: [FileworksRunner, FileworksHealthIndicator],
    };
  }
}

// Called and not written with an @: providers are made by factories, so nothing here depends on a compiler's kind of
// decorators.
Module({})(FileworksModule);

/**
 * Nest calls the hooks of a start from the deepest of imported modules to the module of the application, and those of a
 * shutdown in the opposite order, module by module. A distance below that of the application's own module makes jobs
 * start after everything is initialized, and end before anything is destroyed.
 */
function startLastAndStopFirst(modules: ModulesContainer): void {
  for (const module of modules.values()) {
    if (module.metatype === FileworksModule) {
      module.distance = -1;
    }
  }
}

/**
 * The options that the construct wrote into the environment.
 *
 * @throws ConfigurationError with every problem, by variable
 */
export function fileworksOptionsFromEnvironment(env: Environment = process.env): FileworksModuleOptions {
  return optionsFromEnvironment(readWorkerEnvironment(env), env, createLogger({ bindJob: false }));
}

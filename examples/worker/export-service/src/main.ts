import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { readExportEnvironment } from 'fileworks-runtime/exports';
import { appModule } from './app.module.ts';

// One image serves two services: SERVICE_MODE selects the service of this container.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes literals
const app = await NestFactory.create(appModule(readExportEnvironment()), { logger: ['warn', 'error', 'fatal'] });
app.enableShutdownHooks();
const port = process.env.FILEWORKS_HEALTH_PORT;
// The ECS health check runs inside the container; the port is not reachable from outside.
await (port === undefined ? app.init() : app.listen(Number(port), '127.0.0.1'));

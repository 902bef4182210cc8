export { HealthServer, type HealthServerOptions, type HealthState } from './health-server.js';

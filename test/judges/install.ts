// Installs the judges, so that no two of them install the same environment at the same time.
import { actionlint, eventRuler, python } from './support/tools.ts';

await python();
await eventRuler();
actionlint();

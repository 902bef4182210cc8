// `npm run simulate -- --template cdk.out/X.template.json --workload small-files`: see docs/operations/simulator.md.
import { main } from './cli.ts';

process.exitCode = await main(process.argv.slice(2));

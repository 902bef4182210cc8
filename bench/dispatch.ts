// The dispatch protocol: write units of a file in DynamoDB, registrations per second, round trips between two turns.
// `npm run bench -- dispatch [--json] [--only capacity|round-trips|rates]`
import { capacity } from './dispatch/capacity.ts';
import { rates } from './dispatch/rates.ts';
import { roundTrips } from './dispatch/round-trips.ts';
import { type Row } from './dispatch/row.ts';

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const measures = { capacity, 'round-trips': roundTrips, rates };
const json = process.argv.includes('--json');
const rows: Row[] = [];
for (const [name, measure] of Object.entries(measures)) {
  if (only !== undefined && only !== name) {
    continue;
  }
  for (const row of await measure()) {
    rows.push(row);
    if (json) {
      console.log(JSON.stringify({ bench: 'dispatch', ...row }));
    }
  }
}
if (!json) {
  console.log(
    `Node ${process.version}, ${process.platform} ${process.arch}, DynamoDB Local 3.1.0 in memory, PostgreSQL of this machine with its default settings`,
  );
  console.table(
    rows.map(({ case: name, metric, ours, peers, goal, ok }) => ({
      case: name,
      metric,
      ours,
      goal,
      ok,
      beside: Object.entries(peers)
        .map(([peer, value]) => `${peer} ${value}`)
        .join(', '),
    })),
  );
}
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);

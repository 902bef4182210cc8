// What json-loader needs for a run: a source of its builds that exists, and a database that can be removed.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { editFile } from './edit-file.ts';

const SOURCE = 'source';

/**
 * Changes the stack of a copy of json-loader: its builds have a folder with the layout of the repository on GitHub, its
 * database has neither deletion protection nor a final snapshot, and no transformation is due during the run.
 */
export function bringSource(folder: string): void {
  const code = join('worker', 'json-loader');
  cpSync(join(folder, '..', '..', code), join(folder, SOURCE, code), { recursive: true });
  editFile(join(folder, 'json-loader-stack.ts'), [
    [`DeliverySource.gitHub('acme', 'sales')`, `DeliverySource.folder('${SOURCE}')`],
    ['deletionProtection: true,', 'deletionProtection: false,\n      removalPolicy: RemovalPolicy.DESTROY,'],
    ['ScheduleExpression.rate(Duration.hours(1))', 'ScheduleExpression.rate(Duration.days(30))'],
    ['import { CfnOutput,', 'import { CfnOutput, RemovalPolicy,'],
  ]);
}

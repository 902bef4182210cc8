import { GetFunctionConfigurationCommand, InvokeCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { type LedgerAnswer, type LedgerQuery, MAX_LEDGER_QUERY } from '../../../src/contract/ledger-query';
import { LoaderEnv } from '../../../src/contract/loader-env';
import { inBatches } from '../support/batches';
import type { Clients } from '../support/clients';
import { CliError, ExitCode } from '../support/errors';
import type { Decider } from './decider';
import type { ObjectRoute } from './routes';

/** The ledger of the loader that the route leads to, if it leads to one; its function reads the ledger. */
export async function ledgerOf(clients: Clients, { targets }: ObjectRoute): Promise<Decider | undefined> {
  for (const { arn } of targets.filter(({ arn: target }) => target.split(':')[2] === 'sqs')) {
    const { EventSourceMappings: consumers = [] } = await clients.lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: arn }),
    );
    for (const { FunctionArn: name } of consumers) {
      const { Environment: { Variables: variables } = {} } = await clients.lambda.send(
        new GetFunctionConfigurationCommand({ FunctionName: name }),
      );
      const loader = variables?.[LoaderEnv.name];
      if (loader !== undefined && name !== undefined) {
        return byLedger(clients, loader, name);
      }
    }
  }
  return undefined;
}

const byLedger = (clients: Clients, loader: string, functionName: string): Decider => ({
  by: `ledger of ${loader}`,
  async processed(objects) {
    const recorded: boolean[] = [];
    for (const some of inBatches(objects, MAX_LEDGER_QUERY)) {
      const query: LedgerQuery = {
        fileworksLedgerQuery: 1,
        objects: some.map(({ bucket, key, versionId, modified }) => ({
          bucket,
          key,
          ...(versionId !== undefined && { versionId }),
          modified: modified.toISOString(),
        })),
      };
      const { FunctionError: failed, Payload: payload } = await clients.lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(query)) }),
      );
      const text = Buffer.from(payload ?? []).toString('utf8');
      const answer = JSON.parse(text || 'null') as Partial<LedgerAnswer> | null;
      if (failed !== undefined || answer?.recorded?.length !== some.length) {
        throw new CliError(
          ExitCode.failed,
          `the function of ${loader} must answer from its ledger, got: ${text.slice(0, 300)}; deploy the stack again with this version, or use --results, --manifest or --processed`,
        );
      }
      recorded.push(...answer.recorded);
    }
    return recorded;
  },
});

import { DescribeExecutionCommand, StartExecutionCommand, type DescribeExecutionOutput } from '@aws-sdk/client-sfn';
import type { Clients } from './support/clients';

/**
 * Starts an execution, once for a name: a name that exists has been started before.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export async function startExecution(
  clients: Clients,
  stateMachineArn: string,
  name: string,
  input: string,
): Promise<void> {
  try {
    await clients.stepFunctions.send(new StartExecutionCommand({ stateMachineArn, name, input }));
  } catch (error) {
    if ((error as Error).name !== 'ExecutionAlreadyExists') {
      throw error;
    }
  }
}

export async function findExecution(
  clients: Clients,
  executionArn: string,
): Promise<DescribeExecutionOutput | undefined> {
  try {
    return await clients.stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
  } catch (error) {
    if ((error as Error).name === 'ExecutionDoesNotExist') {
      return undefined;
    }
    throw error;
  }
}

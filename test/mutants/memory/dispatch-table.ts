import { DynamoDbStore } from '../../handlers/support/dynamodb-store';

export const createDispatchTable = (_: unknown, tableName: string) => Promise.resolve(new DynamoDbStore({ tableName }));

import { MemoryStore } from '../../runtime/dispatch/support/memory-store';

const tables = new Map<string, DynamoDbStore>();

/** Takes the place of the store on DynamoDB: the reference store, one for each table. */
export class DynamoDbStore extends MemoryStore {
  constructor({ tableName }: { readonly tableName: string }) {
    super();
    const known = tables.get(tableName);
    if (known !== undefined) {
      return known;
    }
    tables.set(tableName, this);
  }
}

import { indexes } from './items.js';

/** The table definition of `DynamoDbStore`, for tests and tools; the construct creates the same table. */
export const dispatchTableDefinition = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ],
  AttributeDefinitions: ['pk', 'sk', 'duePk', 'dueSk', 'troublePk', 'troubleSk'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  BillingMode: 'PAY_PER_REQUEST' as const,
  GlobalSecondaryIndexes: Object.values(indexes).map((IndexName) => ({
    IndexName,
    KeySchema: [
      { AttributeName: `${IndexName}Pk`, KeyType: 'HASH' as const },
      { AttributeName: `${IndexName}Sk`, KeyType: 'RANGE' as const },
    ],
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  })),
} as const;

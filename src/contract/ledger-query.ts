/** A question to the function of `BatchFileLoader`: which of these objects does its ledger contain? */
export interface LedgerQuery {
  readonly fileworksLedgerQuery: 1;
  /** At most `MAX_LEDGER_QUERY`. */
  readonly objects: readonly LedgerQueryObject[];
}

export interface LedgerQueryObject {
  readonly bucket: string;
  readonly key: string;
  /** Absent in a bucket without versions. */
  readonly versionId?: string;
  /** Time of the last modification, ISO 8601. */
  readonly modified: string;
}

export interface LedgerAnswer {
  /** In the order of the objects: loaded, superseded, or rejected with a reason. */
  readonly recorded: readonly boolean[];
}

export const MAX_LEDGER_QUERY = 1_000;

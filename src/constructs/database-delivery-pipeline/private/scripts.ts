import type { DatabaseDeliveryPipelineProps } from '../database-delivery-pipeline-props';

/** Outside of the source, which may be a repository that is checked for changes. */
const STEPS = '/tmp/fileworks-delivery';
const END_OF_STEP = 'END_OF_FILEWORKS_STEP';

/**
 * Writes commands to a file, which a separate bash runs: it exits after the first failure, wherever it is called from.
 */
export function stepFile(name: string, commands: readonly string[]): string {
  return `mkdir -p ${STEPS}\ncat > ${STEPS}/${name}.sh <<'${END_OF_STEP}'\n${commands.join('\n')}\n${END_OF_STEP}`;
}

export const mentionsEnd = (command: string): boolean => command.split('\n').includes(END_OF_STEP);

export const runStep = (name: string): string => `bash -euo pipefail ${STEPS}/${name}.sh`;

/**
 * Downloads the certificate authorities of RDS in the partition of the build.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 * @see https://docs.amazonaws.cn/en_us/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 */
const DOWNLOAD_AUTHORITIES = `
case "$AWS_REGION" in
  cn-*) truststore=https://rds-truststore.s3.cn-north-1.amazonaws.com.cn ;;
  us-gov-*) truststore=https://truststore.pki.us-gov-west-1.rds.amazonaws.com ;;
  *) truststore=https://truststore.pki.rds.amazonaws.com ;;
esac
curl -fsS --retry 3 -o ${STEPS}/ca.pem "$truststore/global/global-bundle.pem"`.trim();

/** The certificate authority of the server and a client, for TLS and dumps. */
export function prepare(ca: string | undefined, clientVersion: number): string[] {
  const bundle =
    ca === undefined
      ? DOWNLOAD_AUTHORITIES
      : `cat > ${STEPS}/ca.pem <<'END_OF_CERTIFICATE'\n${ca.trim()}\nEND_OF_CERTIFICATE`;
  return [
    `mkdir -p ${STEPS}\n${bundle}`,
    `command -v pg_dump >/dev/null || dnf install -y -q postgresql${clientVersion}`,
  ];
}

export const CA_FILE = `${STEPS}/ca.pem`;

/** Counts the rows of the history table, which the first migration creates. */
const COUNT = `
applied() {
  if [ -n "$(psql -XAtqc "SELECT to_regclass('$HISTORY')")" ]; then psql -XAtqc "SELECT count(*) FROM $HISTORY"; else echo 0; fi
}`;

/**
 * Migrates a database. If that or the smoke test fails, rolls back the applied migrations, and fails.
 *
 * Without a history table, the applied migrations are unknown.
 */
function migrate({ historyTable, rollbackCommands, smokeCommands }: DatabaseDeliveryPipelineProps): string[] {
  const forward = [runStep('migrate'), ...(smokeCommands === undefined ? [] : [runStep('smoke')])].join(' && ');
  if (historyTable === undefined || rollbackCommands === undefined) {
    return [forward];
  }
  return [
    `
HISTORY='${historyTable}'${COUNT}
before=$(applied)
if ! { ${forward}; }; then
  export FILEWORKS_APPLIED_MIGRATIONS=$(($(applied) - before))
  echo "fileworks: failed; migrations to take back: $FILEWORKS_APPLIED_MIGRATIONS"
  if [ "$FILEWORKS_APPLIED_MIGRATIONS" -gt 0 ]; then ${runStep('rollback')}; fi
  exit 1
fi`.trim(),
  ];
}

/**
 * Migrates a copy of the schema and, if there are `rollbackCommands`, rolls it back: migrations whose rollback does not
 * restore the schema are not applied.
 */
function validate({ historyTable = '', rollbackCommands }: DatabaseDeliveryPipelineProps): string[] {
  const back =
    rollbackCommands === undefined
      ? ''
      : `
schema > ${STEPS}/before.sql
count=$(applied)
${runStep('apply')}
export FILEWORKS_APPLIED_MIGRATIONS=$(($(applied) - count))
if [ "$FILEWORKS_APPLIED_MIGRATIONS" -gt 0 ]; then
  ${runStep('rollback')}
  schema > ${STEPS}/after.sql
  if ! diff ${STEPS}/before.sql ${STEPS}/after.sql; then
    echo 'fileworks: taking the migrations back leaves another schema than before; see the lines above' >&2
    exit 1
  fi
fi`;
  return [
    `
HISTORY='${historyTable}'${COUNT}
# without the history, which a rollback may leave empty, and what is different in every dump
schema() { pg_dump --schema-only --no-owner --exclude-table="$HISTORY*" | grep -vE '^\\\\(un)?restrict '; }
original=$PGDATABASE
copy="fileworks_copy_$(date +%s)_$$"
psql -Xqc "CREATE DATABASE $copy TEMPLATE template0"
trap 'PGDATABASE=$original psql -Xqc "DROP DATABASE IF EXISTS $copy WITH (FORCE)"' EXIT
pg_dump --schema-only --no-owner > ${STEPS}/copy.sql
if [ "$(applied)" -gt 0 ]; then pg_dump --data-only --table="$HISTORY" >> ${STEPS}/copy.sql; fi
export PGDATABASE=$copy
# template0 has the schema public already
sed -i 's/^CREATE SCHEMA public;/CREATE SCHEMA IF NOT EXISTS public;/' ${STEPS}/copy.sql
psql -Xq -v ON_ERROR_STOP=1 -f ${STEPS}/copy.sql > /dev/null
echo 'fileworks: migrating a copy of the schema'
${back === '' ? runStep('apply') : back.trim()}`.trim(),
  ];
}

/** The commands of the migration build. */
export function migrationScript(props: DatabaseDeliveryPipelineProps, validateOnCopy: boolean): string[] {
  const { migrateCommands, smokeCommands, rollbackCommands } = props;
  const steps = {
    migrate: migrateCommands,
    smoke: smokeCommands,
    rollback: rollbackCommands,
    apply: migrate(props),
    validate: validateOnCopy ? validate(props) : undefined,
  };
  return [
    ...Object.entries(steps).flatMap(([name, commands]) => (commands === undefined ? [] : [stepFile(name, commands)])),
    ...(validateOnCopy ? [runStep('validate')] : []),
    runStep('apply'),
  ];
}

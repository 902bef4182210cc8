/** Options of a generated workflow. */
export interface WorkflowOptions {
  readonly branches: readonly string[];
  /** Whether builds check out the repository at the commit of the workflow. */
  readonly atCommit: boolean;
  readonly deploys: boolean;
}

/** By its commit, because a tag can be moved. */
const CREDENTIALS = 'aws-actions/configure-aws-credentials@61815dcd50bd041e203e49132bacad1fd04d2708 # v5.1.1';

/** The two calls that start a build and wait for it. */
function buildJob(name: string, variable: string, { atCommit }: WorkflowOptions, needs?: string): string {
  return `  ${name}:
    runs-on: ubuntu-latest
${needs === undefined ? '' : `    needs: ${needs}\n`}    permissions:
      id-token: write
    steps:
      - uses: ${CREDENTIALS}
        with:
          role-to-assume: \${{ vars.FILEWORKS_DELIVERY_ROLE }}
          aws-region: \${{ vars.FILEWORKS_DELIVERY_REGION }}
      - name: Build in the VPC
        env:
          PROJECT: \${{ vars.${variable} }}
        run: |
          id=$(aws codebuild start-build --project-name "$PROJECT"${atCommit ? ' --source-version "$GITHUB_SHA"' : ''} --query build.id --output text)
          echo "build $id"
          while :; do
            read -r status phase log < <(aws codebuild batch-get-builds --ids "$id" --query 'builds[0].[buildStatus,currentPhase,logs.deepLink]' --output text)
            echo "$status $phase"
            if [ "$status" != IN_PROGRESS ]; then break; fi
            sleep 10
          done
          echo "log: $log"
          [ "$status" = SUCCEEDED ]
`;
}

/** A workflow for GitHub Actions. Variables of the repository hold the values that are known after the deployment. */
export function renderWorkflow(options: WorkflowOptions): string {
  return `# Written by DatabaseDeliveryPipeline of cdk-fileworks. Once, with the outputs of the stack:
#   gh variable set FILEWORKS_DELIVERY_ROLE --body <ARN of the role>
#   gh variable set FILEWORKS_DELIVERY_REGION --body <region>
#   gh variable set FILEWORKS_MIGRATION_PROJECT --body <name of the project>
${options.deploys ? '#   gh variable set FILEWORKS_DEPLOYMENT_PROJECT --body <name of the project>\n' : ''}name: database
on:
  push:
    branches: ${JSON.stringify(options.branches)}
  workflow_dispatch:
permissions: {}
concurrency:
  group: database
jobs:
${buildJob('migrate', 'FILEWORKS_MIGRATION_PROJECT', options)}${options.deploys ? buildJob('deploy', 'FILEWORKS_DEPLOYMENT_PROJECT', options, 'migrate') : ''}`;
}

# Commands of the pipeline's build that deploys this stack from inside the network.
set -euo pipefail
cd "$(dirname "$0")"
npm install --no-audit --no-fund
npx --yes aws-cdk@2 deploy --require-approval never

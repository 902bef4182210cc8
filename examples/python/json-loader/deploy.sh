# Commands of the pipeline's build that deploys this stack from inside the network.
set -euo pipefail
cd "$(dirname "$0")"
pip install --quiet -r requirements.txt
npx --yes aws-cdk@2 deploy --require-approval never

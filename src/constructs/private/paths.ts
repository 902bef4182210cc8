import { createHash } from 'node:crypto';
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';

/** What security groups and projects of CodeBuild take as a description. */
const MAX_DESCRIPTION = 255;
/** Leaves room for the sentence around a path. */
const MAX_IN_DESCRIPTION = 200;

/** The path of a construct for descriptions. */
export const pathOf = ({ node }: IConstruct): string => fit(node.path, MAX_IN_DESCRIPTION);

/** The CDK describes the group that it creates for a service or a function by the whole path. */
export function describeSecurityGroups(owner: IConstruct): void {
  for (const child of owner.node.findAll()) {
    if (child instanceof CfnSecurityGroup) {
      child.groupDescription = fit(child.groupDescription, MAX_DESCRIPTION);
    }
  }
}

/**
 * In the characters that security groups take, with the middle left out of a long text.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
 */
function fit(text: string, max: number): string {
  const valid = text.replace(/[^\w ./()#,@[\]+=&;{}!$*:-]/gu, '_');
  const half = (max - 3) / 2;
  return valid.length <= max ? valid : `${valid.slice(0, Math.ceil(half))}...${valid.slice(-Math.floor(half))}`;
}

/** What the CDK takes as the value of a dimension. */
const MAX_NAME = 255;

/**
 * The path of a construct as its name in metrics and events: in ASCII, which CloudWatch asks for, and as unique as the
 * path; a long one ends with a hash.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
export function nameOf({ node }: IConstruct): string {
  const name = node.path.replace(/[^\x20-\x7e]+/gu, encodeURIComponent);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - hash.length - 1)}-${hash}`;
}

type Properties = Readonly<Record<string, unknown>>;

/** A resource type that is left out of templates. */
export interface LeftOut {
  /** Why it is not needed, or what does not work without it. */
  readonly because: string;
  /** The value of `Ref` instead of `local-<logical id>`. */
  readonly ref?: (logicalId: string, properties: Properties) => unknown;
  /** The value of `Fn::GetAtt` instead of `local-<logical id>-<attribute>`. */
  readonly attributes?: Readonly<Record<string, string | ((properties: Properties) => unknown)>>;
}

const network = 'tasks run in the network of this machine';
const events = 'not emulated: nothing is archived or sent';
const database = 'not emulated: connect to your own database';
const scaling = 'replaced by the local autoscaler';
const logs = 'not emulated';
const openIdConnect = 'not emulated: no system signs in with OpenID Connect';
const id =
  (prefix: string) =>
  (logicalId: string): string =>
    `${prefix}-${hash(logicalId)}`;

/**
 * The types that are left out while the emulator does not support them. Any other unsupported type stops the
 * deployment.
 */
export const LEFT_OUT: Readonly<Partial<Record<string, LeftOut>>> = {
  'AWS::ApplicationAutoScaling::ScalableTarget': { because: scaling },
  'AWS::ApplicationAutoScaling::ScalingPolicy': { because: scaling },
  'AWS::CloudWatch::AnomalyDetector': { because: 'not emulated' },
  'AWS::EC2::EIP': { because: network, ref: () => '127.0.0.1', attributes: { PublicIp: '127.0.0.1' } },
  'AWS::EC2::EgressOnlyInternetGateway': { because: network, ref: id('eigw') },
  'AWS::EC2::FlowLog': { because: network, ref: id('fl') },
  'AWS::EC2::NatGateway': { because: network, ref: id('nat') },
  'AWS::EC2::NetworkAcl': { because: network, ref: id('acl') },
  'AWS::EC2::NetworkAclEntry': { because: network },
  'AWS::EC2::SecurityGroupEgress': { because: network },
  'AWS::EC2::SecurityGroupIngress': { because: network },
  'AWS::EC2::SubnetNetworkAclAssociation': { because: network },
  'AWS::EC2::VPCCidrBlock': { because: network },
  'AWS::ECS::CapacityProvider': { because: 'tasks run on this machine' },
  'AWS::ECS::ClusterCapacityProviderAssociations': { because: 'services name their own strategy' },
  'AWS::Events::ApiDestination': { because: events },
  'AWS::Events::Archive': { because: events },
  'AWS::Events::Connection': { because: events },
  'AWS::Events::EventBusPolicy': { because: 'policies of event buses are not enforced' },
  'AWS::IAM::ServiceLinkedRole': { because: 'services act without it here' },
  'AWS::Logs::QueryDefinition': { because: logs },
  'AWS::Logs::LogAnomalyDetector': { because: logs },
  'AWS::RDS::DBProxy': { because: database, attributes: { Endpoint: 'localhost' } },
  'AWS::RDS::DBProxyEndpoint': { because: database, attributes: { Endpoint: 'localhost' } },
  'AWS::RDS::DBProxyTargetGroup': { because: database },
  'AWS::SecretsManager::RotationSchedule': { because: 'not emulated: secrets keep their first value' },
  'AWS::XRay::Group': { because: 'not emulated' },
  'AWS::XRay::SamplingRule': { because: 'not emulated' },
  // Custom resources of CDK whose functions need an SDK client that the emulator's Lambda lacks, and without which
  // files are processed as with them. Notifications and files for a bucket are not here: an app without them would
  // deploy, and then do nothing.
  'Custom::AWSCDKOpenIdConnectProvider': { because: openIdConnect, ref: openIdConnectProvider },
  'Custom::LogRetention': {
    because: 'log groups are not kept after the end',
    attributes: { LogGroupName: ({ LogGroupName: name }) => name },
  },
  'Custom::VpcRestrictDefaultSG': { because: network },
};

function openIdConnectProvider(_logicalId: string, { Url: url }: Properties): unknown {
  return typeof url === 'string'
    ? { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:oidc-provider/${url.replace(/^https:\/\//, '')}` }
    : undefined;
}

/** 17 hexadecimal digits, as in ids of EC2, the same for the same name. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const character of text) {
    value = BigInt.asUintN(64, (value ^ BigInt(character.codePointAt(0) ?? 0)) * 0x100000001b3n);
  }
  return value.toString(16).padStart(17, '0');
}

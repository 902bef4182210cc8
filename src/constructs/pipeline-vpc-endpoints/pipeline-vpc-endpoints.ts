import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { ValidationError } from '../private/validation-error';

/** Properties of `PipelineVpcEndpoints`. */
export interface PipelineVpcEndpointsProps {
  /** The VPC of the tasks. */
  readonly vpc: ec2.IVpc;

  /**
   * The subnets of the tasks, in which the interface endpoints stand and whose routes lead to S3 and DynamoDB. At most
   * one in each availability zone.
   *
   * @default - the isolated subnets of the VPC or, when it has none, the private ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Further services that the code in the containers calls, such as `InterfaceVpcEndpointAwsService.SECRETS_MANAGER`.
   *
   * @default - only what every pipeline needs
   */
  readonly additionalServices?: ec2.InterfaceVpcEndpointAwsService[];
}

/** What a task needs to start, to log and to lease jobs. */
const SERVICES = [
  ec2.InterfaceVpcEndpointAwsService.ECR,
  ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
  ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  ec2.InterfaceVpcEndpointAwsService.SQS,
];

/**
 * The ways from tasks in subnets without internet to the services that a pipeline uses: S3 and DynamoDB by routes, ECR,
 * CloudWatch Logs and SQS by interface
 * endpoints.
 *
 * Nothing else in this package creates an endpoint. An interface endpoint is billed by the hour in each availability
 * zone; a NAT gateway may cost less or more.
 * Who may use them is said by `connections`; at first nobody may.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
 *
 * @example
 * declare const worker: QueueScaledFargateWorker;
 * const endpoints = new fileworks.PipelineVpcEndpoints(this, 'Endpoints', { vpc });
 * worker.connections.allowToDefaultPort(endpoints);
 */
@propertyInjectable
export class PipelineVpcEndpoints extends Construct implements ec2.IConnectable {
  /** Identifies this class to property injectors. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-fileworks.PipelineVpcEndpoints';

  /** The interface endpoints, to which TCP port 443 is the way. */
  readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: PipelineVpcEndpointsProps) {
    super(scope, id);
    const { vpc, additionalServices = [] } = props;
    const subnets = props.vpcSubnets ?? {
      subnetType: vpc.isolatedSubnets.length > 0 ? ec2.SubnetType.PRIVATE_ISOLATED : ec2.SubnetType.PRIVATE_WITH_EGRESS,
    };
    const twice = additionalServices.find((service, index) =>
      [...SERVICES, ...additionalServices.slice(0, index)].some(({ name }) => name === service.name),
    );
    if (twice !== undefined) {
      throw new ValidationError(
        `additionalServices cannot hold a service that has an endpoint already, got: ${twice.shortName}; leave it out`,
        this,
      );
    }
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      allowAllOutbound: false,
      description: `Interface endpoints of ${this.node.path}`,
    });
    this.connections = new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(443) });
    new ec2.GatewayVpcEndpoint(this, 'S3', { vpc, service: ec2.GatewayVpcEndpointAwsService.S3, subnets: [subnets] });
    new ec2.GatewayVpcEndpoint(this, 'DynamoDb', {
      vpc,
      service: ec2.GatewayVpcEndpointAwsService.DYNAMODB,
      subnets: [subnets],
    });
    for (const service of [...SERVICES, ...additionalServices]) {
      new ec2.InterfaceVpcEndpoint(this, service.shortName, {
        vpc,
        service,
        subnets,
        securityGroups: [securityGroup],
        open: false,
      });
    }
  }
}

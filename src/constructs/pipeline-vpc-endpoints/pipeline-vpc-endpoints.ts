import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { ValidationError } from '../private/validation-error';
import { pathOf } from '../private/paths';

/** Properties of `PipelineVpcEndpoints`. */
export interface PipelineVpcEndpointsProps {
  /** The VPC of the tasks. */
  readonly vpc: ec2.IVpc;

  /**
   * The subnets of the tasks, for the interface endpoints and for the routes to S3 and DynamoDB. At most one in each
   * Availability Zone.
   *
   * @default - the isolated subnets of the VPC or, if it has none, the private ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Additional services that the code in the containers calls, such as
   * `InterfaceVpcEndpointAwsService.SECRETS_MANAGER`.
   *
   * @default - only the services that every pipeline needs
   */
  readonly additionalServices?: ec2.InterfaceVpcEndpointAwsService[];
}

/** The services that a task needs to start, to write logs and to receive jobs. */
const SERVICES = [
  ec2.InterfaceVpcEndpointAwsService.ECR,
  ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
  ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  ec2.InterfaceVpcEndpointAwsService.SQS,
];

/**
 * VPC endpoints of the services that a pipeline uses, for tasks in subnets without internet access: gateway endpoints
 * of S3 and DynamoDB, and interface endpoints of ECR, CloudWatch Logs and SQS.
 *
 * No other construct in this package creates an endpoint. An interface endpoint is billed by the hour in each
 * Availability Zone; a NAT gateway may cost less or more. Allow clients with `connections`; by default, none is
 * allowed.
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

  /** The network connections of the interface endpoints, with TCP port 443 as the default port. */
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
        `additionalServices cannot include a service that has an endpoint already, got: ${twice.shortName}; omit it`,
        this,
      );
    }
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      allowAllOutbound: false,
      description: `Interface endpoints of ${pathOf(this)}`,
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

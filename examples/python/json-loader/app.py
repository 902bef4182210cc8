from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from cdk_fileworks import (
    BatchFileLoader,
    DatabaseDeliveryPipeline,
    DatabaseLogin,
    DeliverySource,
    FileIngestBucket,
    LoadColumn,
    LoadConflict,
    LoadMapping,
    LoadRouteOptions,
    PipelineAlarms,
    RowSchema,
)
from constructs import Construct


class JsonLoaderStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)

        # You provide the network. Functions and builds reach AWS and package registries through one NAT gateway, and accept no connections.
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=1,
            gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
        )

        # You provide the database, too. Migrations use the secret of its owner; the loader logs in with IAM.
        owner = rds.DatabaseSecret(self, "Owner", username="owner")
        database = rds.DatabaseInstance(
            self,
            "Database",
            vpc=vpc,
            engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17),
            instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MEDIUM),
            credentials=rds.Credentials.from_secret(owner),
            database_name="sales",
            iam_authentication=True,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            multi_az=True,
            deletion_protection=True,
        )

        alerts = sns.Topic(self, "Alerts", enforce_ssl=True)
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alerts))
        inbox = FileIngestBucket(self, "Inbox")
        loader = BatchFileLoader(
            self,
            "Loader",
            vpc=vpc,
            database=DatabaseLogin.iam(
                host=database.instance_endpoint.hostname,
                database_name="sales",
                user="loader",
                resource_id=database.instance_resource_id,
            ),
            routes={
                "Orders": LoadRouteOptions(
                    source=inbox,
                    prefix="orders/",
                    suffix=".json",
                    mapping=LoadMapping.json(
                        table="sales.orders",
                        columns=[
                            LoadColumn(name="id"),
                            LoadColumn(name="customer", source="/customer/id"),
                            LoadColumn(name="placed_at"),
                            LoadColumn(name="currency"),
                            LoadColumn(name="total"),
                            LoadColumn(name="updated_at"),
                            LoadColumn(name="document", source=""),
                        ],
                        conflict=LoadConflict.update(["id"], if_greater="updated_at"),
                        schema=RowSchema.from_file("../../worker/json-loader/order.schema.json"),
                    ),
                )
            },
        )
        database.connections.allow_default_port_from(loader)

        # Orders arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
        inbox.expect_files(every=Duration.minutes(10))

        # A push to main starts migrations inside the network, on a copy of the schema first, and then a deployment of this stack. You provide the repository, too.
        delivery = DatabaseDeliveryPipeline(
            self,
            "Delivery",
            vpc=vpc,
            source=DeliverySource.git_hub("acme", "sales"),
            working_directory="worker/json-loader",
            database=DatabaseLogin.secret(owner),
            runtime_versions={"nodejs": "22", "python": "3.12"},
            install_commands=["npm install --no-audit --no-fund"],
            migrate_commands=["npm run migrate"],
            rollback_commands=['npm run rollback "$FILEWORKS_APPLIED_MIGRATIONS"'],
            smoke_commands=["npm run smoke"],
            history_table="pgmigrations",
            transform_commands=["cd dbt", "pip install --quiet -r requirements.txt", "dbt build"],
            transform_schedule=scheduler.ScheduleExpression.rate(Duration.hours(1)),
            deploy_commands=["bash ../../*/json-loader/deploy.sh"],
            github_repository="acme/sales",
        )
        database.connections.allow_default_port_from(delivery)
        delivery.write_git_hub_workflow("../../.github/workflows/database.yml")

        CfnOutput(self, "InboxBucket", value=inbox.bucket.bucket_name)
        CfnOutput(self, "QueueUrl", value=loader.queue.queue_url)
        CfnOutput(self, "DeadLetterQueueUrl", value=loader.dead_letter_queue.queue_url)
        CfnOutput(self, "LoaderFunction", value=loader.handler_function.function_name)
        CfnOutput(self, "AlertsTopic", value=alerts.topic_arn)
        CfnOutput(self, "DeliveryRole", value=delivery.github_role.role_arn)
        CfnOutput(self, "MigrationProject", value=delivery.migration_project.project_name)
        CfnOutput(self, "TransformationProject", value=delivery.transformation_project.project_name)
        CfnOutput(self, "DeploymentProject", value=delivery.deployment_project.project_name)


app = App()
JsonLoaderStack(
    app, "JsonLoader", description="JSON files that land under orders/ are loaded into PostgreSQL, each exactly once"
)
app.synth()

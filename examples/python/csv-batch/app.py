from aws_cdk import App, CfnOutput, Duration, Stack, TimeZone
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk.aws_scheduler import ScheduleExpression
from cdk_fileworks import (
    BatchProcessor,
    ChunkedBatchWorkflow,
    FileIngestBucket,
    PipelineAlarms,
    PipelineDashboard,
    PipelineStage,
)
from constructs import Construct


class CsvBatchStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)

        # You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
        network = {"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC), "assign_public_ip": True}

        inbox = FileIngestBucket(self, "Inbox")
        clean = s3.Bucket(
            self,
            "Clean",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
        )

        # every night, and when <prefix>incoming/_READY arrives: clean rows as JSON Lines, and a file of rejected rows
        image = ecs.ContainerImage.from_asset("../../worker/csv-batch")
        orders = ChunkedBatchWorkflow(
            self,
            "Orders",
            bucket=inbox.bucket,
            prefixes=["orders/", "returns/"],
            processor=BatchProcessor.fargate_task(
                cluster=cluster, image=image, environment={"CLEAN_BUCKET": clean.bucket_name}, **network
            ),
            max_files_per_batch=50,
            tolerated_failure_percentage=5,
            schedule=ScheduleExpression.cron(hour="2", minute="0", time_zone=TimeZone.ETC_UTC),
            marker_source=inbox,
        )
        # A marker arrives every night; two hours later than that, something is wrong with its source
        inbox.expect_files(every=Duration.hours(26))
        orders.grant_store_results(clean, "clean/")
        orders.grant_store_results(clean, "rejects/")

        # the same image with another program: clean rows go into a table of your PostgreSQL database
        database_url = secretsmanager.Secret(self, "DatabaseUrl", description="postgres://user:password@host/database")
        history = ChunkedBatchWorkflow(
            self,
            "History",
            bucket=inbox.bucket,
            prefixes=["history/"],
            processor=BatchProcessor.fargate_task(
                cluster=cluster,
                image=image,
                command=["node", "to-database.ts"],
                environment={"CLEAN_BUCKET": clean.bucket_name},
                secrets={"DATABASE_URL": ecs.Secret.from_secrets_manager(database_url)},
                **network,
            ),
            max_files_per_batch=50,
            # limited by the connections of the database, two for each batch
            max_concurrency=5,
        )
        history.grant_store_results(clean, "rejects/")

        # Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
        alarms = sns.Topic(self, "Alarms", enforce_ssl=True)
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alarms))
        PipelineDashboard(self, "Dashboard", stages=[PipelineStage.batch(orders), PipelineStage.batch(history)])

        CfnOutput(self, "InboxBucket", value=inbox.bucket.bucket_name)
        CfnOutput(self, "CleanBucket", value=clean.bucket_name)
        CfnOutput(self, "DatabaseUrlSecret", value=database_url.secret_arn)
        CfnOutput(self, "OrdersMachine", value=orders.state_machine.state_machine_arn)
        CfnOutput(self, "HistoryMachine", value=history.state_machine.state_machine_arn)
        CfnOutput(self, "OrdersResults", value=orders.result_bucket.bucket_name)
        CfnOutput(self, "AlarmsTopic", value=alarms.topic_arn)


app = App()
CsvBatchStack(app, "CsvBatch", description="CSV files below a prefix, validated in parallel batches into S3 or PostgreSQL")
app.synth()

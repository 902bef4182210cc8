from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from cdk_fileworks import (
    ExportOrchestrator,
    PipelineAlarms,
    PipelineDashboard,
    PipelineStage,
    PostProcessing,
    QueueScaledFargateWorkerOptions,
    TaskLifecycleAlerts,
)
from constructs import Construct


class ExportServiceStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)

        # You provide the network and the cluster. The downloader's scaling needs Container Insights.
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )

        # Store the token of your API in it. The program reads a new token without a restart.
        token = secretsmanager.Secret(self, "ApiToken", description="Bearer token of the Export API")

        # Alerts of failed tasks and alarms go to the same topic.
        alerts = TaskLifecycleAlerts(self, "Alerts", clusters=[cluster], expected_exit_codes=[143])
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alerts.topic))

        # Consumers of the results receive the events of completed jobs from this queue.
        completed = sqs.Queue(
            self,
            "Completed",
            enforce_ssl=True,
            retention_period=Duration.days(7),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=sqs.Queue(self, "CompletedDeadLetters", enforce_ssl=True, retention_period=Duration.days(14)),
                max_receive_count=5,
            ),
        )

        network = QueueScaledFargateWorkerOptions(
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC), assign_public_ip=True
        )
        exporter = ExportOrchestrator(
            self,
            "Exports",
            cluster=cluster,
            image=ecs.ContainerImage.from_asset("../../worker/export-service"),
            api_url="https://export-api.example.com/",
            api_secret=token,
            api_requests_per_second=100,
            output_prefix="exports/",
            priority_queues=True,
            post_processing=PostProcessing.queue(completed),
            orchestrator=network,
            downloader=network,
        )

        PipelineDashboard(
            self,
            "Dashboard",
            stages=[
                PipelineStage.exports(exporter),
                PipelineStage.worker(exporter.orchestrator),
                PipelineStage.worker(exporter.downloader),
                PipelineStage.alerts(alerts),
            ],
        )

        CfnOutput(self, "ExportQueue", value=exporter.export_queue.queue_url)
        CfnOutput(self, "HighPriorityExportQueue", value=exporter.orchestrator.additional_queues["High"].queue.queue_url)
        CfnOutput(self, "LowPriorityExportQueue", value=exporter.orchestrator.additional_queues["Low"].queue.queue_url)
        CfnOutput(self, "DownloadQueue", value=exporter.download_queue.queue_url)
        CfnOutput(self, "CompletedQueue", value=completed.queue_url)
        CfnOutput(self, "JobTable", value=exporter.job_table.table_name)
        CfnOutput(self, "MetadataTable", value=exporter.metadata_table.table_name)
        CfnOutput(self, "OutputBucket", value=exporter.output_bucket.bucket_name)
        CfnOutput(self, "ApiTokenSecret", value=token.secret_arn)
        CfnOutput(self, "AlertsTopic", value=alerts.topic.topic_arn)


app = App()
ExportServiceStack(
    app,
    "ExportService",
    description="Export jobs of an API: read page by page, downloaded, checked against metadata, stored",
)
app.synth()

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_scheduler import ScheduleExpression
from cdk_fileworks import (
    FileIngestBucket,
    IngestTarget,
    ObjectFargateTask,
    PipelineAlarms,
    ScheduledFargateJob,
    TaskLifecycleAlerts,
)
from constructs import Construct


class ObjectTasksStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)

        # You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
        network = {"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC), "assign_public_ip": True}

        results = s3.Bucket(
            self,
            "Results",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
        )

        # a task for each file, on Spot, restarted after an interruption
        image = ecs.ContainerImage.from_asset("../../worker/object-tasks")
        summarizer = ObjectFargateTask(
            self,
            "Summarizer",
            cluster=cluster,
            image=image,
            cpu=256,
            memory_limit_mib=512,
            retries=1,
            environment={"RESULTS_BUCKET": results.bucket_name},
            **network,
        )
        summarizer.grant_store_results(results, "summaries/")

        ingest = FileIngestBucket(self, "Ingest")
        ingest.add_route("Records", prefixes=["in/"], suffixes=[".jsonl"], target=IngestTarget.fargate_task(summarizer))
        # Records arrive around the clock: an alarm if none did for ten minutes. Choose the longest regular gap of yours.
        ingest.expect_files(every=Duration.minutes(10))

        # the same image with another program: an hourly report
        report = ScheduledFargateJob(
            self,
            "Report",
            cluster=cluster,
            image=image,
            command=["node", "report.ts"],
            cpu=256,
            memory_limit_mib=512,
            schedule=ScheduleExpression.rate(Duration.hours(1)),
            environment={"RESULTS_BUCKET": results.bucket_name},
            **network,
        )
        principal = report.grant_principal
        principal.add_to_principal_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[results.bucket_arn]))
        principal.add_to_principal_policy(iam.PolicyStatement(actions=["s3:PutObject"], resources=[results.arn_for_objects("reports/latest.json")]))

        # Alerts of failed tasks and alarms go to the same topic.
        alerts = TaskLifecycleAlerts(self, "Alerts", clusters=[cluster])
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alerts.topic))

        CfnOutput(self, "IncomingBucket", value=ingest.bucket.bucket_name)
        CfnOutput(self, "ResultsBucket", value=results.bucket_name)
        CfnOutput(self, "DeadLetterQueueUrl", value=summarizer.dead_letter_queue.queue_url)
        CfnOutput(self, "ReportSchedule", value=report.schedule.schedule_name)
        CfnOutput(self, "AlertsTopicArn", value=alerts.topic.topic_arn)


app = App()
ObjectTasksStack(app, "ObjectTasks", description="A Fargate task for each file under in/, a report every hour, and alerts")
app.synth()

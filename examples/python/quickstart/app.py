from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_fileworks import FileIngestBucket, IngestTarget, PipelineAlarms, QueueScaledFargateWorker
from constructs import Construct


class QuickstartStack(Stack):
    def __init__(self, scope: Construct, id: str, **kwargs) -> None:
        super().__init__(scope, id, **kwargs)

        # You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)

        results = s3.Bucket(
            self,
            "Results",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
        )

        worker = QueueScaledFargateWorker(
            self,
            "Unpacker",
            cluster=cluster,
            image=ecs.ContainerImage.from_asset("../../worker/quickstart"),
            environment={"RESULTS_BUCKET": results.bucket_name},
            # the worker extends this while it works; after a crash, its files are redelivered after this time
            visibility_timeout=Duration.seconds(30),
            max_tasks=4,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            assign_public_ip=True,
        )
        worker.grant_store_results(results)

        ingest = FileIngestBucket(self, "Ingest")
        ingest.add_route(
            "Archives",
            prefixes=["incoming/"],
            suffixes=[".zip", ".whl"],
            target=IngestTarget.worker(worker),
        )

        # Every alarm of the pipeline notifies this topic; subscribe to it, for example with your e-mail address.
        alarms = sns.Topic(self, "Alarms", enforce_ssl=True)
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alarms))

        CfnOutput(self, "IncomingBucket", value=ingest.bucket.bucket_name)
        CfnOutput(self, "ResultsBucket", value=results.bucket_name)
        CfnOutput(self, "QueueUrl", value=worker.queue.queue_url)
        CfnOutput(self, "AlarmsTopic", value=alarms.topic_arn)


app = App()
QuickstartStack(app, "Quickstart", description="Archives that land under incoming/ are unpacked into a results bucket")
app.synth()

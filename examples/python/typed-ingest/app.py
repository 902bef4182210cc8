from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from cdk_fileworks import (
    DispatchTarget,
    FileIngestBucket,
    FileOrder,
    PipelineAlarms,
    SpotStrategy,
    TaskLifecycleAlerts,
    TypeConcurrency,
    TypedDispatcher,
)
from constructs import Construct


class TypedIngestStack(Stack):
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

        # The history of each customer's files, in order. The worker appends to it.
        history = dynamodb.Table(
            self,
            "History",
            partition_key=dynamodb.Attribute(name="customer", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="position", type=dynamodb.AttributeType.NUMBER),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
        )

        task_definition = ecs.FargateTaskDefinition(self, "Task", cpu=256, memory_limit_mib=512)
        task_definition.add_container(
            "File",
            image=ecs.ContainerImage.from_asset("../../worker/typed-ingest"),
            environment={"HISTORY_TABLE": history.table_name, "RESULTS_BUCKET": results.bucket_name},
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="file",
                log_group=logs.LogGroup(self, "Log", retention=logs.RetentionDays.ONE_MONTH),
            ),
            stop_timeout=Duration.seconds(30),  # a task that Spot reclaims releases its file at once
        )
        history.grant(task_definition.task_role, "dynamodb:Query", "dynamodb:PutItem")

        # Alerts of failed tasks and alarms go to the same topic. Exit code 75 means that another task has the file.
        alerts = TaskLifecycleAlerts(self, "Alerts", clusters=[cluster], expected_exit_codes=[75, 143])
        PipelineAlarms.of(self).notify(cloudwatch_actions.SnsAction(alerts.topic))

        inbox = FileIngestBucket(self, "Inbox")
        dispatcher = TypedDispatcher(self, "Dispatcher")
        dispatcher.add_bucket("Inbox", inbox, "incoming/")

        target = DispatchTarget.ecs_task(
            cluster=cluster,
            task_definition=task_definition,
            capacity=SpotStrategy.spot_only(),
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            assign_public_ip=True,
        )
        dispatcher.add_type(
            "A",
            keys=["incoming/a/{customer}/{number}.*"],
            concurrency=TypeConcurrency.sequential_per("customer"),
            order=FileOrder.by_key_part("number"),
            settle=Duration.seconds(30),  # events can arrive out of order: wait for smaller numbers
            retry_delay=Duration.seconds(5),
            hang_timeout=Duration.minutes(1),
            target=target,
        )
        dispatcher.add_type(
            "B",
            keys=["incoming/b/**"],
            concurrency=TypeConcurrency.parallel_up_to(4),
            retry_delay=Duration.seconds(5),
            hang_timeout=Duration.minutes(1),
            target=target,
        )
        dispatcher.add_type(
            "C",
            keys=["incoming/c/**"],
            concurrency=TypeConcurrency.parallel(),
            retry_delay=Duration.seconds(5),
            hang_timeout=Duration.minutes(1),
            target=target,
        )
        dispatcher.grant_store_results(results)

        CfnOutput(self, "IncomingBucket", value=inbox.bucket.bucket_name)
        CfnOutput(self, "ResultsBucket", value=results.bucket_name)
        CfnOutput(self, "HistoryTable", value=history.table_name)
        CfnOutput(self, "StateTable", value=dispatcher.state_table.table_name)
        CfnOutput(self, "OperatorFunction", value=dispatcher.operator_function.function_name)
        CfnOutput(self, "AlertsTopic", value=alerts.topic.topic_arn)


app = App()
TypedIngestStack(
    app,
    "TypedIngest",
    description="Files under incoming/ start tasks by type: in order for each customer, or in parallel",
)
app.synth()

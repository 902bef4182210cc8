package com.example;

import io.github.fileworks.cdk.DispatchTarget;
import io.github.fileworks.cdk.DispatchTypeOptions;
import io.github.fileworks.cdk.EcsTaskTargetOptions;
import io.github.fileworks.cdk.FileIngestBucket;
import io.github.fileworks.cdk.FileOrder;
import io.github.fileworks.cdk.PipelineAlarms;
import io.github.fileworks.cdk.SpotStrategy;
import io.github.fileworks.cdk.TaskLifecycleAlerts;
import io.github.fileworks.cdk.TypeConcurrency;
import io.github.fileworks.cdk.TypedDispatcher;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.cloudwatch.actions.SnsAction;
import software.amazon.awscdk.services.dynamodb.Attribute;
import software.amazon.awscdk.services.dynamodb.AttributeType;
import software.amazon.awscdk.services.dynamodb.BillingMode;
import software.amazon.awscdk.services.dynamodb.PointInTimeRecoverySpecification;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.ec2.SubnetSelection;
import software.amazon.awscdk.services.ec2.SubnetType;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ecs.AwsLogDriverProps;
import software.amazon.awscdk.services.ecs.Cluster;
import software.amazon.awscdk.services.ecs.ContainerDefinitionOptions;
import software.amazon.awscdk.services.ecs.ContainerImage;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.amazon.awscdk.services.ecs.LogDrivers;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.amazon.awscdk.services.s3.BlockPublicAccess;
import software.amazon.awscdk.services.s3.Bucket;
import software.constructs.Construct;

public final class TypedIngestStack extends Stack {
    public TypedIngestStack(final Construct scope, final String id, final StackProps props) {
        super(scope, id, props);

        // You provide the network and the cluster. Public subnets without a NAT gateway cost nothing while no task runs.
        Vpc vpc = Vpc.Builder.create(this, "Vpc").maxAzs(2).natGateways(0).build();
        Cluster cluster = Cluster.Builder.create(this, "Cluster").vpc(vpc).enableFargateCapacityProviders(true).build();

        Bucket results = Bucket.Builder.create(this, "Results")
                .blockPublicAccess(BlockPublicAccess.BLOCK_ALL)
                .enforceSsl(true)
                .versioned(true)
                .build();

        // The history of each customer's files, in order. The worker appends to it.
        Table history = Table.Builder.create(this, "History")
                .partitionKey(Attribute.builder().name("customer").type(AttributeType.STRING).build())
                .sortKey(Attribute.builder().name("position").type(AttributeType.NUMBER).build())
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .pointInTimeRecoverySpecification(PointInTimeRecoverySpecification.builder().pointInTimeRecoveryEnabled(true).build())
                .build();

        FargateTaskDefinition taskDefinition = FargateTaskDefinition.Builder.create(this, "Task").cpu(256).memoryLimitMiB(512).build();
        taskDefinition.addContainer("File", ContainerDefinitionOptions.builder()
                .image(ContainerImage.fromAsset("../../worker/typed-ingest"))
                // The order of Map.of differs in each run, and so would the template
                .environment(new TreeMap<>(Map.of("HISTORY_TABLE", history.getTableName(), "RESULTS_BUCKET", results.getBucketName())))
                .logging(LogDrivers.awsLogs(AwsLogDriverProps.builder()
                        .streamPrefix("file")
                        .logGroup(LogGroup.Builder.create(this, "Log").retention(RetentionDays.ONE_MONTH).build())
                        .build()))
                .stopTimeout(Duration.seconds(30)) // a task that Spot reclaims releases its file at once
                .build());
        history.grant(taskDefinition.getTaskRole(), "dynamodb:Query", "dynamodb:PutItem");

        // Alerts of failed tasks and alarms go to the same topic. Exit code 75 means that another task has the file.
        TaskLifecycleAlerts alerts = TaskLifecycleAlerts.Builder.create(this, "Alerts")
                .clusters(List.of(cluster))
                .expectedExitCodes(List.of(75, 143))
                .build();
        PipelineAlarms.of(this).notify(new SnsAction(alerts.getTopic()));

        FileIngestBucket inbox = new FileIngestBucket(this, "Inbox");
        TypedDispatcher dispatcher = new TypedDispatcher(this, "Dispatcher");
        dispatcher.addBucket("Inbox", inbox, "incoming/");

        DispatchTarget target = DispatchTarget.ecsTask(EcsTaskTargetOptions.builder()
                .cluster(cluster)
                .taskDefinition(taskDefinition)
                .capacity(SpotStrategy.spotOnly())
                .vpcSubnets(SubnetSelection.builder().subnetType(SubnetType.PUBLIC).build())
                .assignPublicIp(true)
                .build());
        dispatcher.addType("A", DispatchTypeOptions.builder()
                .keys(List.of("incoming/a/{customer}/{number}.*"))
                .concurrency(TypeConcurrency.sequentialPer("customer"))
                .order(FileOrder.byKeyPart("number"))
                .settle(Duration.seconds(30)) // events can arrive out of order: wait for smaller numbers
                .retryDelay(Duration.seconds(5))
                .hangTimeout(Duration.minutes(1))
                .target(target)
                .build());
        dispatcher.addType("B", DispatchTypeOptions.builder()
                .keys(List.of("incoming/b/**"))
                .concurrency(TypeConcurrency.parallelUpTo(4))
                .retryDelay(Duration.seconds(5))
                .hangTimeout(Duration.minutes(1))
                .target(target)
                .build());
        dispatcher.addType("C", DispatchTypeOptions.builder()
                .keys(List.of("incoming/c/**"))
                .concurrency(TypeConcurrency.parallel())
                .retryDelay(Duration.seconds(5))
                .hangTimeout(Duration.minutes(1))
                .target(target)
                .build());
        dispatcher.grantStoreResults(results);

        CfnOutput.Builder.create(this, "IncomingBucket").value(inbox.getBucket().getBucketName()).build();
        CfnOutput.Builder.create(this, "ResultsBucket").value(results.getBucketName()).build();
        CfnOutput.Builder.create(this, "HistoryTable").value(history.getTableName()).build();
        CfnOutput.Builder.create(this, "StateTable").value(dispatcher.getStateTable().getTableName()).build();
        CfnOutput.Builder.create(this, "OperatorFunction").value(dispatcher.getOperatorFunction().getFunctionName()).build();
        CfnOutput.Builder.create(this, "AlertsTopic").value(alerts.getTopic().getTopicArn()).build();
    }
}
